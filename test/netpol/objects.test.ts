/** Applying and removing policies: a dry run first, only what is ours, nothing half kept, nothing lost that others wrote. */
import { describe, expect, it } from 'vitest';
import type { LeaseRefusal, RunLease } from '../../src/cluster/run-lease.js';
import { changeDiff } from '../../src/netpol/manifest-text.js';
import { manifestOf, objectPath } from '../../src/netpol/manifest.js';
import type { Manifest } from '../../src/netpol/model.js';
import { lostOf, makeChanges, ownedObjects, proposeChanges } from '../../src/netpol/objects.js';
import { applyPolicy, removePolicies } from '../../src/pipeline/netpol-apply.js';
import { fail, ok } from '../../src/lib/result.js';
import { ApiServer } from './api-server.js';

const own = { 'app.kubernetes.io/managed-by': 'kubelatch' };
const policy = (namespace = 'shop', port = 1): Manifest =>
  manifestOf({ kind: 'NetworkPolicy', name: 'p', namespace }, { podSelector: {}, egress: [{ ports: [{ port }] }] });
const tier = manifestOf({ kind: 'Tier', name: 'kubelatch' }, { order: 500 });
const inTier = manifestOf({ kind: 'GlobalNetworkPolicy', name: 'kubelatch.p' }, { tier: 'kubelatch' });
const place = { shutdown: new AbortController().signal, report: () => undefined };
/** Notes when the run lock is taken and given back among the requests. */
const lockable = (server: ApiServer, refusal?: LeaseRefusal, problem: RunLease['problem'] = () => undefined) => ({
  api: server.gateway,
  lock: ({ run }: { readonly run: string }) => {
    server.asked.push(`lock for ${run}`);
    const release = (): Promise<void> => Promise.resolve(void server.asked.push('unlock'));
    return Promise.resolve(
      refusal === undefined ? ok({ identity: 'me@here netpol/00', problem, release }) : fail(refusal),
    );
  },
});
const yes = (): Promise<boolean> => Promise.resolve(true);
const apply = (server: ApiServer, manifests: readonly Manifest[], approve = yes) =>
  applyPolicy(place, lockable(server), manifests, approve);

