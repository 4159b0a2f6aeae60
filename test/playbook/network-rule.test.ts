/** Rules about who reaches a kubelet: read from a playbook, judged on a node, planned and bound to it. */
import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { FileFact, NodeFacts, UnitFact } from '../../src/facts/node-facts.js';
import { filterPath, nftPath } from '../../src/filter/packet-filter.js';
import { mismatch } from '../../src/plan/bound-plan.js';
import { type Planned, completePlan, planHost } from '../../src/plan/host-plan.js';
import { assess } from '../../src/playbook/assess.js';
import { parsePlaybook } from '../../src/playbook/load.js';
import { guardTexts } from '../../src/playbook/network-rule.js';
import type { NetworkGuard, Playbook } from '../../src/playbook/schema.js';
import { readNode } from '../nodes/recorded-node.js';
import { factsOf, fileOf, processOf, startedAt, unitOf } from '../nodes/facts-of.js';

const head = 'apiVersion: kubelatch.dev/v1\nkind: Playbook\nmetadata: {name: t, title: t}\nrules:\n';
const playbookOf = (...rules: string[]): Playbook =>
  parsePlaybook(
    't.yaml',
    head + rules.map((rule, n) => `  - {id: r${n}, title: t, severity: low, why: w, ${rule}}\n`).join(''),
  );
const filter = 'packetFilter: {podNetworks: [10.244.0.0/16]}';
const list = 'addressList: {apiServer: [192.0.2.1], nodes: [192.0.2.0/24], podNetworks: [10.244.0.0/16]}';
const guardOf = (rule: string): NetworkGuard => {
  const [first] = playbookOf(rule).rules;
  if (first?.kind !== 'network') throw new Error('no network rule');
  return first.guard;
};

const unitPath = '/etc/systemd/system/kubelet.service';
const argv = ['/usr/bin/kubelet', '--config=/c.yaml'];
const config = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const nodeWith = (
  texts: Readonly<Record<string, string>>,
  over: Partial<NodeFacts> = {},
  unit: Partial<UnitFact> = {},
) => {
  const facts = factsOf(
    { [unitPath]: `[Service]\nExecStart=${argv.join(' ')}\n`, '/c.yaml': config, [nftPath]: 'nft', ...texts },
    { processes: [processOf(argv)], ...over },
  );
  const [own = unitOf()] = facts.units;
  return { ...facts, units: [{ ...own, ...unit }] };
};
const guarded = (rule: string): Readonly<Record<string, string>> =>
  Object.fromEntries(guardTexts(guardOf(rule), 'kubelet.service').map(({ path, text }) => [path, text]));
const viewOf = (facts: NodeFacts) => {
  const detected = detectDistro(facts);
  if (detected === undefined) throw new Error('no kubelet');
  return {
    distro: detected.distro,
    view: { facts, setup: detected.setup, configz: undefined, kubeletVersion: undefined },
  };
};
const judged = (rule: string, facts: NodeFacts): string => {
  const [finding] = assess(viewOf(facts).view, playbookOf(rule));
  return `${finding?.status} ${String(finding?.got)}`;
};
/** A recorded node that may be changed, with nft, and with these files. */
const weak = (texts: Readonly<Record<string, string>>, over: Partial<NodeFacts> = {}): NodeFacts => {
  const { facts } = readNode('kubeadm-weak');
  const files = new Map<string, FileFact>([...facts.files, [nftPath, fileOf(nftPath, 'nft')]]);
  for (const [path, text] of Object.entries(texts)) files.set(path, fileOf(path, text));
  const inUse = Object.keys(texts).filter((path) => path.endsWith('.conf'));
  const units = facts.units.map((unit) =>
    unit.name === 'kubelet.service' ? { ...unit, dropInPaths: [...unit.dropInPaths, ...inUse] } : unit,
  );
  return { ...facts, units, files, ...over };
};
const planned = (facts: NodeFacts, ...rules: string[]): Planned => {
  const { view, distro } = viewOf(facts);
  const host = { host: 'n1', nodeName: 'n1', role: 'worker' } as const;
  return completePlan(
    planHost(host, view, distro, [playbookOf(...rules)], { moveArguments: false, acceptPendingEdits: true }),
    {
      clientCertificates: [],
      clusterCa: undefined,
    },
  );
};
const planOf = (outcome: Planned) => {
  if ('refused' in outcome) throw new Error(outcome.refused.reason);
  return outcome.plan;
};

describe('in a playbook', () => {
  it.each([
    ['packetFilter: {podNetworks: []}', 'rules[0].packetFilter.podNetworks'],
    ['packetFilter: {podNetworks: [pods]}', 'is no network'],
    ['packetFilter: {podNetworks: ["10.0.0.0/8; drop"]}', 'is no network'],
    ['packetFilter: {podNetworks: [10.0.0.0/8], ports: [0]}', 'ports'],
    ['packetFilter: {podNetworks: [10.0.0.0/8], allow: [monitoring]}', 'neither an address nor a network'],
    ['addressList: {apiServer: [192.0.2.1], podNetworks: [10.0.0.0/8]}', 'nodes'],
    [`${filter}, want: {equals: 1}`, 'belongs in a rule with setting'],
    [`${filter}, ${list}`, 'only one of them'],
  ])('%s is refused with its line', (rule, message) => {
    expect(() => playbookOf(rule)).toThrow(message);
    expect(() => playbookOf(rule)).toThrow('t.yaml:5');
  });
});

