import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { fateOf, readPod } from '../../src/cluster/drain-pods.js';
import { drainNode } from '../../src/cluster/drain.js';
import type { ClusterError } from '../../src/cluster/gateway.js';
import { selects } from '../../src/cluster/label-selector.js';
import { sleep } from '../change/virtual-time.js';
import { DrainWorld, type WorldBudget, type WorldPod } from './drain-world.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

const web = (name: string, over: Partial<WorldPod> = {}): WorldPod => ({
  ...{ name, owner: 'ReplicaSet/web', labels: { app: 'web' } },
  ...over,
});
const budget = (over: Partial<WorldBudget> = {}): WorldBudget => ({
  ...{ name: 'web', selector: { matchLabels: { app: 'web' } } },
  ...over,
});
const minute = 60_000;

function worldOf(pods: readonly WorldPod[], budgets: readonly WorldBudget[] = []): DrainWorld {
  const world = new DrainWorld();
  world.add(...pods);
  world.budgets.push(...budgets);
  return world;
}
const drain = (world: DrainWorld, deadline = 2 * minute, signal?: AbortSignal): ReturnType<typeof drainNode> =>
  drainNode(world.gateway(), 'n1', { deadline, signal });
const failure = async (world: DrainWorld, deadline?: number): Promise<string> => {
  const drained = await drain(world, deadline);
  return drained.ok ? 'drained' : drained.error.message;
};
const silence: ClusterError = { kind: 'unreachable', message: 'no answer within 10 s' };
const internal: ClusterError = { kind: 'refused', status: 500, message: 'HTTP 500: etcdserver: request timed out' };