describe('applying', () => {
  it('asks for a dry run, then for a yes, and changes nothing the second time', async () => {
    const server = new ApiServer();
    const asked: unknown[] = [];
    const first = await applyPolicy(place, lockable(server), [policy()], (changes, others) => {
      asked.push(changes[0]?.diff, others, [...server.asked]);
      return yes();
    });
    expect(first).toMatchObject([{ object: 'NetworkPolicy shop/p', outcome: 'created' }]);
    expect(asked).toEqual([
      expect.stringContaining('+  podSelector: {}'),
      [],
      ['dry POST /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies'],
    ]);
    const before = server.asked.length;
    const never = (): Promise<boolean> => Promise.reject(new Error('asked'));
    expect(await apply(server, [policy()], never)).toMatchObject([{ outcome: 'unchanged', diff: '' }]);
    expect(server.asked.slice(before)).toEqual([`dry PUT ${objectPath(policy())}`]);
  });

  it('changes nothing without a yes', async () => {
    const server = new ApiServer();
    expect(await apply(server, [policy()], () => Promise.resolve(false))).toBeUndefined();
    expect(server.objects.size).toBe(0);
  });

  it('updates what is ours, with a diff, and keeps labels of others', async () => {
    const server = new ApiServer();
    const held = { metadata: { name: 'p', namespace: 'shop', labels: { ...own, team: 'a' } }, spec: policy().spec };
    server.put(objectPath(policy()), held);
    const changes = await apply(server, [policy('shop', 2)]);
    expect(changes?.[0]?.outcome).toBe('updated');
    expect(changes?.[0]?.diff).toContain('-        - port: 1\n+        - port: 2\n');
    expect(server.objects.get(objectPath(policy()))).toMatchObject({
      metadata: { labels: { ...own, team: 'a' } },
      spec: policy('shop', 2).spec,
    });
  });

  it('leaves an object of somebody else alone', async () => {
    const server = new ApiServer();
    server.put(objectPath(policy()), { metadata: { name: 'p', namespace: 'shop' }, spec: {} });
    await expect(apply(server, [policy()])).rejects.toMatchObject({
      message: expect.stringContaining('without the label') as string,
    });
    expect(server.asked).toEqual([]);
  });

  it('refuses an API server that would keep another policy than was sent', async () => {
    const server = new ApiServer();
    server.keep = (spec) =>
      JSON.parse(JSON.stringify(spec, (key, value: unknown) => (key === 'port' ? undefined : value))) as unknown;
    await expect(apply(server, [policy()])).rejects.toMatchObject({
      message: expect.stringContaining('spec.egress[0].ports[0].port') as string,
    });
    expect(server.objects.size).toBe(0);
  });

  it('loses a race safely', async () => {
    const server = new ApiServer();
    const proposed = await proposeChanges(server.gateway, [policy()]);
    if (!proposed.ok) throw new Error(proposed.error.reason);
    server.put(objectPath(policy()), { metadata: { name: 'p', namespace: 'shop', labels: own }, spec: { other: 1 } });
    expect(await makeChanges(server.gateway, proposed.value)).toMatchObject({
      done: [],
      failed: { reason: expect.stringContaining('changed meanwhile') as string },
    });
    expect(server.objects.get(objectPath(policy()))?.spec).toEqual({ other: 1 });
  });

  it('tells what was done, what failed and what was not begun', async () => {
    const server = new ApiServer();
    const denied = { kind: 'refused', status: 403, message: 'HTTP 403: forbidden' } as const;
    server.before = ({ path, dryRun }) => (path.includes('/b/') && dryRun !== true ? denied : undefined);
    const changes = await apply(server, [policy('a'), policy('b'), policy('c')]);
    expect(changes?.map(({ outcome }) => outcome)).toEqual(['created', 'failed', 'skipped']);
    expect(changes?.[1]?.reason).toContain('forbidden');
  });

  it('lets a policy wait for its tier, whose dry run alone cannot be made before', async () => {
    const server = new ApiServer();
    const noTier = { kind: 'refused', status: 422, message: 'HTTP 422: no tier' } as const;
    server.before = ({ path }) =>
      path.includes('globalnetworkpolicies') && !server.objects.has(objectPath(tier)) ? noTier : undefined;
    const told: unknown[] = [];
    const changes = await applyPolicy(place, lockable(server), [tier, inTier], (proposed) => {
      told.push(proposed.map(({ reason }) => reason));
      return yes();
    });
    expect(told).toEqual([[undefined, expect.stringContaining('has to wait for Tier kubelatch')]]);
    expect(changes?.map(({ outcome }) => outcome)).toEqual(['created', 'created']);
    expect(server.asked.at(-3)).toMatch(/^dry POST/);
    server.before = () => noTier;
    await expect(apply(new ApiServer(), [policy()])).resolves.toBeDefined();
    await expect(apply(server, [policy()])).rejects.toThrow('refused by the API server');
  });

  it('names the other policies of kubelatch', async () => {
    const server = new ApiServer();
    server.put(objectPath(policy('old')), { metadata: { name: 'p', namespace: 'old', labels: own }, spec: {} });
    const told: unknown[] = [];
    await applyPolicy(place, lockable(server), [policy()], (_, others) => {
      told.push(others);
      return yes();
    });
    expect(told).toEqual([['NetworkPolicy old/p']]);
  });
});

describe('removing', () => {
  it('takes what has the label, a policy before its tier, and nothing else', async () => {
    const server = new ApiServer();
    for (const one of [tier, inTier, policy()])
      server.put(objectPath(one), {
        metadata: { ...one.metadata, labels: own } as { name: string; labels: Record<string, string> },
        spec: {},
      });
    server.put(objectPath(policy('other')), { metadata: { name: 'p', namespace: 'other' }, spec: {} });
    const changes = await removePolicies(place, lockable(server), yes);
    expect(changes?.map(({ object, outcome }) => `${object} ${outcome}`)).toEqual([
      'NetworkPolicy shop/p removed',
      'GlobalNetworkPolicy kubelatch.p removed',
      'Tier kubelatch removed',
    ]);
    expect([...server.objects.keys()]).toEqual([objectPath(policy('other'))]);
    expect(await removePolicies(place, lockable(server), yes)).toEqual([]);
  });

  it('leaves what changed since it was listed', async () => {
    const server = new ApiServer();
    server.put(objectPath(policy()), { metadata: { name: 'p', namespace: 'shop', labels: own }, spec: {} });
    const changes = await removePolicies(place, lockable(server), () => {
      server.put(objectPath(policy()), { metadata: { name: 'p', namespace: 'shop' }, spec: {} });
      return yes();
    });
    expect(changes).toMatchObject([{ outcome: 'failed' }]);
    expect(server.objects.size).toBe(1);
  });

  it('waits for an API server that asks for time', async () => {
    const server = new ApiServer();
    let left = 1;
    const get: typeof server.gateway.get = (path) =>
      left-- > 0
        ? Promise.resolve(fail({ kind: 'refused', status: 429, message: 'HTTP 429: storage is (re)initializing' }))
        : server.gateway.get(path);
    expect(await ownedObjects({ ...server.gateway, get })).toEqual(ok([]));
  });

  it('changes nothing without a yes', async () => {
    const server = new ApiServer();
    server.put(objectPath(policy()), { metadata: { name: 'p', namespace: 'shop', labels: own }, spec: {} });
    expect(await removePolicies(place, lockable(server), () => Promise.resolve(false))).toBeUndefined();
    const owned = await ownedObjects(server.gateway);
    expect(owned.ok && owned.value.length).toBe(1);
  });
});

