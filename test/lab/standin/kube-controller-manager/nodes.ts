// The node lifecycle controller: nodes that stopped reporting turn Unknown, and taints follow the Ready condition.
import { refusal, type ApiClient } from '../api-client.js';
import { at, equal, listOf, objectOf, text, without, type Json, type JsonObject } from '../json.js';
import * as klog from '../klog.js';

const taintFor: Readonly<Record<string, string>> = {
  Unknown: 'node.kubernetes.io/unreachable',
  False: 'node.kubernetes.io/not-ready',
};
const ownTaints = Object.values(taintFor);

function condition(node: Json, type: string): Json | undefined {
  return listOf(at(node, 'status', 'conditions')).find((item) => at(item, 'type') === type);
}

function unknownConditions(node: Json): Json[] {
  return ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => {
    const old = condition(node, type);
    const never = old === undefined;
    return {
      ...objectOf(old),
      type,
      status: 'Unknown',
      reason: never ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
      message: never ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
      lastTransitionTime: `${new Date().toISOString().slice(0, 19)}Z`,
    };
  });
}

function withTaints(node: JsonObject): JsonObject {
  const key = taintFor[text(at(condition(node, 'Ready'), 'status'), 'Unknown')];
  const others = listOf(at(node, 'spec', 'taints')).filter((taint) => !ownTaints.includes(text(at(taint, 'key'))));
  const wanted: Json[] = key === undefined ? [] : ['NoSchedule', 'NoExecute'].map((effect) => ({ key, effect }));
  const next = [...others, ...wanted];
  const spec = without(objectOf(node['spec']), 'taints');
  return { ...node, spec: next.length === 0 ? spec : { ...spec, taints: next } };
}

async function send(api: ApiClient, path: string, object: Json): Promise<Json> {
  const answer = await api.call('PUT', path, object);
  if (answer.status >= 300) throw new Error(refusal(answer));
  return answer.body;
}

async function itemsOf(api: ApiClient, path: string): Promise<Json[]> {
  const answer = await api.call('GET', path);
  if (answer.status >= 300) throw new Error(refusal(answer));
  return listOf(at(answer.body, 'items'));
}

/** One look at every node; graceMs without a new lease or heartbeat makes it Unknown. */
export function nodeMonitor(api: ApiClient, graceMs: number): () => Promise<void> {
  const seen = new Map<string, { mark: string; movedAt: number }>();

  async function look(node: JsonObject, renewed: string): Promise<void> {
    const name = text(at(node, 'metadata', 'name'));
    const mark = `${renewed} ${text(at(condition(node, 'Ready'), 'lastHeartbeatTime'))}`;
    const known = seen.get(name);
    // Only what this process saw move counts: nobody's clock is trusted.
    if (known?.mark !== mark) seen.set(name, { mark, movedAt: performance.now() });
    const silent = known?.mark === mark ? performance.now() - known.movedAt : 0;
    const path = `/api/v1/nodes/${name}`;
    let current = node;
    if (silent > graceMs && at(condition(node, 'Ready'), 'status') !== 'Unknown') {
      klog.info('node_lifecycle_controller.go:1098', 'node has not been updated', {
        node: name,
        silentMs: Math.round(silent),
      });
      const status = { ...objectOf(node['status']), conditions: unknownConditions(node) };
      current = objectOf(await send(api, `${path}/status`, { ...node, status }));
    }
    const tainted = withTaints(current);
    if (!equal(tainted, current)) await send(api, path, tainted);
  }

  return async () => {
    const leases = await itemsOf(api, '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases');
    for (const node of await itemsOf(api, '/api/v1/nodes')) {
      const name = at(node, 'metadata', 'name');
      const lease = leases.find((item) => at(item, 'metadata', 'name') === name);
      await look(objectOf(node), text(at(lease, 'spec', 'renewTime')));
    }
  };
}
