import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import type { Host } from '../../src/inventory/host.js';
import type { ClientCaEvidence } from '../../src/plan/client-ca.js';
import { readSavedPlan, writeSavedPlan } from '../../src/plan/saved-plan.js';
import { parsePlaybook } from '../../src/playbook/load.js';
import type { Playbook } from '../../src/playbook/schema.js';
import type { HostPlanned, PlanResult } from '../../src/report/model.js';
import {
  type SurveyedNode,
  changingPlans,
  draftFor,
  judgeHost,
  savedPlanOf,
  settled,
  unjudged,
} from '../../src/pipeline/judge.js';
import { readNode } from '../nodes/recorded-node.js';

const playbook = (name: string) =>
  parsePlaybook(name, readFileSync(new URL(`../../playbooks/${name}.yaml`, import.meta.url), 'utf8'));
const [baseline, cis] = [playbook('baseline'), playbook('cis-1.12')];
const noWishes = { moveArguments: false, acceptPendingEdits: false };
const noEvidence = { clientCertificates: [], clusterCa: undefined };

const host = {
  name: 'n1',
  nodeName: 'node-1',
  role: 'worker',
  address: '10.0.0.1',
  ssh: { jump: [] },
} as unknown as Host;

function surveyed(name: string, over: Partial<SurveyedNode> = {}, facts: Partial<NodeFacts> = {}): SurveyedNode {
  const node = readNode(name);
  const all = { ...node.facts, ...facts };
  const detected = detectDistro(all);
  if (detected === undefined) throw new Error('no kubelet');
  const { distro, setup } = detected;
  const view = { facts: all, setup, configz: node.configz, kubeletVersion: undefined };
  return { host, nodeName: 'node-1', standing: 'ready', distro, view, notes: ['a note'], ...over };
}

const planFor = (node: SurveyedNode, playbooks: readonly Playbook[], evidence: ClientCaEvidence): HostPlanned =>
  settled(draftFor(node, playbooks, noWishes), evidence);

