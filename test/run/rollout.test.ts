import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { type Outcome, type OutcomeKind, type RunEvent, hostOutcome } from '../../src/run/outcome.js';
import { type ClusterRoom, allOf, whileLocked, withinCluster, withinForks, withinJumps } from '../../src/run/room.js';
import { type RolloutHost, type RolloutOptions, type RolloutResult, rollOut } from '../../src/run/rollout.js';
import type { NodeStatus } from '../../src/cluster/nodes.js';
import { fail } from '../../src/lib/result.js';
import { planWaves } from '../../src/plan/waves.js';
import { FakeJournal, fakeCluster, nodeStatus } from '../change/fake-node.js';
import { monotonic, sleep } from '../change/virtual-time.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

/** A fleet that notes who is worked on, and how many at most at once. */
function fleet(count: number, outcomes: Readonly<Record<number, OutcomeKind>> = {}, servers: readonly number[] = []) {
  const order: string[] = [];
  let now = 0;
  let most = 0;
  const hosts = Array.from({ length: count }, (_, index): RolloutHost => {
    const host = `n${index}`;
    return {
      host,
      nodeName: host,
      controlPlane: servers.includes(index),
      async run() {
        order.push(host);
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 1));
        now -= 1;
        return outcomeOf(host, outcomes[index] ?? 'confirmed');
      },
    };
  });
  return { hosts, order, most: () => most };
}

const outcomeOf = (host: string, outcome: OutcomeKind): Outcome => ({
  ...{ host, nodeName: host, outcome, reason: undefined, hint: undefined },
  ...{ edits: [], gate: [], log: [], timings: {} },
});

type Room = ClusterRoom & { readonly forks: number; readonly lease: Parameters<typeof whileLocked>[0] };

async function roll(
  hosts: readonly RolloutHost[],
  over: Partial<RolloutOptions & Room> = {},
): Promise<RolloutResult & { kinds: string; events: RunEvent[]; journal: FakeJournal }> {
  const events: RunEvent[] = [];
  const journal = new FakeJournal();
  const all = fakeCluster(() => hosts.map(({ host, controlPlane }) => nodeStatus(host, { controlPlane })));
  const room = { cluster: all, forks: 8, maxUnavailable: { count: 3 }, lease: undefined, ...over };
  const result = await rollOut({
    waves: planWaves(
      hosts.filter((one) => !one.controlPlane),
      hosts.filter((one) => one.controlPlane),
      [{ count: 1 }],
    ),
    admit: allOf(whileLocked(room.lease, 'wait'), withinForks(room.forks), withinJumps, withinCluster(room)),
    maxFailures: { count: 0 },
    roomTimeout: 120_000,
    needsJournal: true,
    canPause: true,
    notStarted: (host) => hostOutcome(host, 'skipped', 'not started: the run stopped first'),
    hintAfterFault: 'kubelatch resume r',
    journal,
    report: (event) => events.push(event),
    shutdown: new AbortController().signal,
    ...over,
  });
  const byName = new Map(result.outcomes.map((one) => [one.host, one.outcome]));
  const kinds = hosts.map(({ host }) => byName.get(host)?.slice(0, 4)).join(' ');
  return { ...result, kinds, events, journal: (over.journal as FakeJournal | undefined) ?? journal };
}

it('does one wave after the other, and no more at once than allowed', async () => {
  const { hosts, order, most } = fleet(9, {}, [0]);
  const result = await roll(hosts);
  expect(result.stopped).toBeUndefined();
  expect(order[0]).toBe('n1');
  expect(order.at(-1)).toBe('n0');
  expect(most()).toBe(3);
  expect(result.kinds).toBe(Array.from({ length: 9 }, () => 'conf').join(' '));
  expect(result.journal.entries.filter(({ entry }) => entry === 'host')).toHaveLength(9);
});

