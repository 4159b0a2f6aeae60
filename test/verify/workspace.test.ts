/** What verify creates in the cluster is gone afterwards, and nothing of others goes with it. */
import { describe, expect, it } from 'vitest';
import type { ApiRequest, Gateway } from '../../src/cluster/gateway.js';
import { ownMark } from '../../src/lib/process-mark.js';
import { fail, ok } from '../../src/lib/result.js';
import { openWorkspace, paths, removeLeftovers } from '../../src/verify/workspace.js';

const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
const now = Date.parse('2026-11-23T12:00:00Z');

/** An API server that keeps objects by path. `refuse`: why a request fails. */
function fakeApi(refuse: (request: ApiRequest) => number | undefined = () => undefined) {
  const objects = new Map<string, unknown>();
  const send: Gateway['send'] = (request) => {
    const status = refuse(request);
    const { method, path, body } = request;
    if (status !== undefined) {
      // An answer that is lost: the object was created.
      if (status === 0 && method === 'POST') objects.set(nameIn(path, body), body);
      const kind = status === 0 ? 'unreachable' : 'refused';
      return Promise.resolve(
        fail({ kind, status: status === 0 ? undefined : status, message: `HTTP ${status}` } as const),
      );
    }
    if (method === 'POST') objects.set(nameIn(path, body), body);
    if (method === 'DELETE' && !objects.delete(path))
      return Promise.resolve(fail({ kind: 'refused', status: 404, message: 'HTTP 404' } as const));
    return Promise.resolve(ok({ body: {}, date: now }));
  };
  const get: Gateway['get'] = (path) => {
    const [list = ''] = path.split('?');
    if (path.includes('?')) {
      const items = [...objects].filter(
        ([key]) => key.startsWith(`${list}/`) && !key.slice(list.length + 1).includes('/'),
      );
      return Promise.resolve(ok({ items: items.map(([, object]) => object), metadata: {} }));
    }
    const found = objects.get(path);
    return Promise.resolve(
      found === undefined ? fail({ kind: 'refused', status: 404, message: 'HTTP 404' } as const) : ok(found),
    );
  };
  const api: Gateway = { get, send, kubectl: () => Promise.resolve(ok(undefined)), close: () => Promise.resolve() };
  return { api, objects };
}
const nameIn = (path: string, body: object | undefined): string =>
  `${path}/${(body as { metadata: { name: string } }).metadata.name}`;

const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'with-1' };

describe('a workspace', () => {
  it('is a namespace for restricted pods, and is gone with all that is in it', async () => {
    const { api, objects } = fakeApi();
    const opened = await openWorkspace(api);
    if (!opened.ok) throw new Error(opened.error.message);
    const { value: workspace } = opened;
    const { namespace } = workspace;
    expect(objects.get(`/api/v1/namespaces/${namespace}`)).toMatchObject({
      metadata: { labels: { 'kubelatch.dev/part': 'verify', 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    await workspace.create(paths.serviceAccounts(namespace), account);
    await workspace.create(roles, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      name: `${namespace}-1`,
    });
    expect(objects.size).toBe(3);
    expect(await workspace.close()).toBeUndefined();
    expect([...objects.keys()]).toEqual([]);
  });

  it('removes what an answer that was lost has created', async () => {
    const { api, objects } = fakeApi(({ method, path }) => (method === 'POST' && path === roles ? 0 : undefined));
    const opened = await openWorkspace(api);
    if (!opened.ok) throw new Error(opened.error.message);
    const made = await opened.value.create(roles, { apiVersion: 'v1', kind: 'ClusterRole', name: 'x' });
    expect([made.ok, objects.size]).toEqual([false, 2]);
    expect(await opened.value.close()).toBeUndefined();
    expect(objects.size).toBe(0);
  });

  it('says what it could not remove', async () => {
    const { api } = fakeApi(({ method, path }) => (method === 'DELETE' && path.startsWith(roles) ? 403 : undefined));
    const opened = await openWorkspace(api);
    if (!opened.ok) throw new Error(opened.error.message);
    await opened.value.create(roles, { apiVersion: 'v1', kind: 'ClusterRole', name: 'left' });
    expect(await opened.value.close()).toBe('not removed from the cluster: left');
  });

  it('is none where the namespace is refused', async () => {
    const { api, objects } = fakeApi(({ method }) => (method === 'POST' ? 403 : undefined));
    expect(await openWorkspace(api)).toMatchObject({ ok: false, error: { status: 403 } });
    expect(objects.size).toBe(0);
  });
});

describe('leftovers', () => {
  const dead = { ...ownMark(), started: 'another boot:1' };
  const elsewhere = { machine: 'another', pid: 1, started: 'x', namespace: '' };
  const namespaceOf = (name: string, owner: unknown, created: string) => ({
    metadata: { name, creationTimestamp: created, annotations: { 'kubelatch.dev/owner': owner } },
  });
  it.each([
    ['of a dead process', 'kubelatch-verify-0a1b2c3d', JSON.stringify(dead), '2026-11-23T11:59:00Z', true],
    ['of this process', 'kubelatch-verify-0a1b2c3d', JSON.stringify(ownMark()), '2026-11-01T00:00:00Z', false],
    [
      'of another machine, a minute old',
      'kubelatch-verify-0a1b2c3d',
      JSON.stringify(elsewhere),
      '2026-11-23T11:59:00Z',
      false,
    ],
    [
      'of another machine, a day old',
      'kubelatch-verify-0a1b2c3d',
      JSON.stringify(elsewhere),
      '2026-11-22T11:59:00Z',
      true,
    ],
    ['of nobody, a minute old', 'kubelatch-verify-0a1b2c3d', 'rubbish', '2026-11-23T11:59:00Z', false],
    ['that somebody labelled', 'kube-system', JSON.stringify(dead), '2020-01-01T00:00:00Z', false],
    ['with a name almost right', 'kubelatch-verify-0a1b2c3d-', JSON.stringify(dead), '2020-01-01T00:00:00Z', false],
  ])('%s (%s)', async (_, name, owner, created, removed) => {
    const { api, objects } = fakeApi();
    objects.set(`/api/v1/namespaces/${name}`, namespaceOf(name, owner, created));
    const notes = await removeLeftovers(api);
    expect(objects.size).toBe(removed ? 0 : 1);
    expect(notes).toEqual(removed ? [`removed namespace ${name}, which an earlier run left behind`] : []);
  });
});
