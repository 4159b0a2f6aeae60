// The controller manager's part: nodes that stopped reporting turn Unknown, approved certificate requests get signed.
import { at, equal, listOf, objectOf, text, without, type Json, type JsonObject } from '../json.js';
import * as klog from '../klog.js';
import { requestSubject, signRequest, type Authority } from '../x509.js';
import { mustFind } from './resources.js';
import { nameOf, type Store } from './store.js';

const taintFor: Readonly<Record<string, string>> = {
  Unknown: 'node.kubernetes.io/unreachable',
  False: 'node.kubernetes.io/not-ready',
};
const ownTaints = Object.values(taintFor);

function condition(object: JsonObject, type: string): Json | undefined {
  return listOf(at(object, 'status', 'conditions')).find((item) => at(item, 'type') === type);
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function unknownConditions(node: JsonObject): Json[] {
  const types = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'];
  return types.map((type) => {
    const old = condition(node, type);
    const never = old === undefined;
    return {
      ...objectOf(old),
      type,
      status: 'Unknown',
      reason: never ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
      message: never ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
      lastTransitionTime: now(),
    };
  });
}

function withTaints(node: JsonObject): JsonObject {
  const state = text(at(condition(node, 'Ready'), 'status'), 'Unknown');
  const key = taintFor[state];
  const taints = listOf(at(node, 'spec', 'taints'));
  const others = taints.filter((taint) => !ownTaints.includes(text(at(taint, 'key'))));
  const wanted = key === undefined ? [] : ['NoSchedule', 'NoExecute'].map((effect) => ({ key, effect }));
  const present = taints.filter((taint) => text(at(taint, 'key')) === key).length === wanted.length;
  if (present && taints.length === others.length + wanted.length) return node;
  const next = [...others, ...wanted];
  const spec = without(objectOf(node['spec']), 'taints');
  return { ...node, spec: next.length === 0 ? spec : { ...spec, taints: next } };
}

/** Looks at every node once a second; graceMs without a sign of life makes it Unknown. */
export function watchNodes(store: Store, graceMs: number): NodeJS.Timeout {
  const nodes = mustFind('nodes');
  const leases = mustFind('leases');
  const seen = new Map<string, { mark: string; movedAt: number }>();
  return setInterval(() => {
    for (const node of store.list(nodes, '')) {
      const name = nameOf(node);
      const lease = text(at(store.find(leases, 'kube-node-lease', name), 'spec', 'renewTime'));
      const mark = `${lease} ${text(at(condition(node, 'Ready'), 'lastHeartbeatTime'))}`;
      const before = seen.get(name);
      if (before?.mark !== mark) seen.set(name, { mark, movedAt: performance.now() });
      const silent = performance.now() - (before?.mark === mark ? before.movedAt : performance.now());
      const lost = silent > graceMs && at(condition(node, 'Ready'), 'status') !== 'Unknown';
      if (lost)
        klog.info('node_lifecycle_controller.go:1098', 'node has not been updated', {
          node: name,
          silentMs: Math.round(silent),
        });
      const judged = withTaints(
        lost ? { ...node, status: { ...objectOf(node['status']), conditions: unknownConditions(node) } } : node,
      );
      if (!equal(judged, node)) store.update(nodes, '', name, judged);
    }
  }, 1000);
}

const purposes: Readonly<Record<string, 'serverAuth' | 'clientAuth'>> = {
  'kubernetes.io/kubelet-serving': 'serverAuth',
  'kubernetes.io/kube-apiserver-client-kubelet': 'clientAuth',
  'kubernetes.io/kube-apiserver-client': 'clientAuth',
};

function conditioned(request: JsonObject, type: string, reason: string, message: string): JsonObject {
  const conditions = [
    ...listOf(at(request, 'status', 'conditions')),
    { type, status: 'True', reason, message, lastUpdateTime: now(), lastTransitionTime: now() },
  ];
  return { ...request, status: { ...objectOf(request['status']), conditions } };
}

async function sign(store: Store, authority: Authority, request: JsonObject): Promise<void> {
  const csrs = mustFind('certificatesigningrequests');
  const name = nameOf(request);
  const signer = text(at(request, 'spec', 'signerName'));
  const purpose = purposes[signer];
  if (
    purpose === undefined ||
    text(at(request, 'status', 'certificate')) !== '' ||
    condition(request, 'Denied') ||
    condition(request, 'Failed')
  )
    return;
  const groups = listOf(at(request, 'spec', 'groups'));
  if (!condition(request, 'Approved')) {
    const own = groups.includes('system:bootstrappers') || groups.includes('system:nodes');
    if (signer !== 'kubernetes.io/kube-apiserver-client-kubelet' || !own) return;
    store.update(
      csrs,
      '',
      name,
      conditioned(request, 'Approved', 'AutoApproved', 'Auto approving kubelet client certificate'),
    );
    return;
  }
  const pem = Buffer.from(text(at(request, 'spec', 'request')), 'base64').toString('utf8');
  const subject = await requestSubject(pem);
  const nodeShaped = /CN=system:node:[^,]+/.test(subject) && /O=system:nodes/.test(subject);
  const current = store.find(csrs, '', name);
  if (current === undefined || text(at(current, 'status', 'certificate')) !== '') return;
  if (signer !== 'kubernetes.io/kube-apiserver-client' && !nodeShaped) {
    store.update(
      csrs,
      '',
      name,
      conditioned(current, 'Failed', 'SignerValidationFailure', 'subject organization is not system:nodes'),
    );
    return;
  }
  const certificate = await signRequest(authority, pem, [purpose]);
  const newest = store.find(csrs, '', name);
  if (newest === undefined || text(at(newest, 'status', 'certificate')) !== '') return;
  store.update(csrs, '', name, {
    ...newest,
    status: { ...objectOf(newest['status']), certificate: Buffer.from(certificate).toString('base64') },
  });
}

/** Signs what is approved, now and from now on. */
export function watchRequests(store: Store, authority: Authority): void {
  const csrs = mustFind('certificatesigningrequests');
  const consider = (request: JsonObject): void => {
    sign(store, authority, request).catch((thrown: unknown) =>
      klog.error('certificate_controller.go:181', 'Sync failed', { name: nameOf(request), err: klog.reason(thrown) }),
    );
  };
  for (const request of store.list(csrs, '')) consider(request);
  store.subscribe((change) => {
    if (change.resource === csrs && change.type !== 'DELETED') setImmediate(() => consider(change.object));
  });
}