it('keeps to forks, and to one at a time without the API server', async () => {
  const { hosts, most } = fleet(6);
  await roll(hosts, { forks: 2 });
  expect(most()).toBe(2);
  const other = fleet(4);
  expect((await roll(other.hosts, { cluster: undefined })).stopped).toBeUndefined();
  expect(other.most()).toBe(1);
});

it.each([
  [1000, false],
  [10_000, true],
])('a list of nodes serves for %i ms (in a large cluster: %s)', async (wanted, isLarge) => {
  const ages: (number | undefined)[] = [];
  const { hosts } = fleet(4);
  const real = fakeCluster(() => hosts.map(({ host }) => nodeStatus(host)));
  const view: typeof real.view = (age) => (ages.push(age), real.view());
  const cluster = fakeCluster(() => [], { view, isLarge: () => isLarge });
  expect((await roll(hosts, { cluster })).kinds).toBe('conf conf conf conf');
  expect([...new Set(ages)]).toEqual([wanted]);
  ages.length = 0;
  await roll(fleet(2, {}, [0, 1]).hosts, { cluster });
  expect([...new Set(ages)], 'control plane').toEqual([1000]);
});

it('keeps to jumpForks behind the same bastions', async () => {
  const behind = (jump: string, forks: number) => (one: RolloutHost) => ({ ...one, behind: { jump, forks } });
  const same = fleet(6);
  const result = await roll(same.hosts.map(behind('j', 2)));
  expect([same.most(), result.kinds]).toEqual([2, 'conf conf conf conf conf conf']);
  const two = fleet(4);
  await roll(two.hosts.map((one, at) => behind(at % 2 === 0 ? 'j' : 'k', 1)(one)));
  expect(two.most()).toBe(2);
  const [one, other] = fleet(2).hosts.map(behind('j', 1));
  if (one === undefined || other === undefined) throw new Error('there are two');
  expect(withinJumps(other, [one])).toEqual({ reason: 'jumpForks allows 1 at once behind j' });
});

it('stops once more fail than allowed: those under way are finished, no other is started', async () => {
  const { hosts, order } = fleet(8, { 0: 'reverted' });
  const canary = await roll(hosts);
  expect(order).toEqual(['n0']);
  expect(canary.stopped).toBe('1 host failed (n0), 0 allowed');
  expect(canary.kinds).toBe('reve skip skip skip skip skip skip skip');
  expect(canary.journal.entries.at(-1)).toEqual({ entry: 'stopped', reason: canary.stopped });
  const later = fleet(8, { 0: 'failed', 2: 'unknown' });
  const result = await roll(later.hosts, { maxFailures: { count: 1 } });
  expect(result.stopped).toMatch(/^2 hosts failed \(n0, n2\), 1 allowed/);
  expect(later.order.length).toBeLessThan(8);
  expect(result.outcomes).toHaveLength(8);
});

it('starts no further host once the run lock is lost; those under way are finished', async () => {
  const { hosts, order } = fleet(6);
  const reason = 'the run lock of the cluster was taken over by op@x r2/00';
  const problem = () => (order.length < 3 ? undefined : { reason, final: true });
  const result = await roll(hosts, { lease: { problem } });
  expect([result.stopped, result.kinds]).toEqual([reason, 'conf conf conf skip skip skip']);
  expect(result.journal.entries.at(-1)).toEqual({ entry: 'stopped', reason });
  expect(result.events).toContainEqual({ event: 'stopped', reason });
});

it('waits while the run lock cannot be renewed, and goes on when it can; not for ever', async () => {
  const { hosts, order } = fleet(3);
  const start = monotonic();
  const lease = (until: number) => ({
    problem: () =>
      order.length > 0 && monotonic() - start < until ? { reason: 'not renewed for 16 s', final: false } : undefined,
  });
  const waited = await roll(hosts, { lease: lease(30_000) });
  expect([waited.stopped, waited.kinds]).toEqual([undefined, 'conf conf conf']);
  expect(monotonic() - start).toBeGreaterThanOrEqual(30_000);
  expect(waited.events).toContainEqual({ event: 'waiting', reason: 'not renewed for 16 s' });
  order.length = 0;
  const gone = await roll(hosts, { lease: lease(Infinity) });
  expect([gone.stopped, gone.kinds]).toEqual(['not renewed for 16 s', 'conf skip skip']);
});

