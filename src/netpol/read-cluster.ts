/** What the API server tells of the cluster's network. What it does not tell is undefined, and asked for by a flag if it is needed. */
import { field, isRecord, itemsOf, listOf, nameOf, textOf } from '../cluster/api-object.js';
import type { ClusterError, Gateway } from '../cluster/gateway.js';
import { listAll, listEach } from '../cluster/list.js';
import { parseAddress, parseCidr } from '../lib/cidr.js';
import { canonicalAddress } from '../lib/ip-address.js';
import { unique } from '../lib/lists.js';
import { parseKubeVersion } from '../lib/kube-version.js';
import { type Result, fail, ok } from '../lib/result.js';
import { ipAddress } from './addresses.js';
import type { ClusterNetwork, DnsPods, Endpoint } from './model.js';

/** A Node as far as addresses go. */
export interface NodeObject {
  readonly name: string;
  readonly port: number;
  readonly reported: readonly string[];
  readonly podCidrs: readonly string[];
}

export interface ClusterFacts extends Pick<
  ClusterNetwork,
  'serverVersion' | 'served' | 'apiServer' | 'dns' | 'localDns' | 'ciliumConfig' | 'adminPeers' | 'metricsNamespace'
> {
  readonly daemonSets: readonly unknown[];
  readonly nodes: readonly NodeObject[];
  /** Of the pools of Calico and of the CiliumNodes. */
  readonly pools: { readonly calico: readonly string[]; readonly cilium: readonly string[] };
  /** Key ClusterConfiguration of a ConfigMap that some distributions leave; empty if there is none. */
  readonly clusterConfiguration: string;
}

/** Fails where Nodes, DaemonSets or the served APIs cannot be read: without them nothing can be said. */
export async function readCluster(api: Gateway, configMap: string): Promise<Result<ClusterFacts, ClusterError>> {
  const [version, groups, nodes, daemonSets, endpoints, services, cilium, admin, metrics, configuration] =
    await Promise.all([
      api.get('/version'),
      api.get('/apis'),
      listEach(api, '/api/v1/nodes', nodeObject),
      listAll(api, '/apis/apps/v1/daemonsets'),
      api.get('/api/v1/namespaces/default/endpoints/kubernetes'),
      api.get('/api/v1/namespaces/kube-system/services?labelSelector=k8s-app%3Dkube-dns'),
      api.get('/api/v1/namespaces/kube-system/configmaps/cilium-config'),
      api.get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/adminnetworkpolicies.policy.networking.k8s.io'),
      api.get('/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io'),
      api.get(configMap),
    ]);
  if (!groups.ok) return groups;
  if (!nodes.ok) return nodes;
  if (!daemonSets.ok) return daemonSets;
  const served = servedVersions(groups.value);
  if (served.size === 0) return fail({ kind: 'malformed', message: 'the API server did not return a list of APIs' });
  return ok({
    serverVersion: version.ok ? versionOf(version.value) : undefined,
    served,
    daemonSets: daemonSets.value,
    nodes: nodes.value,
    apiServer: endpoints.ok ? endpointsOf(endpoints.value) : undefined,
    dns: services.ok ? dnsOf(services.value) : undefined,
    localDns: localDnsOf(daemonSets.value),
    ciliumConfig: cilium.ok ? textsOf(field(cilium.value, 'data')) : undefined,
    adminPeers: admin.ok ? adminPeersOf(admin.value) : [],
    metricsNamespace: metrics.ok ? metricsOf(metrics.value) : undefined,
    pools: await poolsOf(api, served),
    clusterConfiguration: configuration.ok
      ? textOf(field(field(configuration.value, 'data'), 'ClusterConfiguration'))
      : '',
  });
}

function versionOf(body: unknown): string | undefined {
  const version = textOf(field(body, 'gitVersion'));
  return parseKubeVersion(version) === undefined ? undefined : version;
}

function servedVersions(body: unknown): ReadonlySet<string> {
  const versions = listOf(field(body, 'groups')).flatMap((group) => listOf(field(group, 'versions')));
  return new Set(versions.map((one) => textOf(field(one, 'groupVersion'))).filter((one) => one !== ''));
}

/** The kubelet's default where a Node reports none. */
const defaultPort = 10250;

