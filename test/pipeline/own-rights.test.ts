/** What a change needs at the API server: a missing right is told before anything is changed. */
import { expect, it } from 'vitest';
import { createCluster } from '../../src/cluster/cluster.js';
import type { ApiRequest, Gateway } from '../../src/cluster/gateway.js';
import { fail, ok } from '../../src/lib/result.js';
import { refuseWithoutRights } from '../../src/pipeline/own-rights.js';

/** An API server whose account has these rights; `NAME` behind a right: for that object only. */
function clusterAllowing(rights: readonly string[] | 'no answer') {
  const asked: string[] = [];
  const send: Gateway['send'] = ({ path, body }: ApiRequest) => {
    expect(path).toBe('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews');
    const spec = (body as { spec: { resourceAttributes: Record<string, string | undefined> } }).spec;
    const { verb, resource, subresource, name } = spec.resourceAttributes;
    const right = [verb, [resource, subresource].filter(Boolean).join('/'), name].filter(Boolean).join(' ');
    asked.push(right);
    if (rights === 'no answer') return Promise.resolve(fail({ kind: 'unreachable', message: 'no answer' }));
    return Promise.resolve(ok({ body: { status: { allowed: rights.includes(right) } }, date: 0 }));
  };
  const api = { send } as unknown as Gateway;
  return { cluster: createCluster(api), asked };
}

const plans = ['n1', 'n2'].map((nodeName) => ({ nodeName, restart: true }));
const plain = { cordon: false, drain: false };
const draining = { cordon: false, drain: true };
const all = ['get nodes/proxy', 'patch nodes', 'list pods', 'create pods/eviction'];

it.each([
  { title: 'all of them', rights: all, flags: draining, refused: undefined },
  { title: 'what a change without draining needs', rights: ['get nodes/proxy'], flags: plain, refused: undefined },
  { title: 'none', rights: [], flags: plain, refused: 'get nodes/proxy' },
  {
    title: 'no right to cordon',
    rights: ['get nodes/proxy'],
    flags: { ...plain, cordon: true },
    refused: 'patch nodes',
  },
  { title: 'no right to evict', rights: all.slice(0, 3), flags: draining, refused: 'create pods/eviction' },
  {
    title: 'the right by name',
    rights: ['get nodes/proxy n1', 'get nodes/proxy n2'],
    flags: plain,
    refused: undefined,
  },
  { title: 'the right for one of two', rights: ['get nodes/proxy n1'], flags: plain, refused: 'get nodes/proxy' },
  { title: 'an API server that does not answer', rights: 'no answer' as const, flags: draining, refused: undefined },
])('$title', async ({ rights, flags, refused }) => {
  const { cluster } = clusterAllowing(rights);
  const asking = refuseWithoutRights(cluster, plans, flags);
  if (refused === undefined) await expect(asking).resolves.toBeUndefined();
  else
    await expect(asking).rejects.toMatchObject({
      code: 'cluster',
      message: expect.stringContaining(refused) as string,
    });
});

it('asks nothing where no kubelet is restarted, or without an API server', async () => {
  const { cluster, asked } = clusterAllowing([]);
  await refuseWithoutRights(cluster, [{ nodeName: 'n1', restart: false }], draining);
  await refuseWithoutRights(undefined, plans, draining);
  expect(asked).toEqual([]);
});
