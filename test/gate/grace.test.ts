/** A node that stays unhealthy after its restart: the gate ends after the grace, and only where somebody said that it is. */
import { describe, expect, it, vi } from 'vitest';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { NodeStatus } from '../../src/cluster/nodes.js';
import type { GateSettings } from '../../src/gate/check.js';
import { failureOf, passGate, passOldGate } from '../../src/gate/gate.js';
import { fail, ok } from '../../src/lib/result.js';
import { FakeNode, context, fakeCluster, lost, nodeStatus, plan, watched } from '../change/fake-node.js';
import { monotonic, sleep } from '../change/virtual-time.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

const grace = 30_000;
/** What the API server says counts from the poll after the first good health. */
const nodeGrace = grace + 500;
const deadline = 120_000;
const before = {
  ...{ active: 'active', sub: 'running', pid: 9, startTicks: 1, restarts: 0, restartDelay: 100 },
  containers: [],
  log: [],
};

interface Scene {
  /** What the API server says of the node so many milliseconds after the restart; undefined: it does not answer. */
  readonly says?: (since: number) => Partial<NodeStatus> | undefined;
  readonly node?: (since: number) => Parameters<typeof watched>[0] | 'unreachable';
  readonly healthz?: (since: number) => string;
  readonly timing?: Partial<GateSettings['timing']>;
}

/** The API server as the scene has it; `views`: how often it was asked for its Nodes. */
function clusterOf({ says = () => ({}) }: Scene, since: () => number): Cluster {
  const silent = () => Promise.resolve(fail({ kind: 'unreachable', message: 'no answer' } as const));
  const answering = fakeCluster(() => [nodeStatus('n1', { leaseSeconds: 40, ...says(since()) })]);
  return fakeCluster(() => [], { view: (age) => (says(since()) === undefined ? silent() : answering.view(age)) });
}

async function gate(scene: Scene) {
  const start = monotonic();
  const since = (): number => monotonic() - start;
  const fake = new FakeNode();
  const { node: says = () => ({}), healthz = () => 'status 200' } = scene;
  fake.watch = () => {
    const state = says(since());
    return state === 'unreachable' ? { error: { ...lost, kind: 'timeout' } } : watched(state);
  };
  fake.doors = {
    ...fake.doors,
    get '10248'() {
      return healthz(since());
    },
  };
  const session = fake.session();
  if (!session.ok) throw new Error('no session');
  const timing = { gate: deadline, settle: 3000, notReadyGrace: grace, ...scene.timing };
  const cluster = clusterOf(scene, since);
  const result = await passGate({
    ...fake.task(),
    session: session.value,
    cluster,
    before,
    expect: plan().expect,
    timing,
  });
  await session.value.close();
  fake.verify();
  return { ...result, took: since(), why: failureOf(result), open: result.blamed.map(({ check }) => check) };
}

const cni = { ready: 'False', reason: 'CNI plugin not initialized' } as const;
/** The lease stays as it was before the restart; the node controller says so 40 s after the last renewal. */
const cut = (since: number): Partial<NodeStatus> => ({
  leaseRenewed: 'before',
  ...(since < 35_000 ? {} : { ready: 'Unknown', reason: 'Kubelet stopped posting node status.' }),
});

