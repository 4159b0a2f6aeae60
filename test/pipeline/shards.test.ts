/** The audits of all shards, merged, are the audit of all hosts; with a shard missing, its hosts count as not judged. */
import { describe, expect, it, vi } from 'vitest';
import { createCluster } from '../../src/cluster/cluster.js';
import type { Gateway } from '../../src/cluster/gateway.js';
import type { Host } from '../../src/inventory/host.js';
import { describeShard, hostsOfShard } from '../../src/inventory/shard.js';
import { fail, ok } from '../../src/lib/result.js';
import { audit } from '../../src/pipeline/audit.js';
import type { Run } from '../../src/pipeline/context.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import { documentOf } from '../../src/report/document.js';
import { exitCodeOf } from '../../src/report/exit-code.js';
import { formatted } from '../../src/report/formats.js';
import { type ShardAudit, asShard } from '../../src/report/merge-shards.js';
import { mergeResults } from '../../src/report/merge.js';
import type { AuditResult, Result } from '../../src/report/model.js';
import { readResult } from '../../src/report/read-result.js';
import { plainStyle } from '../../src/report/style.js';
import type { Connector } from '../../src/ssh/connect.js';
import { FakeSession } from '../fake/fake-session.js';
import { probeAnswer } from '../nodes/recorded-node.js';
import { expectConforms } from '../report/conforms.js';
import { directExaminer } from './direct-examiner.js';

let gateway: Gateway | undefined;
vi.mock(import('../../src/pipeline/open-cluster.js'), async (original) => ({
  ...(await original()),
  reachCluster: () =>
    Promise.resolve(gateway === undefined ? fail('--no-cluster was given') : ok(createCluster(gateway))),
}));

const recorded = [
  'kubeadm-weak',
  'kubeadm-hardened',
  'rke2-server-1.33',
  'k3s-agent-1.31-exec-args',
  'systemd-flags-only',
];
/** Every fourth does not say in the inventory which Node it is; the ninth does not answer. */
const hosts = Array.from({ length: 11 }, (_, at) => ({
  ...{ name: `n${at}`, role: 'worker', group: 'g', address: `10.0.0.${at}`, ssh: { become: 'sudo' } },
  nodeName: at % 4 === 0 ? undefined : `node${at}`,
})) as unknown as readonly Host[];

const nodeObject = (name: string, address: string) => ({
  metadata: { name, labels: {} },
  status: { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: 'True' }] },
});
const kubeletConfig = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 10255\n';

/** Every list is there; one Node is in no inventory, and a ServiceAccount may use nodes/proxy. */
function clusterOf(extra: readonly string[]): Gateway {
  const nodes = [
    ...hosts.map(({ address }, at) => nodeObject(`node${at}`, address)),
    ...extra.map((name) => nodeObject(name, '10.9.9.9')),
  ];
  const lists: readonly (readonly [RegExp, readonly unknown[]])[] = [
    [/\/nodes\b/, nodes],
    [/\/daemonsets/, [{ metadata: { name: 'cilium', namespace: 'kube-system' } }]],
    [
      /\/clusterroles\b/,
      [{ metadata: { name: 'scrape' }, rules: [{ apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] }] }],
    ],
    [
      /\/clusterrolebindings/,
      [
        {
          metadata: { name: 'scrape' },
          roleRef: { kind: 'ClusterRole', name: 'scrape' },
          subjects: [{ kind: 'ServiceAccount', name: 'prometheus', namespace: 'monitoring' }],
        },
      ],
    ],
  ];
  return {
    get(path) {
      if (path === '/apis') return Promise.resolve(ok({ groups: [] }));
      if (path.includes('/proxy/')) return Promise.resolve(ok({ kubeletconfig: {} }));
      if (path.endsWith('/cilium-config')) return Promise.resolve(ok({ data: {} }));
      if (path.includes('/configmaps/')) return Promise.resolve(ok({ metadata: {}, data: { kubelet: kubeletConfig } }));
      return Promise.resolve(ok({ items: lists.find(([pattern]) => pattern.test(path))?.[1] ?? [] }));
    },
    send: () => Promise.resolve(fail({ kind: 'refused', status: 403, message: 'HTTP 403' })),
    kubectl: () => Promise.reject(new Error('an audit runs no kubectl')),
    close: () => Promise.resolve(),
  };
}

