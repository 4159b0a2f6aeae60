/** What stays failing or unknown after a plan: only that, and each with a reason and a next step. */
import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { Host } from '../../src/inventory/host.js';
import { draftFor, settled } from '../../src/pipeline/judge.js';
import { loadPlaybook, parsePlaybook } from '../../src/playbook/load.js';
import type { NodeView } from '../../src/playbook/assess.js';
import type { Playbook } from '../../src/playbook/schema.js';
import { planText } from '../../src/report/plan-text.js';
import { plainStyle } from '../../src/report/style.js';
import type { HostPlanned } from '../../src/report/model.js';
import { readNode, recordedNodes } from '../nodes/recorded-node.js';
import { hostPlanned, planResult } from '../report/samples.js';

const host = { name: 'n1', nodeName: 'n1', role: 'worker', address: '10.0.0.1', ssh: { jump: [] } } as unknown as Host;
const options = { moveArguments: false, acceptPendingEdits: false };
const evidence = { clientCertificates: [], clusterCa: undefined };

function planned(name: string, playbooks: readonly Playbook[], over: Partial<NodeView> = {}): HostPlanned | undefined {
  const { facts, configz } = readNode(name);
  const detected = detectDistro(facts);
  if (detected === undefined) return undefined;
  const { distro, setup } = detected;
  const view = { facts, setup, configz, kubeletVersion: undefined, ...over };
  const node = { host, nodeName: 'n1', standing: 'ready', distro, view, notes: [] } as const;
  return settled(draftFor(node, playbooks, options), evidence);
}

const rulesOf = (of: HostPlanned | undefined): string[] => (of?.unfixed ?? []).map(({ rule }) => rule);

const mine = (rule: string): Playbook =>
  parsePlaybook(
    'mine',
    `apiVersion: kubelatch.dev/v1\nkind: Playbook\nmetadata: { name: mine, title: Mine }\nrules:\n  - ${rule}\n`,
  );
const about = 'severity: high, title: A rule, why: because';

describe('each rule that a plan does not fix has its reason', () => {
  it.each([
    [
      'no value to write',
      `{ id: pods, ${about}, setting: maxPods, want: { equals: 17 } }`,
      { status: 'fail', reason: 'audit only: the playbook has no value to write' },
      /^set it by hand; .*kubelatch explain pods$/,
    ],
    [
      'a file that is only audited',
      `{ id: conf, ${about}, file: { path: kubelet-config, mode: { atMost: '0000' } }, fix: false }`,
      { status: 'fail', reason: 'audit only: the playbook leaves the mode and owner of this file' },
      /^set it by hand; /,
    ],
    [
      'a flag that kubelatch does not write',
      `{ id: flag, ${about}, setting: flags.root-dir, want: { equals: /srv } }`,
      { status: 'fail', reason: 'audit only: the playbook has no value to write' },
      /^set it by hand; /,
    ],
    [
      'a check for a person',
      `{ id: look, ${about}, manual: true, look: Is there a firewall? }`,
      { status: 'unknown', reason: 'only a person can judge it' },
      /^Is there a firewall\?$/,
    ],
  ])('%s', (_, rule, why, hint) => {
    const { unfixed } = planned('kubeadm-weak', [mine(rule)]) ?? {};
    expect(unfixed?.filter(({ rule: id }) => id !== 'declared-not-in-effect')).toEqual([
      expect.objectContaining({ severity: 'high', title: 'A rule', ...why }),
    ]);
    expect(unfixed?.[0]?.hint).toMatch(hint);
  });

  it('a rule that needs a step by hand first keeps its own reason', async () => {
    const k3s = await loadPlaybook('k3s-cis');
    const { facts } = readNode('k3s-server-1.33');
    const path = '/proc/sys/kernel/panic';
    const file = facts.files.get(path);
    if (file?.kind !== 'file') throw new Error('no kernel.panic');
    const weak = { ...facts, files: new Map(facts.files).set(path, { ...file, content: Buffer.from('0\n') }) };
    const { unfixed, plan } = planned('k3s-server-1.33', [k3s], { facts: weak }) ?? {};
    const skipped = plan?.skippedRules?.[0];
    expect(skipped?.rule).toBe('kernel-defaults');
    expect(unfixed?.find(({ rule }) => rule === 'kernel-defaults')).toMatchObject({
      status: 'fail',
      reason: skipped?.reason,
      hint: skipped?.hint,
    });
  });
});

