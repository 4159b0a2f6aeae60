/** docs/rbac.md: its roles hold the rights that the code uses, and no others. */
import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/cluster/cluster.js';
import { readConfigMap, writeConfigMap } from '../../src/cluster/config-map.js';
import type { ApiRequest, Gateway } from '../../src/cluster/gateway.js';
import { mayAccess, serviceAccountSubject } from '../../src/consumers/access-review.js';
import { approveRequest } from '../../src/csr/approve.js';
import { readKnownCluster } from '../../src/csr/known-cluster.js';
import { fail, ok } from '../../src/lib/result.js';
import { managedBy, manifestOf, owner, resources } from '../../src/netpol/manifest.js';
import { ownedObjects, proposeChanges, removeObject } from '../../src/netpol/objects.js';
import { readCluster } from '../../src/netpol/read-cluster.js';
import { findConsumers } from '../../src/pipeline/consumers.js';
import { authorities } from '../../src/pipeline/csr-approval.js';
import { whyNoApprover } from '../../src/pipeline/serving-findings.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import { createTokens } from '../../src/verify/tokens.js';
import { askFromPod } from '../../src/verify/probe-pod.js';
import { openWorkspace, removeLeftovers } from '../../src/verify/workspace.js';
import { type DocumentedRole, type Right, rightOf, rightsOf, rolesIn } from './rights.js';

const roles = rolesIn('docs/rbac.md');
const role = (name: string): DocumentedRole => {
  const found = roles.find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`no role ${name}`);
  return found;
};

const gone = Symbol('404');

/** An API server that notes which rights it is asked with. `answer`: what a request gets; else an empty list, or what was sent. */
function asked(answer: (request: ApiRequest) => object | typeof gone | undefined = () => undefined) {
  const rights = new Set<Right>();
  const send: Gateway['send'] = (request) => {
    rights.add(rightOf(request));
    const body = answer(request) ?? request.body ?? { items: [] };
    if (body === gone) return Promise.resolve(fail({ kind: 'refused', status: 404, message: 'HTTP 404' }));
    return Promise.resolve(ok({ body, date: 0 }));
  };
  const api: Gateway = {
    get: async (path) => {
      const answered = await send({ method: 'GET', path });
      return answered.ok ? ok(answered.value.body) : answered;
    },
    send,
    kubectl: ([verb = '']) => {
      // kubectl reads the node, then patches it.
      if (['cordon', 'uncordon'].includes(verb)) rights.add('get /nodes').add('patch /nodes');
      return Promise.resolve(ok(undefined));
    },
    close: () => Promise.resolve(),
  };
  return { api, cluster: createCluster(api), used: (): Right[] => [...rights].sort() };
}

const documented = (...names: readonly string[]): Right[] =>
  [...new Set(names.flatMap((one) => rightsOf(role(one))))].sort();

