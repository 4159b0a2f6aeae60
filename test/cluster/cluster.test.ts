import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCluster } from '../../src/cluster/cluster.js';
import type { Gateway } from '../../src/cluster/gateway.js';
import { fail, ok } from '../../src/lib/result.js';

const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

/** By path: an answer, or the status of a refusal. */
function gatewayOf(answers: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const gateway: Gateway = {
    get(path) {
      asked.push(path);
      const whole = path.replace(/\?limit=500$/, '');
      const answer = whole in answers ? answers[whole] : 403;
      if (typeof answer !== 'number') return Promise.resolve(ok(answer));
      return Promise.resolve(fail({ kind: 'refused', status: answer, message: `HTTP ${answer}: ${path}` }));
    },
    send: () => Promise.reject(new Error('nothing is written here')),
    kubectl: () => Promise.resolve(ok(undefined)),
    close: () => Promise.resolve(),
  };
  return { cluster: createCluster(gateway), asked };
}

const node = (name: string, over: object = {}): object => ({
  metadata: { name, labels: {} },
  status: {
    conditions: [
      { type: 'DiskPressure', status: 'False' },
      { type: 'Ready', status: 'True', message: 'fine' },
    ],
    addresses: [{ type: 'InternalIP', address: `10.0.0.${name.slice(1)}` }],
    nodeInfo: { kubeletVersion: 'v1.31.4' },
  },
  ...over,
});

it('reads nodes and leases with two lists, shared by those who ask at once', async () => {
  const control = { metadata: { name: 'c1', labels: { 'node-role.kubernetes.io/control-plane': '' } } };
  const { cluster, asked } = gatewayOf({
    '/api/v1/nodes': { items: [node('n1'), node('n2', control)] },
    [leases]: { items: [{ metadata: { name: 'n1' }, spec: { renewTime: 't1' } }] },
  });
  const [view] = await Promise.all([cluster.view(1000), cluster.view(1000), cluster.view(1000)]);
  expect(asked).toEqual(['/api/v1/nodes?limit=500', `${leases}?limit=500`]);
  const ready = { ready: 'True', reason: 'fine', kubeletVersion: 'v1.31.4', leaseRenewed: 't1' };
  expect(view.ok && view.value.get('n1')).toMatchObject({ ...ready, addresses: ['10.0.0.1'], controlPlane: false });
  expect(view.ok && view.value.get('c1')).toMatchObject({ controlPlane: true, leaseRenewed: undefined });
});

it('is an error where a list is none: an empty cluster would look like one where all is well', async () => {
  const good = { items: [] };
  for (const bad of ['ok', null, [], {}, { items: {} }]) {
    for (const answers of [
      { '/api/v1/nodes': bad, [leases]: good },
      { '/api/v1/nodes': good, [leases]: bad },
    ]) {
      expect(await gatewayOf(answers).cluster.view()).toMatchObject({ ok: false, error: { kind: 'malformed' } });
    }
  }
  expect(await gatewayOf({ '/api/v1/nodes': good }).cluster.view()).toMatchObject({
    ok: false,
    error: { status: 403 },
  });
});

const many = Array.from({ length: 501 }, (_, at) => node(`n${at}`));
const leaseOf = (name: string): object => ({ metadata: { name }, spec: { renewTime: 't1', leaseDurationSeconds: 40 } });

it('reads one node from the shared list, or by itself where the list is long', async () => {
  const alone = { '/api/v1/nodes/n7': node('n7'), [`${leases}/n7`]: leaseOf('n7') };
  const few = gatewayOf({ '/api/v1/nodes': { items: many.slice(1) }, [leases]: { items: [leaseOf('n7')] }, ...alone });
  const large = gatewayOf({ '/api/v1/nodes': { items: many }, [leases]: { items: [] }, ...alone });
  for (const { cluster } of [few, large]) {
    expect(cluster.isLarge()).toBe(false);
    await cluster.view();
    expect(await cluster.node('n7')).toMatchObject({ value: { name: 'n7', ready: 'True', leaseRenewed: 't1' } });
  }
  expect([few.cluster.isLarge(), large.cluster.isLarge()]).toEqual([false, true]);
  expect(few.asked.filter((path) => path.endsWith('/n7'))).toEqual([]);
  expect(large.asked.slice(2)).toEqual(['/api/v1/nodes/n7', `${leases}/n7`]);
});

