/** What requests are compared with: Nodes, addresses that are taken, keys in use, and the inventory. */
import { field, listOf, nameOf, textOf } from '../cluster/api-object.js';
import type { Gateway } from '../cluster/gateway.js';
import { listAll, listEach } from '../cluster/list.js';
import type { Host } from '../inventory/host.js';
import { canonicalAddress } from '../lib/ip-address.js';
import { type Result, fail, ok } from '../lib/result.js';
import { type ServingRequest, timeOf } from './serving-request.js';
import { certificateKeyDigest } from './issued.js';
import { addressKind } from './special-address.js';

export interface KnownNode {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number | undefined;
  /** A cloud controller sets its addresses. */
  readonly hasProvider: boolean;
  /** Canonical. */
  readonly addresses: readonly string[];
  /** The address by which the API server reaches it; undefined if it has none. */
  readonly internal: string | undefined;
  readonly names: readonly string[];
  readonly kubeletPort: number;
}

export interface KeyUse {
  /** The user who asked for a certificate with that key. */
  readonly username: string;
  readonly signerName: string;
  readonly request: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly issued: boolean;
}

export interface KnownCluster {
  readonly nodes: ReadonlyMap<string, KnownNode>;
  /** All hosts of the inventory. */
  readonly hosts: readonly Host[];
  /** By canonical address: its owner, if that is neither a Node nor a host. */
  readonly taken: ReadonlyMap<string, string>;
  /** By digest. */
  readonly keys: ReadonlyMap<string, readonly KeyUse[]>;
}

/** Asks for Nodes, Services and the API server's own addresses. An error says what could not be read. */
export async function readKnownCluster(
  gateway: Gateway,
  hosts: readonly Host[],
  requests: readonly ServingRequest[],
): Promise<Result<KnownCluster, string>> {
  const [nodes, services, endpoints] = await Promise.all([
    listEach(gateway, '/api/v1/nodes', nodeOf),
    listAll(gateway, '/api/v1/services'),
    gateway.get('/api/v1/namespaces/default/endpoints/kubernetes'),
  ]);
  for (const [what, answer] of [
    ['Nodes', nodes],
    ['Services', services],
    ['the addresses of the API server', endpoints],
  ] as const)
    if (!answer.ok) return fail(`${what} could not be read: ${answer.error.message}`);
  if (!nodes.ok || !services.ok || !endpoints.ok) return fail('the cluster could not be read');
  const known = nodes.value.filter(({ name }) => name !== '');
  return ok({
    nodes: new Map(known.map((node) => [node.name, node])),
    hosts,
    taken: takenBy(services.value, endpoints.value),
    keys: keysOf(requests),
  });
}

export function nodeOf(object: unknown): KnownNode {
  const status = field(object, 'status');
  const all = listOf(field(status, 'addresses')).map((one) => ({
    type: textOf(field(one, 'type')),
    address: textOf(field(one, 'address')),
  }));
  const isAddress = (text: string): boolean => addressKind(canonicalAddress(text)) !== 'name';
  // As the kubelet does: a Hostname may be an address, too.
  const addresses = all.filter(({ type, address }) =>
    type === 'Hostname' ? isAddress(address) : type === 'InternalIP' || type === 'ExternalIP',
  );
  const names = all.filter(({ type, address }) =>
    type === 'Hostname' ? !isAddress(address) : type === 'InternalDNS' || type === 'ExternalDNS',
  );
  const port = field(field(field(status, 'daemonEndpoints'), 'kubeletEndpoint'), 'Port');
  const internal = all.find(({ type }) => type === 'InternalIP')?.address;
  return {
    name: nameOf(object),
    createdAt: timeOf(field(field(object, 'metadata'), 'creationTimestamp')),
    hasProvider: textOf(field(field(object, 'spec'), 'providerID')) !== '',
    addresses: unique(addresses.map(({ address }) => canonicalAddress(address))),
    internal: internal === undefined ? undefined : canonicalAddress(internal),
    names: unique(names.map(({ address }) => address)),
    kubeletPort: typeof port === 'number' && port > 0 && port < 65536 ? port : 10250,
  };
}

const unique = (values: readonly string[]): string[] => [...new Set(values.filter((one) => one !== ''))];

/** Addresses of Services, and those at which the API server is reached. */
function takenBy(services: readonly unknown[], endpoints: unknown): ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  const take = (value: unknown, owner: string): void => {
    const address = canonicalAddress(textOf(value));
    if (address !== '' && address !== 'none') taken.set(address, owner);
  };
  for (const subset of listOf(field(endpoints, 'subsets')))
    for (const one of listOf(field(subset, 'addresses'))) take(field(one, 'ip'), apiServerOwner);
  for (const service of services) {
    const [metadata, spec] = [field(service, 'metadata'), field(service, 'spec')];
    const owner = `Service ${textOf(field(metadata, 'namespace'))}/${nameOf(service)}`;
    const ingress = listOf(field(field(field(service, 'status'), 'loadBalancer'), 'ingress'));
    const all = [
      ...[field(spec, 'clusterIP'), field(spec, 'loadBalancerIP')],
      ...['clusterIPs', 'externalIPs'].flatMap((name) => listOf(field(spec, name))),
      ...ingress.map((one) => field(one, 'ip')),
    ];
    for (const one of all) take(one, owner);
  }
  return taken;
}

/** The owner in `taken` of an address of the API server, which is often also an address of a control-plane Node. */
export const apiServerOwner = 'the API server';

/** Which user requested certificates with which key, according to the requests that the API server still has. */
function keysOf(requests: readonly ServingRequest[]): ReadonlyMap<string, readonly KeyUse[]> {
  const keys = new Map<string, KeyUse[]>();
  for (const { name: request, username, signerName, decoded, certificate, createdAt } of requests) {
    const digests = [decoded.ok ? decoded.value.key.digest : undefined, certificateKeyDigest(certificate)];
    for (const digest of new Set(digests.filter((one) => one !== undefined)))
      keys.set(digest, [
        ...(keys.get(digest) ?? []),
        { username, signerName, request, createdAt, issued: certificate !== '' },
      ]);
  }
  return keys;
}
