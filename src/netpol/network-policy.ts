/** NetworkPolicy in two forms: all but the ports of kubelets on nodes, and a default deny with what pods need. Pure. */
import { hostCidr } from '../lib/cidr.js';
import { ToolError } from '../lib/errors.js';
import { satisfies } from '../lib/kube-version.js';
import { kubeletPorts, nodeNetworks, otherPorts, requireAllAddresses } from './addresses.js';
import { namedPortsLimit } from './limits.js';
import { manifestOf, namespaceLabel, policyName } from './manifest.js';
import type { ClusterNetwork, Endpoint, Limit, Manifest, NetpolRequest } from './model.js';

type Tree = Readonly<Record<string, unknown>>;

interface Written {
  readonly manifests: readonly Manifest[];
  readonly limits: readonly Limit[];
}

const block = (cidr: string): Tree => ({ ipBlock: { cidr } });
/** In every namespace; a network of pods would hold the bridges of nodes too. */
const anyPod: Tree = { namespaceSelector: {} };

/** Everything stays open but the ports of kubelets on the addresses of nodes. */
export function noKubelet(network: ClusterNetwork, request: NetpolRequest): Written {
  requireAllAddresses(network.nodes);
  const { v4, v6 } = nodeNetworks(network.nodes);
  const ports = kubeletPorts(network.nodes, request.kubeletPorts);
  const hasRanges = knowsRanges(network);
  const egress = [
    { to: [anyPod, allBut('0.0.0.0/0', v4), allBut('::/0', v6)] },
    ...(hasRanges
      ? [{ to: [...v4, ...v6].map(block), ports: [{ protocol: 'UDP' }, ...otherPorts(ports).map(tcpRange)] }]
      : namedPorts(network, request, ports, [...v4, ...v6])),
  ];
  return { manifests: inEach(request, policyName, egress), limits: hasRanges ? [] : [namedPortsLimit] };
}

const allBut = (cidr: string, except: readonly string[]): Tree => ({
  ipBlock: except.length === 0 ? { cidr } : { cidr, except },
});

const tcpRange = ({ from, to }: { readonly from: number; readonly to: number }): Tree =>
  from === to ? { protocol: 'TCP', port: from } : { protocol: 'TCP', port: from, endPort: to };

/** An older API server drops endPort without a word, and one port of each range is left. */
function knowsRanges({ serverVersion }: ClusterNetwork): boolean {
  const knows = serverVersion === undefined ? undefined : satisfies(serverVersion, '>=1.22');
  if (knows === undefined)
    throw new ToolError(
      'cluster',
      'the version of the API server is not known, so neither is whether it takes endPort',
    );
  return knows;
}

function namedPorts(
  { apiServer, localDns }: ClusterNetwork,
  { nodePorts }: NetpolRequest,
  blocked: readonly number[],
  nodes: readonly string[],
): readonly Tree[] {
  if (nodePorts === undefined)
    throw new ToolError('usage', 'this API server knows no port ranges (endPort, from 1.22 on)', {
      hint: 'name the TCP ports of nodes that stay open: --allow-node-port 9100, or --allow-node-port none',
    });
  const wrong = nodePorts.find((port) => blocked.includes(port));
  if (wrong !== undefined)
    throw new ToolError('usage', `--allow-node-port ${wrong}: a kubelet listens on this port`, {
      hint: 'leave it out',
    });
  const tcp = nodePorts.map((port) => ({ protocol: 'TCP', port }));
  return [
    { to: nodes.map(block), ports: [{ protocol: 'UDP' }, ...tcp] },
    ...(apiServer ?? []).map(toEndpoint),
    ...dnsAt(localDns),
  ];
}

const toEndpoint = ({ address, port }: Endpoint): Tree => ({
  to: [block(hostCidr(address))],
  ports: [{ protocol: 'TCP', port }],
});

const dnsPorts = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
];

const dnsAt = (addresses: readonly string[]): Tree[] =>
  addresses.length === 0 ? [] : [{ to: addresses.map((one) => block(hostCidr(one))), ports: dnsPorts }];

/** Nothing is open but DNS, the API server and pods. */
export function defaultDeny(network: ClusterNetwork, request: NetpolRequest): Written {
  const dns = request.dns ?? network.dns;
  if (dns === undefined)
    throw new ToolError('usage', 'the pods that answer DNS were not found: no Service has the label k8s-app=kube-dns', {
      hint: 'name them: --dns NAMESPACE/LABEL=VALUE',
    });
  const { apiServer } = network;
  if (apiServer === undefined || apiServer.length === 0)
    throw new ToolError('cluster', 'the addresses of the API server are not known: its Endpoints could not be read');
  const named = knowsNames(network) ? { matchLabels: { [namespaceLabel]: dns.namespace } } : {};
  const dnsPods = { namespaceSelector: named, podSelector: { matchLabels: dns.labels } };
  const egress = [
    { to: [dnsPods, ...network.localDns.map((one) => block(hostCidr(one)))], ports: dnsPorts },
    ...apiServer.map(toEndpoint),
    { to: [anyPod] },
  ];
  return { manifests: inEach(request, 'kubelatch-default-deny', egress), limits: [] };
}

const knowsNames = ({ serverVersion }: ClusterNetwork): boolean =>
  serverVersion !== undefined && satisfies(serverVersion, '>=1.21') === true;

function inEach({ namespaces }: NetpolRequest, name: string, egress: readonly unknown[]): readonly Manifest[] {
  if (namespaces.length === 0)
    throw new ToolError('usage', 'a NetworkPolicy holds for one namespace, and none is named', {
      hint: 'add --namespace NAME for each one whose pods should not reach kubelets',
    });
  return namespaces.map((namespace) =>
    manifestOf({ kind: 'NetworkPolicy', name, namespace }, { podSelector: {}, policyTypes: ['Egress'], egress }),
  );
}