describe('a drain', () => {
  it('evicts what a controller starts elsewhere, waits until it is gone, and leaves the rest', async () => {
    const world = worldOf([
      web('a', { ends: 20_000 }),
      web('b'),
      web('far', { node: 'n2' }),
      { name: 'job-x', owner: 'Job/job', phase: 'Succeeded', hasLocalData: true },
      { name: 'once', phase: 'Failed' },
      { name: 'kube-proxy', owner: 'DaemonSet/kube-proxy', hasLocalData: true },
      { name: 'etcd-n1', owner: 'Node/n1', isMirror: true },
    ]);
    world.daemonSets = ['shop/kube-proxy'];
    expect(await drain(world)).toEqual({ ok: true, value: undefined });
    expect(world.evicted()).toEqual(['a', 'b']);
    expect(world.now()).toBeGreaterThanOrEqual(20_000);
    expect(world.now()).toBeLessThan(22_000);
  });

  it('of an empty node asks for nothing but its pods', async () => {
    const world = worldOf([]);
    expect((await drain(world)).ok).toBe(true);
    expect(world.asked.map(({ what }) => what)).toEqual([
      'GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn1&limit=500',
    ]);
  });

  it('does not take a pod of another node, whatever the server lists', async () => {
    const world = worldOf([web('a', { node: 'n2' })]);
    const gateway = world.gateway();
    const all = { ...gateway, get: () => gateway.get('/api/v1/pods') };
    expect((await drainNode(all, 'n1', { deadline: minute })).ok).toBe(true);
    expect(world.evicted()).toEqual([]);
  });

  it('waits for a budget that opens later', async () => {
    const world = worldOf([web('a'), { name: 'x', owner: 'StatefulSet/x' }], [budget({ opensAt: 45_000 })]);
    expect((await drain(world)).ok).toBe(true);
    const tries = world.evicted().filter((name) => name === 'a').length;
    expect(tries).toBeGreaterThan(7);
    expect(tries).toBeLessThan(12);
    expect(world.now()).toBeLessThan(53_000);
  });

  it('names the budget that never opens, and the pods that it holds', async () => {
    const pods = [web('a'), web('b'), { name: 'x', owner: 'StatefulSet/x' }];
    const world = worldOf(pods, [budget(), budget({ name: 'none', selector: { matchLabels: { app: 'other' } } })]);
    expect(await failure(world)).toBe(
      '2 pods left after 120 s: shop/a, shop/b: blocked by PodDisruptionBudget shop/web ' +
        '(0 disruptions allowed; healthy 2, needed 2)',
    );
    expect(world.now()).toBeLessThan(2 * minute + 1000);
  });

  it('reads budgets where only the older version of them is served, and says where they cannot be read', async () => {
    const old = worldOf([web('a')], [budget()]);
    [old.policies, old.evictions] = [['v1beta1'], ['policy/v1beta1']];
    expect(await failure(old)).toContain('blocked by PodDisruptionBudget shop/web');
    expect(old.evicted().length).toBeLessThan(30);
    const closed = worldOf([web('a')], [budget()]);
    closed.fault = (what) =>
      what.includes('poddisruptionbudgets') ? { kind: 'refused', status: 403, message: 'HTTP 403: no' } : undefined;
    expect(await failure(closed)).toContain(
      'by a PodDisruptionBudget it seems; they could not be listed: HTTP 403: no',
    );
  });

  it('evicts by the older version where the server knows no other', async () => {
    const world = worldOf([web('a'), web('b')]);
    world.evictions = ['policy/v1beta1'];
    expect((await drain(world)).ok).toBe(true);
    expect(world.now()).toBeLessThan(5000);
  });

  it('fails at once where a pod has two budgets, which no waiting changes', async () => {
    const world = worldOf([web('a')], [budget(), budget({ name: 'all', selector: {} })]);
    expect(await failure(world)).toMatch(/^shop\/a cannot be evicted: HTTP 500: .*more than one PodDisruptionBudget/);
    expect(world.now()).toBeLessThan(1000);
  });

  it('names a pod that does not end, with its grace and what holds it', async () => {
    const world = worldOf([web('a', { ends: Infinity, finalizers: ['example.com/hold'] }), web('b')]);
    expect(await failure(world)).toBe(
      '1 pod left after 120 s: shop/a: terminating for 119 s, past its grace of 30 s, finalizers: example.com/hold',
    );
    const slow = worldOf([web('a', { ends: Infinity, grace: 3600 })]);
    expect(await failure(slow)).toContain('terminating for 119 s, its grace is 3600 s');
    expect(world.evicted().filter((name) => name === 'a')).toEqual(['a']);
  });

  it('waits for a pod that somebody deleted, also one that it would refuse otherwise', async () => {
    const world = worldOf([{ name: 'bare', hasLocalData: true, ends: 10_000 }]);
    for (const pod of world.pods) pod.deletedAt = 0;
    expect((await drain(world)).ok).toBe(true);
    expect([world.evicted(), world.now() >= 10_000]).toEqual([[], true]);
  });

  it.each<[string, readonly WorldPod[], string]>([
    ['no controller', [{ name: 'bare' }], 'shop/bare is managed by no controller'],
    ['local data', [web('cache', { hasLocalData: true })], 'shop/cache has local data (emptyDir)'],
    [
      'a DaemonSet that is gone',
      [{ name: 'old', owner: 'DaemonSet/old' }],
      'shop/old is of DaemonSet old, which is gone',
    ],
    [
      'many',
      Array.from({ length: 7 }, (_, at) => ({ name: `p${at}` })),
      'shop/p4 is managed by no controller and 2 more',
    ],
  ])('evicts nothing where one pod must not go: %s', async (_, pods, named) => {
    const world = worldOf([web('a'), ...pods]);
    const message = await failure(world);
    expect(message).toMatch(/^nothing was evicted: /);
    expect(message).toContain(named);
    expect(world.evicted()).toEqual([]);
  });

  it('does not take another pod of the same name for the one that it asked to leave', async () => {
    const world = worldOf(
      [{ name: 'db-0', owner: 'StatefulSet/db', ends: 3000 }],
      [budget({ opensAt: 8000, selector: {} })],
    );
    const gateway = world.gateway();
    const drained = drainNode(gateway, 'n1', { deadline: minute });
    await sleep(4000);
    const [old] = world.pods;
    if (old !== undefined) old.deletedAt = world.now() - 3000;
    world.add({ name: 'db-0', owner: 'StatefulSet/db', node: 'n2' });
    expect((await drained).ok).toBe(true);
    expect(world.pods.filter(({ deletedAt }) => deletedAt === undefined)).toHaveLength(1);
  });

  it.each<[string, ClusterError]>([
    ['errors', internal],
    ['silence', silence],
    ['overload', { kind: 'refused', status: 429, message: 'HTTP 429: Too many requests, please try again later.' }],
  ])('outlasts an API server with %s for a while', async (_, fault) => {
    const world = worldOf([web('a')]);
    world.fault = (__, at) => (at < 30_000 ? fault : undefined);
    expect((await drain(world)).ok).toBe(true);
    expect(world.now()).toBeGreaterThan(30_000);
    const lost = worldOf([web('a')]);
    lost.fault = (__, at) => (at > 500 ? fault : undefined);
    const message = await failure(lost);
    expect(message).toMatch(/^1 pod left after 120 s: .*; the API server did not answer last: /);
    expect(message).toContain(fault.message);
    const never = worldOf([web('a')]);
    never.fault = () => fault;
    expect(await failure(never)).toBe(fault.message);
    expect(never.now()).toBeLessThan(2 * minute + 1000);
  });

  it('counts no pod as gone while the list cannot be read', async () => {
    const world = worldOf([web('a', { ends: Infinity })]);
    world.fault = (what, at) => (what.startsWith('GET /api/v1/pods') && at > 500 ? internal : undefined);
    expect((await drain(world)).ok).toBe(false);
  });

  it.each([
    ['pods', /GET \/api\/v1\/pods/],
    ['evictions', /eviction$/],
  ])('fails at once where it may not ask for %s', async (_, what) => {
    const world = worldOf([web('a')]);
    const message = 'HTTP 403: pods is forbidden: User "x"';
    world.fault = (asked) => (what.test(asked) ? { kind: 'refused', status: 403, message } : undefined);
    expect(await failure(world)).toContain(message);
    expect(world.now()).toBeLessThan(1000);
  });

  it('lets the pods of a namespace go that is being deleted, though they cannot be evicted', async () => {
    const world = worldOf([web('a')]);
    const message = 'HTTP 403: unable to create new content in namespace shop because it is being terminated';
    world.fault = (asked) => (asked.endsWith('eviction') ? { kind: 'refused', status: 403, message } : undefined);
    void sleep(20_000).then(() => {
      for (const pod of world.pods) pod.deletedAt = world.now();
    });
    expect((await drain(world)).ok).toBe(true);
  });

  it('stops with the run, and names how many pods are left', async () => {
    const world = worldOf([web('a'), web('b')], [budget()]);
    const stop = new AbortController();
    void sleep(7000).then(() => stop.abort());
    expect(await drain(world, 10 * minute, stop.signal)).toMatchObject({
      error: { message: 'the run was stopped during the drain with 2 pods left' },
    });
    expect(world.now()).toBe(7000);
    const silent = worldOf([]);
    silent.fault = () => silence;
    expect(await drain(silent, minute, stop.signal)).toMatchObject({
      error: { message: 'the run was stopped during the drain' },
    });
  });

  it('gives each request the rest of its time, and the last one a second', async () => {
    const world = worldOf([web('a', { ends: Infinity })]);
    await drain(world, 15_000);
    const over = world.asked.filter(
      ({ at, deadline = Infinity }) => at + deadline > 16_000 || deadline < 1000 || deadline > 10_000,
    );
    expect(over).toEqual([]);
  });

  it('refuses a list with a pod that has no name', async () => {
    const gateway = {
      ...worldOf([]).gateway(),
      get: () => Promise.resolve({ ok: true as const, value: { items: [{ spec: { nodeName: 'n1' } }] } }),
    };
    const drained = await drainNode(gateway, 'n1', { deadline: 5000 });
    expect(drained).toMatchObject({ error: { kind: 'malformed' } });
  });
});