describe('a packet filter', () => {
  it.each([
    ['fail no such file', {}, undefined],
    ['fail no such file', { [filterPath]: guarded(filter)[filterPath] ?? '' }, 'same'],
    ['fail other content', { ...guarded(filter), [filterPath]: 'table inet other\n' }, 'same'],
    ['fail no table', guarded(filter), 'missing'],
    ['fail another table', guarded(filter), 'different'],
    ['unknown unknown', guarded(filter), 'unable'],
    ['unknown unknown', guarded(filter), undefined],
    ['pass in effect', guarded(filter), 'same'],
  ] as const)('is judged %s', (verdict, texts, packetFilter) => {
    expect(judged(filter, nodeWith(texts, { packetFilter }))).toBe(verdict);
  });

  it('does not pass before the kubelet was restarted, or where its file cannot be read', () => {
    const [path = '', text = ''] = Object.entries(guarded(filter))[1] ?? [];
    const node = nodeWith(guarded(filter), { packetFilter: 'same' });
    const files = new Map<string, FileFact>(node.files);
    const late = { ...node, files: files.set(path, fileOf(path, text, { mtime: startedAt + 60 })) };
    expect(judged(filter, late)).toBe('unknown in effect');
    const unread = {
      ...node,
      files: new Map(node.files).set(path, { kind: 'unreadable', path, reason: 'x' } as const),
    };
    expect(judged(filter, unread)).toBe('unknown unread');
  });

  it('is planned with its drop-in, shown whole, and for the gate', () => {
    const plan = planOf(planned(weak({}), filter));
    expect(plan).toMatchObject({ restart: true, reload: true, guards: ['packet-filter'], fixes: ['r0'] });
    expect(plan.edits.map(({ path, action, after }) => [path, action, after.mode])).toEqual([
      [filterPath, 'create', '0644'],
      ['/etc/systemd/system/kubelet.service.d/zz-kubelatch-filter.conf', 'create', '0644'],
    ]);
    expect(plan.edits.map(({ diff }) => diff).join('')).not.toContain('***');
    const { view, distro } = viewOf(weak({}));
    const editable = distro.editable(view.facts, view.setup);
    expect(mismatch(plan, view, editable)).toBeUndefined();
    expect(mismatch({ ...plan, guards: [] }, view, editable)?.reason).toContain('packet-filter');
  });

  it('that is only not loaded needs a restart and no edit', () => {
    const plan = planOf(planned(weak(guarded(filter), { packetFilter: 'missing' }), filter));
    expect(plan).toMatchObject({ edits: [], restart: true, guards: ['packet-filter'] });
    const fine = planOf(planned(weak(guarded(filter), { packetFilter: 'same' }), filter));
    expect(fine).toMatchObject({ edits: [], restart: false });
  });

  it('is left out where nft is not on the node, and refused where two rules differ', () => {
    const bare = weak({});
    const without = { ...bare, files: new Map([...bare.files].filter(([path]) => path !== nftPath)) };
    expect(planned(without, filter)).toMatchObject({ refused: { reason: expect.stringContaining(nftPath) as string } });
    const other = 'packetFilter: {podNetworks: [10.9.0.0/16]}';
    expect(planned(bare, filter, other)).toMatchObject({
      refused: { reason: expect.stringContaining('r0') as string },
    });
  });
});

describe('an address list', () => {
  it.each([
    ['fail no such file', {}, {}],
    ['pass in effect', guarded(list), { filtersAddresses: true }],
    ['fail not in effect', guarded(list), { filtersAddresses: false }],
    ['unknown unknown', guarded(list), {}],
  ] as const)('is judged %s', (verdict, texts, unit) => {
    expect(judged(list, nodeWith(texts, {}, unit))).toBe(verdict);
  });

  it('is planned with every address', () => {
    const plan = planOf(planned(weak({}), list));
    expect(plan.guards).toEqual(['address-list']);
    expect(plan.edits[0]?.text).toContain('IPAddressAllow=192.0.2.0/24\n');
    expect(plan.edits[0]?.diff).not.toContain('***');
  });

  it.each(['k3s-agent-1.33-kubelet-arg+', 'k3s-server-1.33', 'rke2-server-1.33'])(
    'is left out on %s, whose unit runs more than a kubelet',
    (name) => {
      const outcome = planned(readNode(name).facts, list);
      expect(outcome).toMatchObject({ refused: { reason: expect.stringContaining('other programs') as string } });
    },
  );
});
