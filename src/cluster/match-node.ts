/** Finds the Node object of a host. A node name reported by the host counts only if that Node has the host's address. Pure. */
import { canonicalAddress } from '../lib/ip-address.js';
import { memoizeObject } from '../lib/memoize.js';
import type { ClusterView, NodeStatus } from './nodes.js';

/** What the inventory says about a host, and the node name that the host reports. */
export interface HostIdentity {
  /** The name in the inventory. */
  readonly name: string;
  /** The address or name from the inventory, and without a jump host also the IP address that answered. */
  readonly dialled: readonly string[];
  /** nodeName in the inventory. */
  readonly pinned?: string | undefined;
  /** The node name that the host reports. */
  readonly claimed?: string | undefined;
}

export type NodeMatch =
  | { readonly kind: 'own'; readonly node: NodeStatus }
  /** The API server has no such Node. */
  | { readonly kind: 'none'; readonly reason: string }
  /** The Node probably belongs to another machine. */
  | { readonly kind: 'disputed'; readonly reason: string; readonly hint: string };

/** Order: nodeName in the inventory; the reported name, if that Node has the host's address or inventory name; the address. */
export function matchNode(view: ClusterView, host: HostIdentity): NodeMatch {
  const { name, pinned, claimed } = host;
  if (pinned !== undefined) return found(view.get(pinned)) ?? none(host, [pinned]);
  const claimedNode = claimed === undefined ? undefined : view.get(claimed);
  const byAddress = nodesAt(view, host.dialled);
  if (claimedNode === undefined || claimedNode.name === name) {
    const named = claimedNode ?? view.get(name) ?? (byAddress.length === 1 ? byAddress[0] : undefined);
    return found(named) ?? none(host, [claimed, name]);
  }
  if (byAddress.includes(claimedNode)) return { kind: 'own', node: claimedNode };
  const owner = byAddress[0] === undefined ? '' : `; that address belongs to Node ${byAddress[0].name}`;
  return {
    kind: 'disputed',
    reason: `the host reports the node name ${claimedNode.name}, but that Node does not have the address ${host.dialled[0] ?? ''}${owner}`,
    hint: `if the name is right, set nodeName: ${claimedNode.name} for this host in the inventory; if not, fix --hostname-override of its kubelet`,
  };
}

const found = (node: NodeStatus | undefined): NodeMatch | undefined => node && { kind: 'own', node };

function none({ dialled }: HostIdentity, names: readonly (string | undefined)[]): NodeMatch {
  const triedNames = [...new Set(names.filter((one) => one !== undefined))].join(' or ');
  const reason = `the API server has no Node ${triedNames} and no Node with the address ${dialled[0] ?? ''}: set nodeName in the inventory`;
  return { kind: 'none', reason };
}

interface Placed {
  readonly at: number;
  readonly node: NodeStatus;
}

/** Nodes by address, with their place in the view: each host of a fleet looks for its own among all of them. */
const indexOf = memoizeObject((view: ClusterView): ReadonlyMap<string, readonly Placed[]> => {
  const index = new Map<string, Placed[]>();
  for (const [at, node] of [...view.values()].entries()) {
    for (const address of new Set(node.addresses.map(canonicalAddress))) {
      const all = index.get(address) ?? [];
      all.push({ at, node });
      index.set(address, all);
    }
  }
  return index;
});

/** Those with one of the addresses, in the order of the view. A Node's addresses are IP addresses and names, compared in canonical form. */
function nodesAt(view: ClusterView, dialled: readonly string[]): NodeStatus[] {
  const index = indexOf(view);
  const found = dialled.flatMap((address) => index.get(canonicalAddress(address)) ?? []);
  return [...new Set(found.toSorted((one, other) => one.at - other.at).map(({ node }) => node))];
}
