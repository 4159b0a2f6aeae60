/** Every address at which a kubelet can be reached: what the node says it has, and what its Node object reports. Pure. */
import { parseAddress, hostCidr } from '../lib/cidr.js';
import { canonicalAddress } from '../lib/ip-address.js';
import { byBytes, unique } from '../lib/lists.js';
import { ToolError } from '../lib/errors.js';
import type { NodeAddresses } from './model.js';

/** What network.sh says of a node. */
export interface NodeNetwork {
  /** Canonical, without loopback and without Services that IPVS binds to the node. */
  readonly addresses: readonly string[];
  /** Plugins of its CNI configuration, such as `bridge`. */
  readonly plugins: readonly string[];
  /** The filter chain of kube-router is there. */
  readonly kubeRouter: boolean;
}

/** Addresses of one node; more are no node's. */
const mostAddresses = 1024;
/** Networks of all nodes together that fit into one object of the API server. */
const mostNetworks = 8000;

/** Undefined if the answer is cut off, has no address, or more than any node has. */
export function parseNodeNetwork(text: string): NodeNetwork | undefined {
  const lines = text.split('\n');
  if (lines.at(-2) !== 'end') return undefined;
  const words = lines.map((line) => line.split(' '));
  const addresses = words
    .filter(([key, device]) => key === 'address' && device !== 'kube-ipvs0')
    .flatMap(([, , address = '']) => ipAddress(address) ?? []);
  if (addresses.length === 0 || addresses.length > mostAddresses) return undefined;
  const plugins = words.flatMap(([key, name = '']) => (key === 'plugin' ? name : []));
  const kubeRouter = lines.includes('chain KUBE-ROUTER-INPUT');
  return { addresses: unique(addresses), plugins: unique(plugins), kubeRouter };
}

/** The canonical address without its zone; undefined for other text and for loopback. */
export function ipAddress(text: string): string | undefined {
  const canonical = canonicalAddress(text.replace(/%.*$/, ''));
  if (parseAddress(canonical) === undefined) return undefined;
  return /^127\./.test(canonical) || ['::1', '::', '0.0.0.0'].includes(canonical) ? undefined : canonical;
}

const isLinkLocal = (address: string): boolean => /^fe[89ab][0-9a-f]:/.test(address);

/** All addresses of all nodes as networks, IPv4 first. Link-local IPv6 ones are one network: they come and go with pods. */
export function nodeNetworks(nodes: readonly NodeAddresses[]): { readonly v4: string[]; readonly v6: string[] } {
  const all = unique(nodes.flatMap(({ reported, own }) => [...reported, ...(own ?? [])]));
  const v4 = all.filter((one) => !one.includes(':'));
  const v6 = all.filter((one) => one.includes(':') && !isLinkLocal(one));
  if (v4.length + v6.length > mostNetworks)
    throw new ToolError(
      'usage',
      `the nodes have ${v4.length + v6.length} addresses; one object holds ${mostNetworks}`,
      {
        hint: 'use a policy that selects nodes by itself, such as --policy cilium',
      },
    );
  return {
    v4: v4.map(hostCidr).sort(byBytes),
    v6: [...v6.map(hostCidr).sort(byBytes), ...(all.some(isLinkLocal) ? ['fe80::/10'] : [])],
  };
}

/** Ports of kubelets: what the Nodes report, the read-only port, and those of the flag. Sorted. */
export const kubeletPorts = (nodes: readonly NodeAddresses[], more: readonly number[]): readonly number[] =>
  unique([10250, 10255, ...nodes.map(({ port }) => port), ...more]).sort((left, right) => left - right);

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** All ports but these, in order. */
export function otherPorts(blocked: readonly number[]): readonly PortRange[] {
  const sorted = unique(blocked).sort((left, right) => left - right);
  return [0, ...sorted].flatMap((before, at) => {
    const range = { from: before + 1, to: (sorted[at] ?? 65536) - 1 };
    return range.from <= range.to ? [range] : [];
  });
}

/** Refuses nodes of which not every address is known: the policy would have holes, and nobody would see them. */
export function requireAllAddresses(nodes: readonly NodeAddresses[]): void {
  if (nodes.length === 0) throw new ToolError('usage', 'the cluster has no Nodes, so there are no addresses to block');
  const unknown = nodes.filter(({ own }) => own === undefined);
  const [first] = unknown;
  if (first === undefined) return;
  const names = unknown.slice(0, 5).map(({ node }) => node);
  const more = unknown.length > names.length ? ` and ${unknown.length - names.length} more` : '';
  throw new ToolError('usage', `not all addresses are known of ${names.join(', ')}${more}: ${first.missing ?? ''}`, {
    hint: `fix the connection, or give them: --node-address ${first.node}=ADDRESS,ADDRESS (bridges and tunnels too)`,
  });
}