it('tells a check that several playbooks hold once', () => {
  const node = surveyed('kubeadm-weak');
  const alone = [baseline, cis].map((one) => judgeHost(node, [one]).findings.length);
  const { findings } = judgeHost(node, [baseline, cis]);
  const keys = findings
    .filter(({ playbook: of }) => of !== 'kubelatch')
    .map(({ rule, wantText }) => `${rule} ${wantText}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(findings.length).toBeLessThan((alone[0] ?? 0) + (alone[1] ?? 0));
  for (const { rule, wantText, status } of [baseline, cis].flatMap((one) => judgeHost(node, [one]).findings)) {
    expect(findings.some((one) => one.rule === rule && one.wantText === wantText && one.status === status)).toBe(true);
  }
  expect(judgeHost(node, [baseline, baseline]).findings).toEqual(judgeHost(node, [baseline]).findings);
});

it('calls a server one whatever the inventory says', () => {
  expect(judgeHost(surveyed('k3s-server-1.33'), [baseline]).role).toBe('control-plane');
  expect(judgeHost(surveyed('k3s-agent-1.33-kubelet-arg+'), [baseline]).role).toBe('worker');
  expect(judgeHost(surveyed('kubeadm-weak'), [baseline]).role).toBe('worker');
});

it('tells copies that nothing names any more', () => {
  const found = judgeHost(surveyed('k3s-leftover-copies'), []).findings;
  expect(found.filter(({ rule }) => rule === 'leftover-configuration')).toEqual([
    expect.objectContaining({ status: 'fail', source: expect.objectContaining({ kind: 'drop-in' }) as unknown }),
    expect.objectContaining({ severity: 'medium' }),
  ]);
  expect(judgeHost(surveyed('k3s-server-1.33'), []).findings.map(({ rule }) => rule)).not.toContain(
    'leftover-configuration',
  );
});

it('carries a host that was not read through to the plan, without findings', () => {
  const error = { kind: 'auth', message: 'no key fits', hint: 'look' } as const;
  const planned: HostPlanned = unjudged(host, 'unreachable', error);
  expect(planned).toMatchObject({ host: 'n1', status: 'unreachable', error, findings: [] });
  expect([planned.plan, planned.refused, changingPlans([planned])]).toEqual([undefined, undefined, []]);
});

it('plans a node that is ready, or where nobody could be asked', () => {
  for (const standing of ['ready', 'unasked'] as const) {
    const planned = planFor(surveyed('kubeadm-weak', { standing }), [baseline], noEvidence);
    expect(planned.refused).toBeUndefined();
    expect(changingPlans([planned])).toEqual([planned.plan]);
  }
});

it.each<[string, Partial<SurveyedNode>, RegExp]>([
  ['is NotReady before', { standing: 'not-ready' }, /already NotReady/],
  ['is no Node of the cluster', { standing: 'no-such-node' }, /has no Node node-1/],
  [
    'says that it is another',
    { standing: 'disputed', dispute: { reason: 'the host reports the node name n2', hint: 'set nodeName' } },
    /reports the node name n2/,
  ],
])('refuses to change a node that %s', (_, over, reason) => {
  const planned = planFor(surveyed('kubeadm-weak', over), [baseline], noEvidence);
  expect(planned.refused?.reason).toMatch(reason);
  expect(planned.refused?.hint).not.toBe('');
  expect(changingPlans([planned])).toEqual([]);
  expect(planned.findings.length).toBeGreaterThan(0);
  // Where there is nothing to change, none of this matters.
  expect(planFor(surveyed('kubeadm-hardened', over), [baseline], noEvidence).refused).toBeUndefined();
});

it.each(['armed', 'writing', 'applied', 'reverting', 'unreadable'])(
  'refuses a node whose change is %s, whatever it runs now',
  (state) => {
    const transactions = [{ id: 'r0', state, owner: 'root@ops', age: 30 }];
    for (const name of ['kubeadm-weak', 'kubeadm-hardened']) {
      const planned = planFor(surveyed(name, {}, { transactions }), [baseline], noEvidence);
      expect(planned.refused?.reason).toBe(
        'run r0 of root@ops, started 30 s ago, has an unfinished change on this node',
      );
      expect(planned.refused?.hint).toContain('kubelatch resume r0');
      expect(changingPlans([planned])).toEqual([]);
      expect(planned.findings.length).toBeGreaterThan(0);
    }
  },
);

it('reports a node that gave up reverting a change', () => {
  const transactions = [{ id: 'r0', state: 'reverting', stuck: 'conflict /etc/x' }];
  const [first] = judgeHost(surveyed('kubeadm-hardened', {}, { transactions }), [baseline]).findings;
  expect(first).toMatchObject({ rule: 'revert-failed', severity: 'critical', status: 'fail', got: 'revert failed' });
  expect(first?.note).toBe('run r0: conflict /etc/x. Fix the cause, then run: kubelatch resume r0');
});

it('does not mind changes that are over', () => {
  const transactions = ['confirmed', 'reverted', 'prepared'].map((state) => ({ id: state, state }));
  const planned = planFor(surveyed('kubeadm-weak', {}, { transactions }), [baseline], noEvidence);
  expect(planned.refused).toBeUndefined();
});

it('saves what changes something, so that it can be read again', () => {
  const hosts = ['kubeadm-weak', 'kubeadm-hardened'].map((name) => planFor(surveyed(name), [baseline], noEvidence));
  const result = { cluster: 'c', playbooks: ['baseline'], startedAt: 't', hosts } as unknown as PlanResult;
  const saved = savedPlanOf(result);
  expect(saved.hosts).toEqual([hosts[0]?.plan]);
  expect(readSavedPlan('p', writeSavedPlan(saved))).toEqual(JSON.parse(JSON.stringify(saved)));
});