it('defaults that are added are no loss, other values and shorter lists are', () => {
  expect(lostOf({ a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }], d: 3 }, 'spec')).toBeUndefined();
  expect(lostOf({ a: [{ b: 1 }] }, { a: [] }, 'spec')).toBe('spec.a');
  expect(lostOf({ a: {} }, {}, 'spec')).toBe('spec.a');
  expect(lostOf({ a: 1 }, { a: '1' }, 'spec')).toBe('spec.a');
});

it('a diff holds no control characters of an object that somebody else wrote', () => {
  const before = { labels: own, spec: { x: 'a\u001b[31mb\u202e' } };
  const diff = changeDiff({ manifest: policy(), action: 'update', before, after: { labels: own, spec: {} } });
  expect(diff).not.toMatch(/[\u001b\u202e]/);
});

describe('the run lock', () => {
  const by = { identity: 'eve@there netpol/0a', operator: 'eve@there', run: 'netpol', age: 3000, duration: 20_000 };
  const held: LeaseRefusal = { kind: 'held', by, renewed: true };
  const withPolicy = (): ApiServer => {
    const server = new ApiServer();
    server.put(objectPath(policy()), { metadata: { name: 'p', namespace: 'shop', labels: own }, spec: policy().spec });
    return server;
  };

  it('is held while objects are written or removed, and not while somebody is asked', async () => {
    const server = new ApiServer();
    const path = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
    await applyPolicy(place, lockable(server), [policy()], () => Promise.resolve(server.asked.push('asked') > 0));
    await removePolicies(place, lockable(server), () => Promise.resolve(server.asked.push('asked') > 0));
    expect(server.asked).toEqual([
      ...[`dry POST ${path}`, 'asked', 'lock for netpol', `POST ${path}`, 'unlock'],
      ...['asked', 'lock for netpol', `DELETE ${path}/p`, 'unlock'],
    ]);
  });

  it('is not taken where nothing would be written', async () => {
    const server = withPolicy();
    await apply(server, [policy()]);
    expect(server.asked).not.toContain('lock for netpol');
  });

  it('keeps two operators apart', async () => {
    const server = withPolicy();
    const refused = /^eve@there \(netpol\) holds the run lock of this cluster: taken 3 s ago, still renewed$/;
    await expect(applyPolicy(place, lockable(server, held), [policy('shop', 2)], yes)).rejects.toThrow(refused);
    await expect(removePolicies(place, lockable(server, held), yes)).rejects.toThrow(refused);
    expect(server.asked.filter((one) => /^(POST|PUT|DELETE)/.test(one))).toEqual([]);
  });

  it('once lost, stops what was not written yet', async () => {
    const server = new ApiServer();
    let writes = 0;
    server.before = ({ dryRun }) => void (writes += dryRun === true ? 0 : 1);
    const lost = () => (writes === 0 ? undefined : { reason: 'the run lock was taken over by eve@there', final: true });
    const changes = await applyPolicy(place, lockable(server, undefined, lost), [policy('a'), policy('b')], yes);
    expect(changes).toMatchObject([
      { outcome: 'created' },
      { outcome: 'failed', reason: 'the run lock was taken over by eve@there' },
    ]);
    const removed = await removePolicies(place, lockable(server, undefined, lost), yes);
    expect(removed).toMatchObject([{ outcome: 'failed' }]);
    expect(server.objects.size).toBe(1);
  });
});