it('an open port that the plan closes does not stay, one that it leaves open does', async () => {
  const answered = (port: number) =>
    ({
      port,
      answers: [{ from: 'node', host: '127.0.0.1', answer: { kind: 'status', status: 200 } }],
      listening: [],
    }) as const;
  const exposed = {
    listed: true,
    kubelet: [answered(10250)],
    readOnly: [answered(10255)],
  } as unknown as NodeView['exposed'];
  const left = (playbooks: readonly Playbook[]) => rulesOf(planned('kubeadm-weak', playbooks, { exposed }));
  expect(left([await loadPlaybook('baseline')])).toEqual([]);
  const nothing = left([mine(`{ id: pods, ${about}, setting: maxPods, want: { equals: 17 }, set: 17 }`)]);
  expect(nothing).toEqual(expect.arrayContaining(['anonymous-request-refused', 'read-only-port-closed']));
});

const builtin = await Promise.all(['baseline', 'cis-1.12', 'stig', 'tls'].map((one) => loadPlaybook(one)));

it.each(recordedNodes)('%s: what fails now is fixed or stays, and never both', (name) => {
  const now = planned(name, builtin);
  if (now?.plan === undefined) return;
  const failing = now.findings.filter(({ status }) => status === 'fail');
  const stays = (now.unfixed ?? []).filter(({ status }) => status === 'fail').map(({ rule }) => rule);
  for (const { rule, playbook } of failing) {
    // Lines without effect may be gone with the edits, which no rule of a playbook tells.
    if (playbook === 'kubelatch') continue;
    expect(stays.includes(rule), rule).toBe(!now.plan.fixes.includes(rule));
  }
  for (const { reason, hint } of now.unfixed ?? []) expect([reason === '', hint === '']).toEqual([false, false]);
});

it('each line without effect is told, also where two are about one setting', () => {
  const { unfixed } = planned('kubeadm-misspelt-key', builtin.slice(0, 1)) ?? {};
  const lines = (unfixed ?? []).filter(({ rule }) => rule === 'declared-not-in-effect');
  expect(lines.map(({ reason }) => reason.split(':')[0]).sort()).toEqual([
    'authentication.anonymous.enable',
    'authorization',
    'read-only-port',
    'readonlyport',
  ]);
});

it('is told with the hosts, the worst first, and not of refused hosts', () => {
  const one = {
    rule: 'event-qps',
    title: 'T',
    severity: 'low',
    status: 'fail',
    reason: 'audit only',
    hint: 'set it',
  } as const;
  const worse = { ...one, rule: 'tls-suites', severity: 'high' } as const;
  const unclear = { ...one, rule: 'look', status: 'unknown', reason: 'only a person can judge it' } as const;
  const hosts = [
    hostPlanned('n1', { unfixed: [one, worse, unclear] }),
    hostPlanned('n2', { unfixed: [one] }),
    hostPlanned('n3', { unfixed: [one], plan: undefined, refused: { reason: 'no', hint: 'do' } }),
  ];
  const text = planText(planResult(hosts), { width: 80, style: plainStyle });
  expect(text).toContain(
    [
      'Stays failing (2)',
      '  high  tls-suites: n1',
      '    audit only',
      '    next: set it',
      '  low  event-qps: n1,n2',
      '    audit only',
      '    next: set it',
      '',
      'Stays unknown (1)',
      '  low  look: n1',
      '    only a person can judge it',
      '    next: set it',
      '',
    ].join('\n'),
  );
});