describe('the roles of docs/rbac.md', () => {
  it('are objects of RBAC without a wildcard and without a name twice', () => {
    expect(JSON.stringify(roles)).not.toContain('*');
    const names = roles.map(({ metadata }) => metadata.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { kind, metadata } of roles)
      expect([kind, metadata.namespace]).toEqual(
        metadata.namespace === undefined ? ['ClusterRole', undefined] : ['Role', 'kube-system'],
      );
  });

  it('kubelatch-read changes nothing', () => {
    const changes = documented('kubelatch-read').filter((one) => !/^(get|list) /.test(one));
    expect(changes).toEqual(['create authorization.k8s.io/subjectaccessreviews']);
    expect(documented('kubelatch-read')).not.toContain('list /secrets');
  });

  it('kubelatch-read is what audit, plan, verify --read-only, csr list and netpol read', async () => {
    const groups = ['crd.projectcalico.org/v1', 'cilium.io/v2'].map((groupVersion) => ({
      versions: [{ groupVersion }],
    }));
    const { api, cluster, used } = asked(({ path }) => (path === '/apis' ? { groups } : undefined));
    await cluster.view();
    await cluster.configz('n1');
    await cluster.clientCa();
    await findConsumers({ consumers: undefined }, [], { readOnly: ['n1'], anonymous: [], webhook: [] }, cluster);
    await mayAccess(api, serviceAccountSubject('a', 'b'), { verb: 'get', subresource: 'proxy' });
    await whyNoApprover({ playbooks: [await loadPlaybook('tls')] }, cluster);
    await readConfigMap(api, 'kube-system', 'kubelet-config');
    await readKnownCluster(api, [], []);
    await authorities(cluster);
    await readCluster(api, '/api/v1/namespaces/kube-system/configmaps/kubeadm-config');
    // Every user may read these.
    const discovery = ['get /apis', 'get /version'];
    expect(used()).toEqual([...documented('kubelatch-read'), ...discovery].sort());
  });

  it('kubelatch-change and the run lock are what a run adds', async () => {
    const metadata = { namespace: 'a', name: 'p', uid: 'u' };
    const daemonSet = { kind: 'DaemonSet', name: 'd', controller: true };
    const pods = [
      { metadata: { ...metadata, ownerReferences: [{ kind: 'ReplicaSet', name: 'r', controller: true }] } },
      { metadata: { ...metadata, name: 'q', uid: 'v', ownerReferences: [daemonSet] } },
    ].map((one) => ({ ...one, spec: { nodeName: 'n1' } }));
    const many = Array.from({ length: 501 }, (_, at) => ({ metadata: { name: `n${at}` } }));
    let isEvicted = false;
    const { cluster, used } = asked(({ path }) => {
      isEvicted ||= path.endsWith('/eviction');
      if (path.startsWith('/api/v1/nodes?')) return { items: many };
      return path.startsWith('/api/v1/pods') ? { items: isEvicted ? [] : pods } : undefined;
    });
    await cluster.view();
    await cluster.node('n1');
    await cluster.cordon('n1', true);
    await cluster.drain('n1', { deadline: 10_000 });
    await cluster.readyz();
    for (const endpoint of ['readyz', 'livez', 'healthz'] as const) await cluster.readyz('etcd', endpoint);
    const read = documented('kubelatch-read');
    // The pod is not blocked here; drain-blockers.ts lists the budgets where one is.
    const added = [...used().filter((one) => !read.includes(one)), 'list policy/poddisruptionbudgets'].sort();
    expect(added).toEqual(documented('kubelatch-change'));
    expect(documented('kubelatch-run-lock')).toEqual(
      ['create', 'get', 'update'].map((verb) => `${verb} coordination.k8s.io/leases`),
    );
  });

  it('kubelatch-verify is what tokens and pods add', async () => {
    const { api, used } = asked(({ method, path }) => {
      if (path.endsWith('/token')) return { status: { token: 'abcdefghij' } };
      if (path.endsWith('/subjectaccessreviews')) return { status: { allowed: true } };
      return /^GET .*[/](namespaces|pods)[/][^/?]+$/.test(`${method} ${path}`) ? gone : undefined;
    });
    await removeLeftovers(api);
    const opened = await openWorkspace(api);
    if (!opened.ok) throw new Error(opened.error.message);
    const tokens = await createTokens(api, opened.value, 'n1');
    if (!tokens.ok) throw new Error(tokens.error);
    await tokens.value.remove();
    const stop = AbortSignal.abort();
    await askFromPod(api, opened.value, { node: 'n1', image: 'i', targets: [], stop });
    expect(await opened.value.close()).toBeUndefined();
    const known = [...documented('kubelatch-read'), 'get /version'];
    // Events are read once a pod did not run in time. Nobody can give a right that they do not have.
    const others = ['list /events', 'get /nodes/metrics'];
    const listed = ['clusterroles', 'clusterrolebindings'].map((one) => `list rbac.authorization.k8s.io/${one}`);
    expect(known).toEqual(expect.arrayContaining(listed));
    const added = [...used().filter((one) => !known.includes(one)), ...others].sort();
    expect(added).toEqual(documented('kubelatch-verify'));
  });

  it('kubelatch-approve is what an approval adds', async () => {
    const { api, used } = asked(() => ({ metadata: { name: 'r', uid: 'u', resourceVersion: '1' } }));
    await approveRequest(
      api,
      { name: 'r', uid: 'u' },
      () => ({ verdict: 'valid', reasons: [] }) as never,
      () => 'now',
    );
    // The API server checks this right itself when it is asked for the approval.
    expect([...used(), 'approve certificates.k8s.io/signers'].sort()).toEqual(documented('kubelatch-approve'));
  });

  it('kubelatch-netpol and kubelatch-persist are what netpol and persist write', async () => {
    const used = new Set<Right>();
    for (const held of [gone, { metadata: { labels: { [managedBy]: owner } } }] as const) {
      const { api, used: now } = asked(({ method, path }) =>
        method === 'GET' && !path.includes('?') ? held : undefined,
      );
      for (const { kind } of resources) {
        const place = { kind, name: 'p', namespace: kind === 'NetworkPolicy' ? 'shop' : undefined };
        await proposeChanges(api, [manifestOf(place, {})]);
        await removeObject(api, { kind, metadata: { ...place, labels: {} }, uid: 'u', version: '1' });
      }
      await ownedObjects(api);
      for (const one of now()) used.add(one);
    }
    expect([...used].sort()).toEqual(documented('kubelatch-netpol'));
    const written = asked();
    const object = { metadata: { namespace: 'kube-system', name: 'kubelet-config' } };
    const read = { object, name: 'kubelet-config', resourceVersion: '1', data: new Map<string, string>() };
    await writeConfigMap(written.api, read, { key: 'kubelet', text: 'x', dryRun: false });
    expect(written.used()).toEqual(documented('kubelatch-persist'));
  });
});
