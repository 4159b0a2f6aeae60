/** Nodes of the cluster that no host of the inventory is: nobody hardens them. Pure. */
import { canonicalAddress } from '../lib/ip-address.js';
import type { ClusterView, NodeStatus } from './nodes.js';

/** A host of the inventory, and the Node that it was found to be, if it was read. */
export interface KnownHost {
  readonly name: string;
  readonly address: string;
  /** nodeName in the inventory, or of the Node that the host was found to be. */
  readonly nodeName: string | undefined;
}

/** In the order of the API server. */
export function uninventoried(view: ClusterView, hosts: readonly KnownHost[]): readonly NodeStatus[] {
  const names = new Set(hosts.flatMap(({ name, nodeName }) => (nodeName === undefined ? [name] : [name, nodeName])));
  const addresses = new Set(hosts.map(({ address }) => canonicalAddress(address)));
  return [...view.values()].filter(
    (node) => !names.has(node.name) && !node.addresses.some((one) => addresses.has(canonicalAddress(one))),
  );
}
