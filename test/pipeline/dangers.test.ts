import { expect, it } from 'vitest';
import { dangersOf } from '../../src/pipeline/dangers.js';
import { clusterFinding, hostPlan, hostPlanned, planResult } from '../report/samples.js';

const two = [['n1'], ['n2']];
const plan = (...hosts: Parameters<typeof planResult>[0]) => planResult(hosts);
const reasons = (...given: Parameters<typeof dangersOf>): string[] =>
  dangersOf(...given).map(({ because, names }) => [because, ...names].join(' | '));

it('an ordinary change is none', () => {
  expect(reasons(plan(hostPlanned('n1'), hostPlanned('n2')), two, undefined)).toEqual([]);
  expect(reasons(plan(hostPlanned('n1')), [['n1']], undefined)).toEqual([]);
});

it('is the control plane, clients, no API server, no first host, and warnings', () => {
  const server = hostPlanned('cp1', { plan: hostPlan('cp1', { role: 'control-plane', warnings: ['look'] }) });
  const breaking = ['agent', 'agent', 'other'].map((name) =>
    clusterFinding({ rule: 'consumer-read-only-port', object: `DaemonSet ${name}` }),
  );
  const all = { ...plan(server, hostPlanned('n1')), clusterFindings: [...breaking, clusterFinding()] };
  expect(reasons(all, [['cp1', 'n1']], 'connection refused')).toEqual([
    'it changes control-plane nodes | cp1',
    'clients of kubelets lose access | DaemonSet agent | DaemonSet other',
    'without the API server, kubelatch cannot check that nodes are Ready',
    'all hosts change in one wave, so no host is tried first',
    'the plan warns about some hosts | cp1',
  ]);
});

it('leaves out hosts that do not change', () => {
  const refused = hostPlanned('cp1', {
    plan: hostPlan('cp1', { role: 'control-plane' }),
    refused: { reason: 'NotReady', hint: '' },
  });
  expect(reasons(plan(refused, hostPlanned('n1')), [['n1']], undefined)).toEqual([]);
});
