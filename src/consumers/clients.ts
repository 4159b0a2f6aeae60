/** Names the clients that were seen on nodes: the pod's owner, a process, a Node, or at least an address. Pure. */
import { canonicalAddress, hostAndPort, isLoopback } from '../lib/ip-address.js';
import type { Connections, Outgoing } from './connections.js';
import { type ClientPort, productOf } from './products.js';
import type { Watched } from './watch.js';
import { type PodPlace, ownerText } from './workloads.js';

/** A host with what was seen on it. */
export interface WatchedHost {
  readonly host: string;
  readonly nodeName: string;
  readonly watched: Watched;
}

/** A Node of the cluster, whether it is a host of the inventory or not. */
export interface KnownNode {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly controlPlane: boolean;
}

export interface Known {
  readonly pods: readonly PodPlace[];
  readonly nodes: readonly KnownNode[];
  /** Addresses of API servers that are on no Node. */
  readonly apiServers: readonly string[];
}

export interface LiveClient {
  readonly port: ClientPort;
  /** The host whose kubelet it uses. */
  readonly host: string;
  /** `DaemonSet monitoring/agent`, `Process curl (cron.service) on Node n1`, `Node n4`, `Address 192.0.2.7`. */
  readonly object: string;
  /** Undefined where it is no pod. */
  readonly pod: PodPlace | undefined;
  readonly evidence: string;
}

/** Each client once per port and host. */
export function liveClients(hosts: readonly WatchedHost[], known: Known): readonly LiveClient[] {
  const index = indexOf(hosts, known);
  const all = hosts.flatMap((host) => {
    const { connections } = host.watched;
    return connections.ok
      ? [...startedHere(host, connections.value, index), ...cameIn(host, connections.value, index)]
      : [];
  });
  const first = new Map<string, LiveClient>();
  for (const one of all) {
    const key = JSON.stringify([one.port, one.host, one.object]);
    if (!first.has(key)) first.set(key, one);
  }
  return [...first.values()];
}

interface Index {
  readonly podsByAddress: ReadonlyMap<string, PodPlace>;
  readonly podsByUid: ReadonlyMap<string, PodPlace>;
  readonly nodesByAddress: ReadonlyMap<string, KnownNode>;
  readonly apiServers: ReadonlySet<string>;
  readonly hostsByNode: ReadonlyMap<string, WatchedHost>;
  /** Ends of connections whose process is known: `ADDRESS:PORT`, with the Node for a loopback address. */
  readonly explained: ReadonlySet<string>;
}

function indexOf(hosts: readonly WatchedHost[], { pods, nodes, apiServers }: Known): Index {
  const outgoing = hosts.flatMap(({ nodeName, watched: { connections } }) =>
    (connections.ok ? connections.value.outgoing : []).map((one) => ({ nodeName, one })),
  );
  return {
    podsByAddress: new Map(pods.flatMap((pod) => pod.addresses.map((address) => [address, pod] as const))),
    podsByUid: new Map(pods.flatMap((pod) => pod.uids.map((uid) => [uid, pod] as const))),
    nodesByAddress: new Map(
      nodes.flatMap((node) => node.addresses.map((address) => [canonicalAddress(address), node] as const)),
    ),
    apiServers: new Set(apiServers.map(canonicalAddress)),
    hostsByNode: new Map(hosts.map((host) => [host.nodeName, host])),
    explained: new Set(
      outgoing.filter(({ one }) => one.process !== undefined).map(({ nodeName, one }) => endKey(nodeName, one.local)),
    ),
  };
}

const endKey = (nodeName: string, { address, port }: Outgoing['local']): string =>
  isLoopback(address) ? `${nodeName} ${hostAndPort(address, port)}` : hostAndPort(address, port);

const portKind = ({ readOnly, kubelet }: Watched, port: number): ClientPort | undefined =>
  readOnly.includes(port) ? 'read-only' : kubelet.includes(port) ? 'kubelet' : undefined;

/** Connections that processes of this node began, to its own kubelet or another node's. */
function startedHere(from: WatchedHost, { outgoing }: Connections, index: Index): LiveClient[] {
  return outgoing.flatMap(({ local, remote, process }): LiveClient[] => {
    if (process === undefined) return [];
    const target = isLoopback(remote.address) ? from.nodeName : index.nodesByAddress.get(remote.address)?.name;
    const to = target === undefined ? undefined : index.hostsByNode.get(target);
    const port = to && portKind(to.watched, remote.port);
    if (to === undefined || port === undefined) return [];
    const pod = process.podUid === undefined ? undefined : index.podsByUid.get(process.podUid);
    const isOwn = process.unit === from.watched.unit || process.name === 'kube-apiserver';
    const isServer = index.nodesByAddress.get(local.address)?.controlPlane === true && pod === undefined;
    if (port === 'kubelet' && (isOwn || isServer || isForwarding(pod))) return [];
    const unit = process.unit === undefined ? '' : ` (${process.unit})`;
    const object = pod === undefined ? `Process ${process.name}${unit} on Node ${from.nodeName}` : ownerText(pod.owner);
    const where = `process ${process.name} on ${from.nodeName}`;
    return [{ port, host: to.host, object, pod, evidence: seen(to, remote.port, where) }];
  });
}

/** Connections that arrived at this node's ports, as far as no process explains them. */
function cameIn(to: WatchedHost, { incoming }: Connections, index: Index): LiveClient[] {
  return incoming.flatMap(({ port: number, peer }): LiveClient[] => {
    const port = portKind(to.watched, number);
    if (port === undefined || index.explained.has(endKey(to.nodeName, peer))) return [];
    const pod = index.podsByAddress.get(peer.address);
    const node = isLoopback(peer.address) ? to.nodeName : index.nodesByAddress.get(peer.address)?.name;
    const evidence = seen(to, number, peer.address);
    if (pod !== undefined) {
      return port === 'kubelet' && isForwarding(pod)
        ? []
        : [{ port, host: to.host, object: ownerText(pod.owner), pod, evidence }];
    }
    // The API server calls kubelets from its node, and so do pods behind their node's address: on 10250 that tells nothing.
    if (port === 'kubelet' && (node !== undefined || index.apiServers.has(peer.address))) return [];
    const object = node === undefined ? `Address ${peer.address}` : `Node ${node}`;
    return [{ port, host: to.host, object, pod: undefined, evidence }];
  });
}

const isForwarding = (pod: PodPlace | undefined): boolean =>
  pod !== undefined && productOf(pod.images)?.forwards === true;

const seen = (to: WatchedHost, port: number, from: string): string =>
  `${to.host}: port ${port} is connected to ${from}`;
