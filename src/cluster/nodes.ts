/** The nodes of the cluster with their Leases: all of them as two lists, or a single one. Only the fields that are used are kept. */
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { field, isRecord, listOf, nameOf, textOf } from './api-object.js';
import type { ClusterError, Gateway } from './gateway.js';
import { listEach } from './list.js';

/** What tells of the system that made the node. */
export interface NodeTraits {
  readonly labels: Readonly<Record<string, string>>;
  /** Names of its annotations. */
  readonly annotations: readonly string[];
  readonly providerId: string;
  readonly osImage: string;
  readonly kubeletVersion: string;
}

export interface NodeStatus {
  readonly name: string;
  readonly ready: 'True' | 'False' | 'Unknown';
  /** The message or reason of the Ready condition. */
  readonly reason: string;
  readonly kubeletVersion: string;
  readonly addresses: readonly string[];
  readonly controlPlane: boolean;
  /** Has the etcd role label. */
  readonly etcd?: boolean | undefined;
  /** True if the node is cordoned, by anyone. */
  readonly unschedulable: boolean;
  /** renewTime of the node's Lease; undefined if there is none. */
  readonly leaseRenewed: string | undefined;
  /** Seconds for which a renewal of the Lease holds, as the kubelet wrote it; undefined if there is none. */
  readonly leaseSeconds?: number | undefined;
  readonly traits?: NodeTraits | undefined;
}

export type ClusterView = ReadonlyMap<string, NodeStatus>;

const nodesPath = '/api/v1/nodes';
const leasesPath = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

export async function readNodes(gateway: Gateway): Promise<Result<ClusterView, ClusterError>> {
  const [nodes, leases] = await Promise.all([
    listEach(gateway, nodesPath, nodeStatus),
    listEach(gateway, leasesPath, leaseStatus),
  ]);
  if (!nodes.ok) return nodes;
  if (!leases.ok) return leases;
  const held = new Map(leases.value);
  return ok(new Map(nodes.value.map((node) => [node.name, { ...node, ...(held.get(node.name) ?? noLease) }])));
}

/** One node with its Lease, read with two GETs; undefined if the answer is that there is no such Node. */
export async function readNode(gateway: Gateway, name: string): Promise<Result<NodeStatus | undefined, ClusterError>> {
  const named = encodeURIComponent(name);
  const [node, lease] = await Promise.all([
    gateway.get(`${nodesPath}/${named}`).then(unlessMissing),
    gateway.get(`${leasesPath}/${named}`).then(unlessMissing),
  ]);
  if (!node.ok) return node;
  if (!lease.ok) return lease;
  if (node.value === undefined) return ok(undefined);
  if (nameOf(node.value) !== name)
    return fail({ kind: 'malformed', message: `the API server returned no Node ${name}` });
  const [, held] = lease.value === undefined ? [name, noLease] : leaseStatus(lease.value);
  return ok({ ...nodeStatus(node.value), ...held });
}

const unlessMissing = (answer: Result<unknown, ClusterError>): Result<unknown, ClusterError> =>
  !answer.ok && answer.error.status === 404 ? ok(undefined) : answer;

type LeaseStatus = Pick<NodeStatus, 'leaseRenewed' | 'leaseSeconds'>;
const noLease: LeaseStatus = { leaseRenewed: undefined };

function leaseStatus(lease: unknown): readonly [node: string, LeaseStatus] {
  const spec = field(lease, 'spec');
  const [renewed, seconds] = [field(spec, 'renewTime'), field(spec, 'leaseDurationSeconds')];
  const status = {
    leaseRenewed: typeof renewed === 'string' ? renewed : undefined,
    leaseSeconds: typeof seconds === 'number' && seconds > 0 ? seconds : undefined,
  };
  return [nameOf(lease), status];
}

function nodeStatus(node: unknown): Omit<NodeStatus, keyof LeaseStatus> {
  const status = field(node, 'status');
  const conditions = listOf(field(status, 'conditions'));
  const ready = conditions.find((one) => field(one, 'type') === 'Ready');
  const value = field(ready, 'status');
  const labels = field(field(node, 'metadata'), 'labels');
  return {
    name: nameOf(node),
    ready: value === 'True' || value === 'False' ? value : 'Unknown',
    // The API server passes on text of the kubelet, so it is not trusted.
    reason: oneLine(textOf(field(ready, 'message')) || textOf(field(ready, 'reason'))),
    kubeletVersion: textOf(field(field(status, 'nodeInfo'), 'kubeletVersion')),
    unschedulable: field(field(node, 'spec'), 'unschedulable') === true,
    addresses: listOf(field(status, 'addresses')).map((one) => textOf(field(one, 'address'))),
    etcd: isRecord(labels) && 'node-role.kubernetes.io/etcd' in labels,
    traits: traitsOf(node),
    controlPlane:
      isRecord(labels) &&
      ('node-role.kubernetes.io/control-plane' in labels || 'node-role.kubernetes.io/master' in labels),
  };
}

function traitsOf(node: unknown): NodeTraits {
  const [metadata, status] = [field(node, 'metadata'), field(node, 'status')];
  const [labels, annotations] = [field(metadata, 'labels'), field(metadata, 'annotations')];
  return {
    labels: Object.fromEntries(
      isRecord(labels) ? Object.entries(labels).map(([name, text]) => [name, textOf(text)]) : [],
    ),
    annotations: isRecord(annotations) ? Object.keys(annotations) : [],
    providerId: textOf(field(field(node, 'spec'), 'providerID')),
    osImage: textOf(field(field(status, 'nodeInfo'), 'osImage')),
    kubeletVersion: textOf(field(field(status, 'nodeInfo'), 'kubeletVersion')),
  };
}
