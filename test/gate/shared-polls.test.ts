/** Nodes that are gated at the same time ask the API server for its Nodes once for each poll, however many they are. */
import { expect, it, vi } from 'vitest';
import { closing } from '../../src/lib/closing.js';
import { createCluster } from '../../src/cluster/cluster.js';
import type { Gateway } from '../../src/cluster/gateway.js';
import { passGate } from '../../src/gate/gate.js';
import { ok } from '../../src/lib/result.js';
import { FakeNode } from '../change/fake-node.js';
import { monotonic, sleep } from '../change/virtual-time.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

/** The API server of a cluster whose kubelets renew every ten seconds; a list of it takes `took` ms. */
function apiServer(names: readonly string[], took: number) {
  const lists = { nodes: 0, leases: 0, most: 0 };
  let underway = 0;
  const renewTime = (): string => `t${Math.floor(monotonic() / 10_000)}`;
  const conditions = [{ type: 'Ready', status: 'True' }];
  const get: Gateway['get'] = async (path) => {
    if (path.endsWith('/configz')) return ok({ kubeletconfig: {} });
    const isLeases = path.includes('/leases?');
    lists[isLeases ? 'leases' : 'nodes'] += 1;
    underway += 1;
    lists.most = Math.max(lists.most, underway);
    await sleep(took);
    underway -= 1;
    const spec = isLeases ? { renewTime: renewTime(), leaseDurationSeconds: 40 } : {};
    return ok({ items: names.map((name) => ({ metadata: { name }, spec, status: { conditions } })) });
  };
  const no = () => Promise.reject(new Error('nothing is written here'));
  return { lists, cluster: createCluster({ get, send: no, kubectl: no, close: () => Promise.resolve() }) };
}

async function gateAll(count: number, took: number) {
  const names = Array.from({ length: count }, (_, index) => `n${index}`);
  const { lists, cluster } = apiServer(names, took);
  const start = monotonic();
  const results = await Promise.all(
    names.map(async (nodeName, index) => {
      // Restarts do not end at the same moment.
      await sleep(index * 37);
      const fake = new FakeNode();
      const session = fake.session();
      if (!session.ok) throw new Error('no session');
      const timing = { gate: 120_000, settle: 10_000, notReadyGrace: 30_000 };
      const options = {
        ...fake.task({ nodeName }),
        session: session.value,
        cluster,
        before: undefined,
        expect: [],
        timing,
      };
      return (await closing(session.value, () => passGate(options))).passed;
    }),
  );
  return { lists, took: monotonic() - start, passed: results.every(Boolean) };
}

it.each([
  [1, 20],
  [30, 20],
  [30, 900],
])('%i nodes, lists of %i ms', async (count, took) => {
  const all = await gateAll(count, took);
  expect(all.passed).toBe(true);
  // One list for each poll of 500 ms, and the first of each node, which must be its own or a newer one.
  expect(all.lists.nodes).toBeLessThanOrEqual(
    Math.ceil(all.took / Math.max(500, took)) + Math.min(count, Math.ceil((count * 37) / took)) + 1,
  );
  expect(all.lists.leases).toBe(all.lists.nodes);
  expect(all.lists.most).toBe(2);
});
