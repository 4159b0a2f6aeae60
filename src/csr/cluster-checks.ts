/** Checks of a request against its Node, the other Nodes, Services, the inventory and the host itself. Pure. */
import { canonicalAddress } from '../lib/ip-address.js';
import { apiServerOwner } from './known-cluster.js';
import type { CheckName, HostReading, ReadableQuestion, Reason } from './judgement.js';
import type { Check } from './request-checks.js';
import { nodeOfUser } from './serving-request.js';
import { addressKind, addressText } from './special-address.js';

/** What is asked once the Node is known. */
type NodeCheck = Check<ReadableQuestion & { readonly node: NonNullable<ReadableQuestion['node']> }>;

export const nodeChecks: Readonly<Partial<Record<CheckName, NodeCheck>>> = {
  'address-foreign': (asked) =>
    asked.names.addresses
      .map(addressText)
      .filter((address) => addressKind(address) === 'ordinary')
      .flatMap((address) => foreignAddress(asked, address)),
  'addresses-only': ({ names: { dns }, node }) =>
    dns.length === 0 && node.names.length > 0 ? ['it has addresses and no name'] : [],
  'name-foreign': (asked) => asked.names.dns.flatMap((name) => foreignName(asked, name)),
  incomplete: ({ names: { dns, addresses }, node }) => {
    const asked = new Set(addresses.map(addressText));
    const missing = [
      ...(dns.length === 0 ? [] : node.names.filter((name) => !dns.includes(name))),
      ...node.addresses.filter((one) => addressKind(one) === 'ordinary' && !asked.has(one)),
    ];
    return missing.map((one) => `it lacks ${one}, which Node ${node.name} has: the kubelet would ask anew`);
  },
};

/** Each of these must pass; the first that fails is reported. */
function foreignAddress({ node, cluster, host, reading }: Parameters<NodeCheck>[0], address: string): string[] {
  if (!node.addresses.includes(address)) return [`${address} is not an address of Node ${node.name}`];
  for (const other of cluster.hosts)
    if (other.name !== host?.name && canonicalAddress(other.address) === address)
      return [`${address} is the address of host ${other.name} in the inventory`];
  // The inventory decides which host has the address, not a Node or a Service.
  if (host !== undefined && canonicalAddress(host.address) === address) return [];
  const taken = cluster.taken.get(address);
  if (taken !== undefined && !(taken === apiServerOwner && host?.role === 'control-plane'))
    return [`${address} belongs to ${taken}`];
  for (const other of cluster.nodes.values())
    if (other.name !== node.name && other.addresses.includes(address))
      return [`${address} is an address of Node ${other.name}, too`];
  if (host === undefined || node.hasProvider) return [];
  const own = readingOf(reading(host.name))?.addresses ?? [];
  return own.length === 0 || own.includes(address) ? [] : [`host ${host.name} does not have the address ${address}`];
}

function foreignName({ node, cluster, host }: Parameters<NodeCheck>[0], name: string): string[] {
  if (!node.names.includes(name)) return [`${name} is not a name of Node ${node.name}`];
  for (const other of cluster.nodes.values())
    if (other.name !== node.name && (other.name === name || other.names.includes(name)))
      return [`${name} is a name of Node ${other.name}, too`];
  for (const other of cluster.hosts)
    if (other.name !== host?.name && [other.name, other.address, other.nodeName].includes(name))
      return [`${name} is host ${other.name} in the inventory`];
  // A kubelet may write any name into its own Node. Only a cloud controller or the inventory confirms other names.
  const vouched = name === node.name || node.hasProvider || name === host?.name || name === host?.address;
  return vouched ? [] : [`nobody but the kubelet says that Node ${node.name} is called ${name}`];
}

const readingOf = (reading: HostReading | string): HostReading | undefined =>
  typeof reading === 'string' ? undefined : reading;

/** Milliseconds by which a host's clock and the API server's may differ, and a restart may be younger than its request. */
const clockTolerance = 60_000;

/** The request against the life of its Node and kubelet (16), and the Node against the inventory (20). */
export function identityReasons({ request, node, host, reading }: ReadableQuestion): readonly Reason[] {
  const name = nodeOfUser(request.username);
  if (name === undefined) return [];
  if (node === undefined) return [{ check: 'node', message: `the cluster has no Node ${name}` }];
  if (node.createdAt !== undefined && request.createdAt < node.createdAt)
    return [{ check: 'node', message: `it is older than Node ${name}` }];
  if (host === undefined) {
    const message = `no host of the inventory is Node ${name}, or several are`;
    return [{ check: 'inventory', message }];
  }
  const anchor = canonicalAddress(host.address);
  const isAnchored = addressKind(anchor) === 'name' || node.addresses.includes(anchor) || host.nodeName === name;
  if (!isAnchored) {
    const message = `Node ${name} does not have the address ${host.address} of host ${host.name}: set nodeName in the inventory if it is this Node`;
    return [{ check: 'inventory', message }];
  }
  return hostReasons(name, request.createdAt, host.name, reading(host.name));
}

function hostReasons(node: string, createdAt: number, host: string, read: HostReading | string): readonly Reason[] {
  if (typeof read === 'string')
    return [{ check: 'node', message: `host ${host} could not be read: ${read}`, unknown: true }];
  if (read.nodeName !== undefined && read.nodeName !== node)
    return [{ check: 'inventory', message: `host ${host} is Node ${read.nodeName}, not ${node}` }];
  if (read.kubeletStartedAt === undefined)
    return [{ check: 'node', message: `no kubelet was seen running on host ${host}`, unknown: true }];
  return createdAt + clockTolerance < read.kubeletStartedAt
    ? [{ check: 'node', message: 'it is older than the last start of the kubelet, which has forgotten its key' }]
    : [];
}