it('goes on past hosts that cost only themselves', async () => {
  const { hosts } = fleet(4, { 0: 'unreachable', 1: 'refused', 2: 'unchanged' });
  const result = await roll(hosts);
  expect([result.stopped, result.kinds]).toEqual([undefined, 'unre refu unch conf']);
});

it('counts nodes that are down already, waits for them, and stops where they stay down', async () => {
  const down = (name: string): NodeStatus => nodeStatus(name, { ready: 'Unknown' });
  const { hosts, order, most } = fleet(4);
  const start = monotonic();
  const cluster = (until: number) =>
    fakeCluster(() => [
      ...hosts.map(({ host }) => nodeStatus(host)),
      ...(monotonic() - start < until ? [down('x'), down('y')] : [nodeStatus('x'), nodeStatus('y')]),
    ]);
  const one = await roll(hosts, { cluster: cluster(Infinity) });
  expect([one.stopped, most()]).toEqual([undefined, 1]);
  const waited = await roll(hosts, { cluster: cluster(monotonic() - start + 30_000), maxUnavailable: { count: 2 } });
  expect(waited.stopped).toBeUndefined();
  expect(waited.events.filter(({ event }) => event === 'waiting')).toHaveLength(1);
  order.length = 0;
  const stuck = await roll(hosts, { cluster: cluster(Infinity), maxUnavailable: { count: 2 } });
  expect(stuck.stopped).toMatch(/--max-unavailable allows 2 at once: 2 already down \(x, y\), 0 in progress/);
  expect([order, stuck.kinds]).toEqual([[], 'skip skip skip skip']);
  // Without a limit of the user's a dead node costs itself, not the fleet.
  expect((await roll(hosts, { cluster: cluster(Infinity), maxUnavailable: undefined })).stopped).toBeUndefined();
});

it('does not let a node that is down wait for itself', async () => {
  const { hosts } = fleet(2);
  const cluster = fakeCluster(() => hosts.map(({ host }) => nodeStatus(host, { ready: 'False' })));
  expect((await roll(hosts, { cluster, maxUnavailable: { count: 1 } })).stopped).toBeUndefined();
});

it('touches no control-plane node while another is down', async () => {
  const { hosts, order } = fleet(3, {}, [0, 1, 2]);
  const cluster = fakeCluster(() =>
    hosts.map(({ host }) => nodeStatus(host, { controlPlane: true, ready: host === 'n2' ? 'False' : 'True' })),
  );
  const result = await roll(hosts, { cluster });
  expect(result.stopped).toBe('control-plane nodes are already down: n2');
  expect(order).toEqual([]);
});

it('counts servers whose labels do not say so: those of the inventory, those found, and members of etcd', async () => {
  const { hosts, order } = fleet(1, {}, [0]);
  const others = (over: Partial<NodeStatus>) =>
    fakeCluster(() => [nodeStatus('n0'), nodeStatus('x', { ready: 'False', ...over }), nodeStatus('y', over)]);
  const stopped = 'control-plane nodes are already down: x';
  const quick = { roomTimeout: 1000 };
  const known = () => new Set(['n0', 'x', 'y', 'not-there']);
  expect((await roll(hosts, { ...quick, cluster: others({}), serversBesides: known })).stopped).toBe(stopped);
  expect((await roll(hosts, { ...quick, cluster: others({ etcd: true }) })).stopped).toBe(stopped);
  expect(order).toEqual([]);
  expect((await roll(hosts, { ...quick, cluster: others({}) })).stopped).toBeUndefined();
});