const unasked = { kind: 'timeout', message: 'no answer', hint: 'try again' } as const;
const connect = ({ name }: Host) => {
  const at = Number(name.slice(1));
  if (at === 9) return Promise.resolve(fail({ ...unasked, kind: 'refused' }));
  const answer = probeAnswer(recorded[at % recorded.length] ?? '');
  return Promise.resolve(ok(new FakeSession().onRun(() => true, answer).onOpen(() => true, { error: unasked })));
};
const inventory = { path: 'i.yaml', cluster: { name: 'c' }, hosts };

async function audited(selected: readonly Host[]): Promise<AuditResult> {
  return audit({
    ...{ version: '0', examiner: directExaminer, forks: 4, timeout: 1000, inventory, hosts: selected },
    playbooks: [await loadPlaybook('baseline'), await loadPlaybook('tls')],
    connector: { connect } as unknown as Connector,
    clusterChoice: { use: true, kubectl: 'kubectl' },
    report: () => undefined,
  } as unknown as Run);
}

async function shards(count: number): Promise<ShardAudit[]> {
  const all: ShardAudit[] = [];
  for (let index = 1; index <= count; index += 1) {
    const number = { index, count };
    const part = await audited(hostsOfShard(hosts, number));
    all.push(asShard(part, describeShard(inventory, hosts, number)));
  }
  return all;
}

const saved = (result: Result): Result => {
  const text = formatted('json', result, { text: { width: 80, style: plainStyle }, time: '' });
  expectConforms(text);
  return readResult(text) as Result;
};
const head = { schemaVersion: 1, tool: 'kubelatch', version: '0' } as const;
const merged = (given: readonly Result[]) => {
  const { results, conflicts } = mergeResults(
    given.map((one, at) => ({ name: `${at}.json`, result: saved(one) })),
    head,
  );
  expect(results).toHaveLength(1);
  return { result: results[0] as AuditResult, conflicts };
};

/** Without times, and what has no order in one order. */
function comparable(result: AuditResult) {
  const rest = documentOf(saved({ ...result, startedAt: '', finishedAt: '' })) as unknown as AuditResult;
  const key = (one: object): string => JSON.stringify(one);
  const clusterFindings = rest.clusterFindings
    .map((one) => ({ ...one, evidence: one.evidence.toSorted() }))
    .toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
  return { ...rest, playbooks: rest.playbooks.toSorted(), clusterFindings };
}

describe('merged, all shards are the audit without --shard', () => {
  it.each([
    ['with an API server that knows a Node more', clusterOf(['stray']), 3],
    ['with an API server that knows no other Node', clusterOf([]), 3],
    ['in shards of which some have no host', clusterOf(['stray']), 20],
    ['without the API server', undefined, 3],
  ])('%s', async (_name, api, count) => {
    gateway = api;
    const whole = await audited(hosts);
    const { result, conflicts } = merged(await shards(count));
    expect(conflicts).toEqual([]);
    expect(comparable(result)).toEqual(comparable(whole));
    expect(whole.summary).toMatchObject({ hosts: 11, judged: 10 });
    if (api !== undefined) expect(whole.clusterFindings.length).toBeGreaterThan(3);
  });
});

describe('a shard that is missing', () => {
  it('is named, and its hosts were not judged', async () => {
    gateway = clusterOf([]);
    const [first, second, third] = await shards(3);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three shards');
    const { result, conflicts } = merged([third, first]);
    expect(conflicts).toEqual([expect.stringMatching(/^Shard 2 of 3 is missing\. Not audited: n/)]);
    expect(result.notes).toEqual(conflicts);
    const missing = result.hosts.filter(({ error }) => error?.kind === 'not-audited');
    expect(missing.map(({ host }) => host)).toEqual(second.hosts.map(({ host }) => host));
    expect(result.summary.hosts).toBe(11);
    expect(missing[0]?.error?.message).toBe('shard 2 of 3 is missing; this host was not audited');
    expect(missing[0]?.error?.hint).toContain('--shard 2/3');
    expect(exitCodeOf(result)).toBe(3);
  });

  it('is named for one shard alone, too, which says in its own result what it is', async () => {
    gateway = undefined;
    const [first] = await shards(3);
    if (first === undefined) throw new Error('a shard');
    expect(documentOf(first)).toMatchObject({ shard: { index: 1, count: 3, hosts: hosts.map(({ name }) => name) } });
    expect(first.notes[0]).toMatch(/^shard 1 of 3: \d+ of 11 selected hosts/);
    const { result, conflicts } = merged([first]);
    expect(conflicts).toEqual([expect.stringContaining('Shards 2 and 3 of 3 are missing')]);
    expect(result.hosts).toHaveLength(11);
  });
});