it.each([
  ['a 404 for a Node of the list: the list tells', 404, 200, { ok: true, value: { name: 'n7', leaseRenewed: 'list' } }],
  ['no Lease', 200, 404, { ok: true, value: { name: 'n7', ready: 'True', leaseRenewed: undefined } }],
  ['no answer for the Node', 500, 200, { ok: false, error: { status: 500 } }],
  ['no answer for the Lease', 200, 500, { ok: false, error: { status: 500 } }],
  ['no right to get a Node: the list tells', 403, 200, { ok: true, value: { name: 'n7', leaseRenewed: 'list' } }],
  ['no right to get a Lease: the list tells', 200, 403, { ok: true, value: { name: 'n7', leaseRenewed: 'list' } }],
] as const)('one node of a large cluster: %s', async (_, nodeStatus, leaseStatus, expected) => {
  const held = { ...leaseOf('n7'), spec: { renewTime: 'list' } };
  const { cluster } = gatewayOf({
    ...{ '/api/v1/nodes': { items: many }, [leases]: { items: [held] } },
    ...{ '/api/v1/nodes/n7': nodeStatus === 200 ? node('n7') : nodeStatus },
    [`${leases}/n7`]: leaseStatus === 200 ? leaseOf('n7') : leaseStatus,
  });
  await cluster.view();
  expect(await cluster.node('n7')).toMatchObject(expected);
});

it('knows that there is no such Node, and that it may not ask for one alone', async () => {
  const lists = { '/api/v1/nodes': { items: many }, [leases]: { items: [] } };
  const { cluster, asked } = gatewayOf({ ...lists, '/api/v1/nodes/gone': 404, [`${leases}/gone`]: 404 });
  await cluster.view();
  expect(await cluster.node('gone')).toEqual({ ok: true, value: undefined });
  expect(await cluster.node('n7')).toMatchObject({ ok: true, value: { name: 'n7' } });
  expect(await cluster.node('n8')).toMatchObject({ ok: true, value: { name: 'n8' } });
  // n7 was refused by 403, so nobody asks for n8.
  expect(asked.filter((path) => /[/]n[78]$/.test(path))).toEqual(['/api/v1/nodes/n7', `${leases}/n7`]);
});

it('takes no other object for the Node that it asked for', async () => {
  const lists = { '/api/v1/nodes': { items: many }, [leases]: { items: [] }, [`${leases}/n7`]: leaseOf('n7') };
  for (const wrong of [node('n8'), 'text', null, { items: [] }]) {
    const { cluster } = gatewayOf({ ...lists, '/api/v1/nodes/n7': wrong });
    await cluster.view();
    expect(await cluster.node('n7')).toMatchObject({ ok: false, error: { kind: 'malformed' } });
  }
});

it('never throws and never takes nonsense for Ready', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.jsonValue()), async (nodes, list) => {
      const view = await gatewayOf({ '/api/v1/nodes': { items: nodes }, [leases]: { items: list } }).cluster.view();
      expect(view.ok && [...view.value.values()].every(({ ready }) => ready === 'Unknown')).toBe(true);
    }),
  );
  const status = { conditions: [{ type: 'Ready', status: 'true', message: 'a\u001b[2Jb\nc' }] };
  const answers = { '/api/v1/nodes': { items: [node('n1', { status })] }, [leases]: { items: [] } };
  const view = await gatewayOf(answers).cluster.view();
  expect(view.ok && view.value.get('n1')).toMatchObject({ ready: 'Unknown', reason: 'ab c' });
});

it('asks a kubelet for its configuration by a name that cannot leave its place', async () => {
  const path = '/api/v1/nodes/..%2F..%2Fx/proxy/configz';
  const { cluster, asked } = gatewayOf({ [path]: { kubeletconfig: { a: 1 } } });
  expect(await cluster.configz('../../x')).toEqual({ ok: true, value: { a: 1 } });
  expect(asked).toEqual([path]);
  for (const bad of ['text', {}, { kubeletconfig: [] }, null]) {
    const other = gatewayOf({ '/api/v1/nodes/n1/proxy/configz': bad });
    expect(await other.cluster.configz('n1')).toMatchObject({ ok: false, error: { kind: 'malformed' } });
  }
});

it('reads the client CA where it may, and is ready where /readyz answers', async () => {
  const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
  const { cluster } = gatewayOf({ [path]: { data: { 'client-ca-file': 'PEM' } }, '/readyz': 'ok' });
  const parts = gatewayOf({ '/readyz/etcd': 'ok' }).cluster;
  expect([(await parts.readyz('etcd')).ok, (await parts.readyz('ping')).ok, (await parts.readyz()).ok]).toEqual([
    true,
    false,
    false,
  ]);
  const live = gatewayOf({ '/livez/etcd': 'ok' });
  expect([(await live.cluster.readyz('etcd')).ok, (await live.cluster.readyz('etcd', 'livez')).ok]).toEqual([
    false,
    true,
  ]);
  expect(live.asked).toEqual(['/readyz/etcd', '/livez/etcd']);
  expect([await cluster.clientCa(), (await cluster.readyz()).ok]).toEqual(['PEM', true]);
  const closed = gatewayOf({}).cluster;
  expect([await closed.clientCa(), (await closed.readyz()).ok]).toEqual([undefined, false]);
  expect(await gatewayOf({ [path]: { data: { 'client-ca-file': 7 } } }).cluster.clientCa()).toBeUndefined();
});