describe('a node that the API server says is not well', () => {
  it('ends the gate after the grace, with what it said, and the kubelet’s own words', async () => {
    const log = 'E0101 cni config uninitialized';
    const result = await gate({ says: () => cni, node: () => ({ log }) });
    expect([result.passed, result.took, result.open]).toEqual([false, nodeGrace, ['ready']]);
    expect(result.why).toBe(
      'ready: expected Ready for 3 s, saw Ready=False: CNI plugin not initialized, and no better for 30s (--not-ready-grace)',
    );
    expect(result.log).toEqual([log]);
  });

  it('has as long as the flag says, and the deadline without it', async () => {
    expect((await gate({ says: () => cni, timing: { notReadyGrace: 70_000 } })).took).toBe(70_500);
    const without = await gate({ says: () => cni, timing: { notReadyGrace: undefined } });
    expect(without.took).toBeGreaterThan(deadline);
    expect(without.why).not.toContain('--not-ready-grace');
    expect((await gate({ says: () => cni, timing: { gate: 20_000 } })).took).toBeLessThan(21_000);
  });

  it('is found by its lease before the node controller turns it NotReady', async () => {
    const result = await gate({ says: cut });
    expect([result.took, result.open]).toEqual([nodeGrace, ['lease']]);
    expect(result.why).toContain('saw renewed 0 times, and no better for 30s');
  });

  it('is waited for where its kubelet renews its lease less often', async () => {
    const says = (since: number) => ({ leaseSeconds: 200, leaseRenewed: `r${Math.floor(since / 50_000)}` });
    expect((await gate({ says })).passed).toBe(true);
    const never = await gate({ says: () => ({ leaseSeconds: 200, leaseRenewed: 'r' }), timing: { gate: 300_000 } });
    expect([never.took, never.open]).toEqual([150_500, ['lease']]);
  });

  it('may be NotReady for a shorter time, and again, but not without an end', async () => {
    const oldLease = (since: number) => (since < 29_000 ? ({ ready: 'Unknown', reason: '' } as const) : {});
    expect((await gate({ says: oldLease })).passed).toBe(true);
    const flaps = (since: number) => (since % 20_000 < 18_000 ? cni : {});
    const result = await gate({ says: flaps });
    expect([result.passed, result.took > deadline]).toEqual([false, true]);
  });

  it('that is not in its list counts as one that is not Ready', async () => {
    const cluster = fakeCluster(() => []);
    const fake = new FakeNode();
    const session = fake.session();
    if (!session.ok) throw new Error('no session');
    const start = monotonic();
    const timing = { gate: deadline, settle: 3000, notReadyGrace: grace };
    const result = await passGate({ ...fake.task(), session: session.value, cluster, before, expect: [], timing });
    await session.value.close();
    expect([monotonic() - start, result.blamed.map(({ check }) => check)]).toEqual([nodeGrace, ['ready']]);
  });
});

describe('what nobody could ask', () => {
  it('has the deadline: an API server that does not answer says nothing of the node', async () => {
    const silent = await gate({ says: () => undefined });
    expect([silent.passed, silent.took > deadline]).toEqual([false, true]);
    // Its answers are not without a break.
    const now = await gate({ says: (since) => (since % 20_000 < 1000 ? undefined : cni) });
    expect([now.passed, now.took > deadline]).toEqual([false, true]);
    const back = await gate({ says: (since) => (since < 60_000 ? undefined : since < 80_000 ? cni : {}) });
    expect(back.passed).toBe(true);
  });

  it('has the deadline: neither does a node that does not answer', async () => {
    const unreachable = await gate({ node: () => 'unreachable', healthz: () => 'unknown', says: () => cni });
    expect(unreachable.took).toBeGreaterThan(deadline);
    const unasked = await gate({ healthz: () => 'unknown', says: () => cni });
    expect(unasked.took).toBeGreaterThan(deadline);
    const refused = await gate({ node: () => 'unreachable', healthz: () => 'refused' });
    expect(refused.took).toBeGreaterThan(deadline);
  });
});