it('keeps a majority of etcd’s members, however many other servers there are', async () => {
  const { hosts } = fleet(1, {}, [0]);
  const cluster = (etcd: boolean) =>
    fakeCluster(() => [
      nodeStatus('n0', { etcd }),
      nodeStatus('e1', { etcd: true, ready: 'False' }),
      nodeStatus('e2', { etcd: true }),
      ...['c1', 'c2', 'c3'].map((name) => nodeStatus(name, { controlPlane: true })),
    ]);
  expect((await roll(hosts, { roomTimeout: 1000, cluster: cluster(true) })).stopped).toBe(
    'control-plane nodes are already down: e1',
  );
  expect((await roll(hosts, { roomTimeout: 1000, cluster: cluster(false) })).stopped).toBeUndefined();
});

it('takes a server for one even where it goes with the workers, and counts those under way', async () => {
  const { hosts, most } = fleet(3);
  const cluster = fakeCluster(() => hosts.map(({ host }) => nodeStatus(host, { etcd: true })));
  const result = await roll(hosts, { cluster, waves: [hosts] });
  expect([result.stopped, result.kinds, most()]).toEqual([undefined, 'conf conf conf', 1]);
});

it('starts nobody while the API server does not answer', async () => {
  const { hosts, order } = fleet(2);
  const view = () => Promise.resolve(fail({ kind: 'unreachable', message: 'gone' } as const));
  const result = await roll(hosts, { cluster: fakeCluster(() => [], { view }) });
  expect([result.stopped, order]).toEqual(['the API server does not answer: gone', []]);
});

it('finishes those under way when it is interrupted', async () => {
  const drain = new AbortController();
  const { hosts, order } = fleet(8);
  const report = (event: RunEvent): void => {
    if (event.event === 'host-done' && event.host === 'n1') drain.abort();
  };
  const result = await roll(hosts, { shutdown: drain.signal, report });
  expect(result.stopped).toMatch(/^interrupted/);
  expect(result.outcomes.filter((one) => one.outcome === 'confirmed').map(({ host }) => host)).toEqual(order);
  expect(order.length).toBeLessThan(8);
  expect(result.outcomes).toHaveLength(8);
});

it('loses no outcome when the journal cannot be written', async () => {
  const { hosts } = fleet(8);
  const journal = new FakeJournal();
  journal.fails = (entry) => entry.entry === 'stopped' || (entry.entry === 'host' && entry.host === 'n1');
  const result = await roll(hosts, { journal });
  expect(result.stopped).toMatch(/^the run journal cannot be written: ENOSPC/);
  expect(result.outcomes).toHaveLength(8);
  expect(result.kinds.startsWith('conf conf')).toBe(true);
  expect(result.kinds.endsWith('skip')).toBe(true);
});

it('gives every host exactly one outcome and never exceeds its limits', async () => {
  const kind = fc.constantFrom<OutcomeKind>('confirmed', 'reverted', 'unknown', 'failed', 'unreachable', 'refused');
  const amount = fc.integer({ min: 0, max: 3 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(kind, { maxLength: 8 }),
      amount,
      fc.integer({ min: 1, max: 4 }),
      async (kinds, budget, limit) => {
        const { hosts, order, most } = fleet(kinds.length, Object.fromEntries(kinds.entries()));
        const result = await roll(hosts, { maxFailures: { count: budget }, maxUnavailable: { count: limit } });
        expect(result.outcomes.map(({ host }) => host).sort()).toEqual(hosts.map(({ host }) => host).sort());
        expect(most()).toBeLessThanOrEqual(limit);
        const failed = result.outcomes.filter(({ outcome }) =>
          ['reverted', 'unknown', 'failed'].includes(outcome),
        ).length;
        expect(result.stopped !== undefined).toBe(failed > budget);
        // Those beyond the budget were under way already when it was used up.
        expect(failed).toBeLessThanOrEqual(budget + limit);
        expect(order.length).toBe(result.outcomes.filter(({ outcome }) => outcome !== 'skipped').length);
      },
    ),
    { numRuns: 40 },
  );
  await sleep(0);
});
