/** Reads and changes the cluster through its API server. Uses lists, never one call per node. */
import { type Result, fail, ok } from '../lib/result.js';
import { field, isRecord } from './api-object.js';
import { type DrainOptions, drainNode } from './drain.js';
import type { ClusterError, Gateway } from './gateway.js';
import { type ClusterView, type NodeStatus, readNode, readNodes } from './nodes.js';
import { type LockRequest, type LeaseRefusal, type RunLease, acquireRunLease, freeRunLease } from './run-lease.js';
import { shareList } from './share-list.js';

/** Maximum bytes of a configz response; a normal one has a few thousand. */
const configzCap = 1024 * 1024;

/** Up to so many nodes, the whole list (3 MB) is read with each poll. */
const shortList = 500;

export type HealthEndpoint = 'readyz' | 'livez' | 'healthz';

export interface Cluster {
  /** For requests that only one folder of src makes. */
  readonly api: Gateway;
  /** All nodes with their Leases, shared by everybody who asks; a list begun in the last `maxAge` milliseconds is reused. */
  view(maxAge?: number): Promise<Result<ClusterView, ClusterError>>;
  /** More than 500 nodes: their list is too large to be read again and again. False before it was read. */
  isLarge(): boolean;
  /** One node: from the shared list, or with a GET of its own in a large cluster. Undefined if there is no such Node. */
  node(name: string, maxAge?: number): Promise<Result<NodeStatus | undefined, ClusterError>>;
  /** The running configuration of a kubelet, read through the API server, which proves that the API server reaches it. */
  configz(node: string): Promise<Result<Readonly<Record<string, unknown>>, ClusterError>>;
  /** Checks a health endpoint of the API server (default `readyz`), or one `part` of it by name. */
  readyz(part?: string, endpoint?: HealthEndpoint): Promise<Result<undefined, ClusterError>>;
  /** Cordons a node, or uncordons it. */
  cordon(node: string, on: boolean): Promise<Result<undefined, ClusterError>>;
  /** Evicts the pods of a cordoned node. Fails for unmanaged pods, pods with local data, and exhausted budgets. */
  drain(node: string, options: DrainOptions): Promise<Result<undefined, ClusterError>>;
  /** The API server's client CA bundle (PEM); undefined if it cannot be read. */
  clientCa(): Promise<string | undefined>;
  /** Acquires the run lock; waits at most for the duration of another holder's Lease. */
  lock(claim: LockRequest): Promise<Result<RunLease, LeaseRefusal>>;
  /** Releases the run lock of a dead holder. `holder` is its name in the Lease. */
  unlock(holder: string): Promise<void>;
  close(): Promise<void>;
}

/** Wraps a gateway, and closes it on `close`. Failures are returned as ClusterError, never thrown. */
export function createCluster(gateway: Gateway): Cluster {
  let size = 0;
  let mayGet = true;
  const view = shareList(async () => {
    const nodes = await readNodes(gateway);
    if (nodes.ok) size = nodes.value.size;
    return nodes;
  });
  const isLarge = (): boolean => size > shortList;
  return {
    api: gateway,
    view: (maxAge = 0) => view(maxAge),
    isLarge,
    async node(name, maxAge = 0) {
      const alone = isLarge() && mayGet ? await readNode(gateway, name) : undefined;
      // An account may have the right to list nodes and not to get one. A 404 may be from something on the way.
      if (alone?.ok === false && alone.error.status === 403) mayGet = false;
      else if (alone !== undefined && (!alone.ok || alone.value !== undefined)) return alone;
      const all = await view(maxAge);
      return all.ok ? ok(all.value.get(name)) : all;
    },
    async configz(node) {
      const answer = await gateway.get(`/api/v1/nodes/${encodeURIComponent(node)}/proxy/configz`, {
        bytes: configzCap,
      });
      if (!answer.ok) return answer;
      const config = field(answer.value, 'kubeletconfig');
      return isRecord(config) ? ok(config) : fail({ kind: 'malformed', message: 'configz has no kubeletconfig' });
    },
    async readyz(part, endpoint = 'readyz') {
      const answer = await gateway.get(`/${endpoint}${part === undefined ? '' : `/${encodeURIComponent(part)}`}`);
      return answer.ok ? ok(undefined) : answer;
    },
    cordon: (node, on) => gateway.kubectl([on ? 'cordon' : 'uncordon', node], 30_000),
    drain: (node, options) => drainNode(gateway, node, options),
    async clientCa() {
      const answer = await gateway.get('/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication');
      const pem = answer.ok ? field(field(answer.value, 'data'), 'client-ca-file') : undefined;
      return typeof pem === 'string' ? pem : undefined;
    },
    lock: (claim) => acquireRunLease(gateway, claim),
    unlock: (holder) => freeRunLease(gateway, holder),
    close: () => gateway.close(),
  };
}
