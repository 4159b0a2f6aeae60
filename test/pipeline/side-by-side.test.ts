/** The hosts of a wave change side by side: a rollout takes as long as the slowest host of each wave, and no longer. */
import { expect, it, vi } from 'vitest';
import { applyToHost } from '../../src/change/apply.js';
import { createCluster } from '../../src/cluster/cluster.js';
import type { Gateway } from '../../src/cluster/gateway.js';
import { monotonic, sleep } from '../../src/lib/clock.js';
import { ok } from '../../src/lib/result.js';
import type { Run } from '../../src/pipeline/context.js';
import { type RolledOut, rollOutWaves } from '../../src/pipeline/roll-out.js';
import { type Outcome, hostOutcome } from '../../src/run/outcome.js';
import { FakeJournal, FakeNode, about, context, plan } from '../change/fake-node.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

const names = Array.from({ length: 60 }, (_, index) => `n${index}`);
const waves = [{ count: 1 }, { count: 20 }, { count: 60 }];
const sizes = [1, 19, 40];

/** The API server of the fleet; a kubelet renews its Lease every ten seconds, each at another moment. */
function apiServer() {
  const asked = { nodes: 0 };
  const get: Gateway['get'] = (path) => {
    const config = { authentication: { anonymous: { enabled: false } }, readOnlyPort: 0 };
    if (path.endsWith('/configz')) return Promise.resolve(ok({ kubeletconfig: config }));
    if (path.startsWith('/api/v1/nodes?')) asked.nodes += 1;
    const items = names.map((name, index) => ({
      metadata: { name },
      spec: { renewTime: `t${Math.floor((monotonic() + index * 167) / 10_000)}`, leaseDurationSeconds: 40 },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    }));
    return Promise.resolve(ok({ items }));
  };
  const no = () => Promise.reject(new Error('nothing is written here'));
  return { asked, cluster: createCluster({ get, send: no, kubectl: no, close: () => Promise.resolve() }) };
}

/** Rolls out over 60 hosts; `slowest`: milliseconds of the slowest host of each wave. */
async function roll(change: (name: string, index: number) => Promise<Outcome>, cluster = apiServer().cluster) {
  const took: number[] = [];
  const hosts = names.map((host, index) => ({
    ...{ host, nodeName: host, controlPlane: false },
    async run() {
      const start = monotonic();
      const outcome = await change(host, index);
      took[index] = monotonic() - start;
      return outcome;
    },
  }));
  const run = {
    ...{ forks: 60, hosts: [], inventory: { hosts: names.map((name) => ({ name, ssh: { jump: [] } })) } },
    ...{ report: () => undefined, shutdown: new AbortController().signal },
  } as unknown as Run;
  const flags = {
    waves,
    maxFailures: { count: 0 },
    maxUnavailable: { percent: 100 },
    settle: 10_000,
    deadline: 120_000,
  };
  const rolled: RolledOut = await rollOutWaves(hosts, run, {
    ...{ cluster, journal: new FakeJournal(), lease: undefined, verb: 'apply' as const },
    flags: { ...flags, cordon: false, drain: false },
  });
  const starts = [0, 1, 20];
  const slowest = starts.map((start, wave) => Math.max(...took.slice(start, start + (sizes[wave] ?? 0))));
  return { ...rolled, slowest, sum: slowest.reduce((sum, ms) => sum + ms, 0), all: took.reduce((sum, ms) => sum + ms) };
}

it('three waves of 60 hosts take as long as their three slowest hosts', async () => {
  // Any times: the slowest of each wave are known beforehand.
  const rolled = await roll(async (name, index) => {
    await sleep(10_000 + ((index * 7919) % 60) * 500);
    return hostOutcome(name, 'confirmed');
  });
  expect(rolled.outcomes).toHaveLength(60);
  expect(rolled.durationMs).toBe(rolled.sum);
});

it('so do their changes, and all of them share one list of Nodes for each look', async () => {
  const { asked, cluster } = apiServer();
  const timing = { gate: 120_000, settle: 10_000, notReadyGrace: 30_000 };
  const rolled = await roll((name) => {
    const node = new FakeNode();
    const task = node.task({ host: name, nodeName: name });
    return applyToHost(
      plan({ host: name, nodeName: name }),
      { ...about, host: name },
      task,
      context({ cluster, timing }),
    );
  }, cluster);
  expect(rolled.outcomes.filter(({ outcome }) => outcome === 'confirmed')).toHaveLength(60);
  // Two renewals of a Lease, which come every ten seconds, and the poll that sees the second.
  for (const ms of rolled.slowest) expect(ms).toBeLessThanOrEqual(20_000 + 500);
  expect(rolled.durationMs).toBeLessThanOrEqual(rolled.sum + 500);
  expect(rolled.all / rolled.durationMs).toBeGreaterThan(10);
  expect(asked.nodes).toBeGreaterThan(10);
  expect(asked.nodes).toBeLessThanOrEqual(rolled.durationMs / 500 + 2 * sizes.length + 1);
});
