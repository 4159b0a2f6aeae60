/** What the API server says, in the few words the rest needs. Lists, never one call per node. */
import { monotonic } from '../lib/clock.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { ClusterError, Gateway } from './gateway.js';
import { type Claim, type LeaseRefusal, type RunLease, acquireRunLease, freeRunLease } from './run-lease.js';

export interface NodeStatus {
  readonly name: string;
  readonly ready: 'True' | 'False' | 'Unknown';
  /** The Ready condition's own words. */
  readonly reason: string;
  readonly kubeletVersion: string;
  readonly addresses: readonly string[];
  readonly controlPlane: boolean;
  /** Holds a member of etcd, by its label. */
  readonly etcd?: boolean | undefined;
  /** Cordoned, by whomever. */
  readonly unschedulable: boolean;
  /** renewTime of its Lease; undefined where it has none. */
  readonly leaseRenewed: string | undefined;
}

export type ClusterView = ReadonlyMap<string, NodeStatus>;

export interface Cluster {
  /** All nodes with their leases; shared by callers that ask within `maxAge` milliseconds. */
  view(maxAge?: number): Promise<Result<ClusterView, ClusterError>>;
  /** The running configuration of a node's kubelet, asked through the API server: proves that it reaches the kubelet. */
  configz(node: string): Promise<Result<Readonly<Record<string, unknown>>, ClusterError>>;
  /** Whether the API server is ready, or one part of it by name. */
  readyz(part?: string): Promise<Result<undefined, ClusterError>>;
  /** Lets no new pod onto a node, or lets them again. */
  cordon(node: string, on: boolean): Promise<Result<undefined, ClusterError>>;
  /** Moves pods away as kubectl drain does: budgets are kept, pods without a controller or with local data make it fail. */
  drain(node: string, deadline: number): Promise<Result<undefined, ClusterError>>;
  /** PEM bundle with which the API server verifies clients; undefined where it may not be read. */
  clientCa(): Promise<string | undefined>;
  /** Takes the run lock of the cluster; waits at most for as long as a holder's Lease lasts. */
  lock(claim: Claim): Promise<Result<RunLease, LeaseRefusal>>;
  /** Gives back the run lock of a holder that is known to be dead, by its name in the Lease. */
  unlock(holder: string): Promise<void>;
  close(): Promise<void>;
}

export function createCluster(gateway: Gateway): Cluster {
  let last: { readonly at: number; readonly view: Promise<Result<ClusterView, ClusterError>> } | undefined;
  return {
    view(maxAge = 0) {
      if (last === undefined || monotonic() - last.at > maxAge) last = { at: monotonic(), view: readView(gateway) };
      return last.view;
    },
    async configz(node) {
      const answer = await gateway.get(`/api/v1/nodes/${encodeURIComponent(node)}/proxy/configz`);
      if (!answer.ok) return answer;
      const config = field(answer.value, 'kubeletconfig');
      return isRecord(config) ? ok(config) : fail({ kind: 'malformed', message: 'configz holds no kubeletconfig' });
    },
    async readyz(part) {
      const answer = await gateway.get(part === undefined ? '/readyz' : `/readyz/${encodeURIComponent(part)}`);
      return answer.ok ? ok(undefined) : answer;
    },
    cordon: (node, on) => gateway.kubectl([on ? 'cordon' : 'uncordon', node], 30_000),
    drain(node, deadline) {
      const seconds = `--timeout=${Math.ceil(deadline / 1000)}s`;
      return gateway.kubectl(['drain', node, '--ignore-daemonsets', seconds], deadline + 10_000);
    },
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

async function readView(gateway: Gateway): Promise<Result<ClusterView, ClusterError>> {
  const [nodes, leases] = await Promise.all([
    gateway.get('/api/v1/nodes'),
    gateway.get('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'),
  ]);
  if (!nodes.ok) return nodes;
  if (!leases.ok) return leases;
  for (const [what, list] of [
    ['nodes', nodes.value],
    ['leases', leases.value],
  ] as const) {
    if (!Array.isArray(field(list, 'items')))
      return fail({ kind: 'malformed', message: `the answer is no list of ${what}` });
  }
  const renewed = new Map<string, string>();
  for (const lease of itemsOf(leases.value)) {
    const time = field(field(lease, 'spec'), 'renewTime');
    if (typeof time === 'string') renewed.set(nameOf(lease), time);
  }
  return ok(
    new Map(
      itemsOf(nodes.value).map((node): [string, NodeStatus] => {
        const name = nameOf(node);
        return [name, { ...nodeStatus(name, node), leaseRenewed: renewed.get(name) }];
      }),
    ),
  );
}

function nodeStatus(name: string, node: unknown): Omit<NodeStatus, 'leaseRenewed'> {
  const status = field(node, 'status');
  const conditions = listOf(field(status, 'conditions'));
  const ready = conditions.find((one) => field(one, 'type') === 'Ready');
  const value = field(ready, 'status');
  const labels = field(field(node, 'metadata'), 'labels');
  return {
    name,
    ready: value === 'True' || value === 'False' ? value : 'Unknown',
    // The kubelet's own words, as far as the API server is concerned.
    reason: oneLine(textOf(field(ready, 'message')) || textOf(field(ready, 'reason'))),
    kubeletVersion: textOf(field(field(status, 'nodeInfo'), 'kubeletVersion')),
    unschedulable: field(field(node, 'spec'), 'unschedulable') === true,
    addresses: listOf(field(status, 'addresses')).map((one) => textOf(field(one, 'address'))),
    etcd: isRecord(labels) && 'node-role.kubernetes.io/etcd' in labels,
    controlPlane:
      isRecord(labels) &&
      ('node-role.kubernetes.io/control-plane' in labels || 'node-role.kubernetes.io/master' in labels),
  };
}

/** The Node of a host: the pinned or reported name, else the one node that has its address. */
export function findNode(
  view: ClusterView,
  names: readonly (string | undefined)[],
  address: string,
): NodeStatus | undefined {
  for (const name of names) {
    const node = name === undefined ? undefined : view.get(name);
    if (node !== undefined) return node;
  }
  const byAddress = [...view.values()].filter((node) => node.addresses.includes(address));
  return byAddress.length === 1 ? byAddress[0] : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const field = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const itemsOf = (value: unknown): readonly unknown[] => listOf(field(value, 'items'));
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const nameOf = (value: unknown): string => textOf(field(field(value, 'metadata'), 'name'));