const anyPod = fc.record(
  {
    owner: fc.constantFrom('ReplicaSet/r', 'DaemonSet/d', 'DaemonSet/gone', 'StatefulSet/s'),
    phase: fc.constantFrom('Running', 'Pending', 'Succeeded', 'Failed'),
    isMirror: fc.boolean(),
    hasLocalData: fc.boolean(),
    ends: fc.constantFrom(0, 5000, 40_000),
    labels: fc.constantFrom<Record<string, string>>({ app: 'web' }, {}),
  },
  { requiredKeys: [] },
);

it('a drain evicts all pods or none that it should not, in any world', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyPod, { maxLength: 6 }),
      fc.constantFrom(0, 30_000, Infinity),
      async (pods, opensAt) => {
        const named = pods.map((pod, at): WorldPod => ({ ...pod, name: `p${at}` }));
        const world = worldOf(named, [budget({ opensAt })]);
        world.daemonSets = ['shop/d'];
        const drained = await drain(world);
        const stays = ({ phase, isMirror, owner }: WorldPod): boolean =>
          isMirror === true || ['Succeeded', 'Failed'].includes(phase ?? '') || owner === 'DaemonSet/d';
        const mustGo = named.filter((pod) => !stays(pod));
        const forbidden = mustGo.filter(
          ({ owner, hasLocalData }) => owner === undefined || owner === 'DaemonSet/gone' || hasLocalData === true,
        );
        const held = mustGo.filter(({ labels }) => opensAt === Infinity && labels?.['app'] === 'web');
        const evicted = new Set(world.evicted());
        const free = forbidden.length === 0 ? mustGo.map(({ name }) => name) : [];
        expect([...evicted].sort()).toEqual(free.sort());
        expect(drained.ok).toBe(forbidden.length === 0 && held.length === 0);
      },
    ),
  );
});

describe('what a drain reads', () => {
  it('is never trusted', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (object) => {
        const pod = readPod(object);
        if (pod !== undefined) fateOf(pod, () => false);
      }),
    );
  });

  it.each<[object | null, Record<string, string>, boolean]>([
    [{}, {}, true],
    [null, { app: 'web' }, false],
    [{ matchLabels: { app: 'web' } }, { app: 'web', x: 'y' }, true],
    [{ matchLabels: { app: 'web' } }, { app: 'db' }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'web'] }] }, { app: 'web' }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, {}, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, { app: 'web' }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, { app: '' }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, { app: '' }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'Gt', values: ['1'] }] }, { app: '2' }, false],
    [{ matchLabels: { constructor: 'x' } }, {}, false],
  ])('%j selects %j: %s', (selector, labels, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });
});