describe('the kubelet’s own health', () => {
  it('has the grace to come, and to come back', async () => {
    const never = await gate({ healthz: () => 'refused' });
    expect([never.took, never.open]).toEqual([grace, ['healthz']]);
    expect(never.why).toContain('saw refused, and no better for 30s (--not-ready-grace)');
    const gone = await gate({ healthz: (since) => (since < 2000 ? 'status 200' : 'status 500') });
    expect([gone.took, gone.open]).toEqual([grace + 2000, ['healthz']]);
  });

  it('begins the grace of the node: a slow kubelet has not spoken to the API server before', async () => {
    const healthz = (since: number): string => (since < 29_000 ? 'refused' : 'status 200');
    const slow = (since: number): Partial<NodeStatus> => (since < 58_000 ? { ...cni, leaseRenewed: 'before' } : {});
    expect((await gate({ healthz, says: slow })).passed).toBe(true);
    const never = await gate({ healthz, says: () => cni });
    expect([never.took, never.open]).toEqual([29_000 + nodeGrace, ['ready']]);
  });

  it('is not asked before systemd has finished the start, which takes minutes on some nodes', async () => {
    const node = (since: number) => (since < 100_000 ? { active: 'activating', sub: 'start' } : {});
    const healthz = (since: number): string => (since < 100_000 ? 'refused' : 'status 200');
    const says = (since: number) => (since < 110_000 ? cni : {});
    expect((await gate({ node, healthz, says, timing: { gate: 200_000 } })).passed).toBe(true);
  });

  it('is not needed where the kubelet has no health port', async () => {
    const fake = new FakeNode();
    const session = fake.session();
    if (!session.ok) throw new Error('no session');
    const start = monotonic();
    const ports = { kubelet: 10250, readOnly: 0, healthz: 0, healthzHost: '127.0.0.1' };
    const timing = { gate: deadline, settle: 3000, notReadyGrace: grace };
    const cluster = fakeCluster(() => [nodeStatus('n1', cni)]);
    await passGate({ ...fake.task({ ports }), session: session.value, cluster, before, expect: [], timing });
    await session.value.close();
    expect(monotonic() - start).toBe(nodeGrace);
  });
});

it('does not cut short the proof of the old configuration: a revert has until the deadline', async () => {
  const fake = new FakeNode();
  const session = fake.session();
  if (!session.ok) throw new Error('no session');
  const start = monotonic();
  const cluster = fakeCluster(() => [nodeStatus('n1', monotonic() - start < 50_000 ? cni : {})]);
  const timing = { gate: deadline, settle: 3000, notReadyGrace: grace };
  expect((await passOldGate(session.value, fake.task(), context({ cluster, timing }))).passed).toBe(true);
  await session.value.close();
});

it('is not held up by a check that takes its time: the other ones are polled again meanwhile', async () => {
  const fake = new FakeNode();
  const session = fake.session();
  if (!session.ok) throw new Error('no session');
  const start = monotonic();
  let polls = 0;
  // A kubelet that is cut off from the API server cannot ask it whether the API server may read configz.
  const configz: Cluster['configz'] = async () => {
    await sleep(10_000);
    return fail({ kind: 'unreachable', message: 'no answer within 10 s' });
  };
  const nodes = () => {
    polls += 1;
    return [nodeStatus('n1', { leaseSeconds: 40, leaseRenewed: 'before' })];
  };
  const timing = { gate: deadline, settle: 3000, notReadyGrace: grace };
  const cluster = fakeCluster(nodes, { configz });
  const result = await passGate({ ...fake.task(), session: session.value, cluster, before, expect: [], timing });
  await session.value.close();
  expect(result.blamed.map(({ check }) => check)).toEqual(['lease']);
  // Rounds of ten seconds would end it at 40 s.
  expect(monotonic() - start).toBeLessThanOrEqual(nodeGrace + 500);
  expect(polls).toBeGreaterThan(50);
});

it('nor is the end of a gate whose kubelet died, and a slow check is no reason to fail', async () => {
  const slow: Cluster['configz'] = async () => {
    await sleep(4000);
    return ok({});
  };
  const run = async (dies: boolean) => {
    const fake = new FakeNode();
    const start = monotonic();
    fake.watch = () => watched(dies && monotonic() - start > 2000 ? { active: 'failed', sub: 'failed', pid: 0 } : {});
    const session = fake.session();
    if (!session.ok) throw new Error('no session');
    const cluster = fakeCluster(() => [nodeStatus('n1')], { configz: slow });
    const timing = { gate: deadline, settle: 3000, notReadyGrace: grace };
    const result = await passGate({ ...fake.task(), session: session.value, cluster, before, expect: [], timing });
    await session.value.close();
    return { passed: result.passed, took: monotonic() - start };
  };
  expect(await run(true)).toEqual({ passed: false, took: 2500 });
  const slowly = await run(false);
  expect(slowly.passed).toBe(true);
  expect(slowly.took).toBeLessThanOrEqual(20_000);
});