function nodeObject(object: unknown): NodeObject {
  const status = field(object, 'status');
  const port = field(field(field(status, 'daemonEndpoints'), 'kubeletEndpoint'), 'Port');
  const addresses = listOf(field(status, 'addresses')).map((one) => textOf(field(one, 'address')));
  const cidrs = listOf(field(field(object, 'spec'), 'podCIDRs')).map(textOf);
  return {
    name: nameOf(object),
    port: isPort(port) ? port : defaultPort,
    reported: unique(addresses.flatMap((one) => ipAddress(one) ?? [])),
    podCidrs: cidrs.flatMap((one) => parseCidr(one)?.text ?? []),
  };
}

const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536;

/** Each address of the Service `kubernetes` with each of its TCP ports. */
function endpointsOf(body: unknown): readonly Endpoint[] {
  return listOf(field(body, 'subsets')).flatMap((subset) => {
    const ports = listOf(field(subset, 'ports')).map((one) => field(one, 'port'));
    const addresses = listOf(field(subset, 'addresses')).map((one) => textOf(field(one, 'ip')));
    return addresses
      .filter((one) => parseAddress(one) !== undefined)
      .flatMap((address) => ports.filter(isPort).map((port) => ({ address: canonicalAddress(address), port })));
  });
}

const labelText = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,315}[A-Za-z0-9])?$/;

function dnsOf(body: unknown): DnsPods | undefined {
  const labels = textsOf(field(field(itemsOf(body)[0], 'spec'), 'selector'));
  const all = Object.entries(labels).flat();
  return all.length === 0 || !all.every((one) => labelText.test(one))
    ? undefined
    : { namespace: 'kube-system', labels };
}

/** `-localip 169.254.20.10,10.96.0.10` of the DaemonSet node-local-dns. */
function localDnsOf(daemonSets: readonly unknown[]): readonly string[] {
  const own = daemonSets.filter((one) => /^(node-local-dns|nodelocaldns)$/.test(nameOf(one)));
  const containers = own.flatMap((one) =>
    listOf(field(field(field(field(one, 'spec'), 'template'), 'spec'), 'containers')),
  );
  const args = containers.flatMap((one) => listOf(field(one, 'args')).map(textOf));
  const values = args.flatMap((arg, at) =>
    /^--?localip$/.test(arg) ? (args[at + 1] ?? '') : (/^--?localip=(.*)$/.exec(arg)?.[1] ?? []),
  );
  return unique(values.flatMap((one) => one.split(',')).flatMap((one) => ipAddress(one) ?? []));
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((one): one is [string, string] => typeof one[1] === 'string'));
}

/** From the schema of the CustomResourceDefinition: its experimental channel alone knows `nodes`. */
function adminPeersOf(definition: unknown): ('nodes' | 'networks')[] {
  const versions = listOf(field(field(definition, 'spec'), 'versions'));
  const served = versions.find((one) => field(one, 'name') === 'v1alpha1' && field(one, 'served') === true);
  const path = ['schema', 'openAPIV3Schema', 'properties', 'spec', 'properties', 'egress', 'items'];
  const keys = [...path, 'properties', 'to', 'items', 'properties'];
  const peers = keys.reduce<unknown>((at, key) => field(at, key), served);
  return (['nodes', 'networks'] as const).filter((one) => isRecord(field(peers, one)));
}

/** Where the pods run that answer the metrics API. */
function metricsOf(body: unknown): string | undefined {
  const namespace = textOf(field(field(field(body, 'spec'), 'service'), 'namespace'));
  return isNamespace(namespace) ? namespace : undefined;
}

/** A name that the API server takes. */
export const isNamespace = (text: string): boolean => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text);

async function poolsOf(api: Gateway, served: ReadonlySet<string>): Promise<ClusterFacts['pools']> {
  const [pools, nodes] = await Promise.all([
    served.has('crd.projectcalico.org/v1') ? listAll(api, '/apis/crd.projectcalico.org/v1/ippools') : undefined,
    served.has('cilium.io/v2') ? listAll(api, '/apis/cilium.io/v2/ciliumnodes') : undefined,
  ]);
  const calico = pools?.ok === true ? pools.value.map((one) => textOf(field(field(one, 'spec'), 'cidr'))) : [];
  const cilium =
    nodes?.ok === true
      ? nodes.value.flatMap((one) => listOf(field(field(field(one, 'spec'), 'ipam'), 'podCIDRs')).map(textOf))
      : [];
  const networks = (list: readonly string[]): string[] => unique(list.flatMap((one) => parseCidr(one)?.text ?? []));
  return { calico: networks(calico), cilium: networks(cilium) };
}
