/** Clusters that the tests of policies share, and what a NetworkPolicy lets through by the rules of its API. */
import { holdsAddress, parseAddress, parseCidr } from '../../src/lib/cidr.js';
import type { ClusterNetwork, Manifest, NetpolRequest, NodeAddresses } from '../../src/netpol/model.js';

export const node = (name: string, reported: readonly string[], own: readonly string[] = []): NodeAddresses => ({
  node: name,
  port: 10250,
  reported,
  own: [...reported, ...own],
});

export const network = (over: Partial<ClusterNetwork> = {}): ClusterNetwork => ({
  serverVersion: 'v1.33.1',
  cni: { name: 'kube-router', version: undefined, evidence: ['seen'] },
  engines: ['kube-router'],
  nodes: [
    node('n1', ['192.0.2.11', '2001:db8::11'], ['10.244.1.1', 'fe80::1']),
    node('n2', ['192.0.2.12'], ['10.244.2.1', '169.254.20.10']),
  ],
  served: new Set(['networking.k8s.io/v1']),
  podCidrs: { cidrs: ['10.244.0.0/16'], source: 'test' },
  apiServer: [{ address: '192.0.2.10', port: 6443 }],
  dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  localDns: ['169.254.20.10'],
  ciliumConfig: undefined,
  adminPeers: [],
  metricsNamespace: undefined,
  ...over,
});

export const request = (over: Partial<NetpolRequest> = {}): NetpolRequest => ({
  policy: undefined,
  cni: undefined,
  cniVersion: undefined,
  namespaces: [],
  allowNamespaces: undefined,
  podCidrs: [],
  allowAddresses: [],
  kubeletPorts: [],
  nodePorts: undefined,
  dns: undefined,
  acceptDenyAllRisk: false,
  ...over,
});

export interface Packet {
  readonly to: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  /** Set where the destination is a pod in the pod network. */
  readonly pod?: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
}

const remember = <T>(read: (text: string) => T): ((text: string) => T) => {
  const known = new Map<string, T>();
  return (text) => {
    if (!known.has(text)) known.set(text, read(text));
    return known.get(text) as T;
  };
};
const addressOf = remember(parseAddress);
const cidrOf = remember(parseCidr);

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}
interface Peer {
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Port {
  readonly protocol?: string;
  readonly port?: number;
  readonly endPort?: number | undefined;
}
export interface Rule {
  readonly to?: readonly Peer[];
  readonly ports?: readonly Port[];
}

export const rulesOf = ({ spec }: Manifest): readonly Rule[] => spec['egress'] as readonly Rule[];

/** Whether one NetworkPolicy lets a packet of a pod that it selects out. `endPort: false`: an API server that drops it. */
export function lets(policy: Manifest, packet: Packet, { endPort }: { endPort: boolean } = { endPort: true }): boolean {
  return rulesOf(policy).some(
    ({ to, ports }) =>
      (to ?? []).some((peer) => isPeer(peer, packet)) &&
      (ports === undefined || ports.some((port) => isPort(endPort ? port : { ...port, endPort: undefined }, packet))),
  );
}

function isPeer({ namespaceSelector, podSelector, ipBlock }: Peer, { to, pod }: Packet): boolean {
  if (ipBlock !== undefined) {
    const address = addressOf(to);
    const inside = (text: string): boolean => {
      const cidr = cidrOf(text);
      if (cidr === undefined || address === undefined) throw new Error(`${text} or ${to} is invalid`);
      return holdsAddress(cidr, address);
    };
    return inside(ipBlock.cidr) && !(ipBlock.except ?? []).some(inside);
  }
  if (pod === undefined) return false;
  return has(namespaceSelector, { 'kubernetes.io/metadata.name': pod.namespace }) && has(podSelector, pod.labels);
}

const has = (selector: Selector | undefined, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);

function isPort(rule: Port, { protocol, port }: Packet): boolean {
  if ((rule.protocol ?? 'TCP') !== protocol) return false;
  if (rule.port === undefined) return true;
  return rule.endPort === undefined ? rule.port === port : rule.port <= port && port <= rule.endPort;
}
