/** What each policy cuts off besides, what it does not reach, and what has to be kept up: one sentence each, as data. */
import type { Enforcement } from './enforce.js';
import type { Limit, PolicyKind } from './model.js';

const cutsOff = (text: string): Limit => ({ kind: 'cuts-off', text });
const leaves = (text: string): Limit => ({ kind: 'does-not-reach', text });
const needs = (text: string): Limit => ({ kind: 'needs', text });

const hostNetwork = leaves('Pods with hostNetwork are not selected: to a CNI they are the node itself.');
const proxied = leaves('Whoever may use nodes/proxy still reaches kubelets, through the API server.');
const newNodes = needs(
  'It lists node addresses: after a node joins or changes its addresses, run kubelatch netpol again.',
);
const otherDenies = leaves(
  'Network policies only add up: any other policy that selects a pod may allow the kubelet again.',
);
const monitoring = cutsOff(
  'Pods outside the excepted namespaces can no longer read kubelets: metrics-server, Prometheus, agents.',
);
const addressed = needs('Kubelets that listen on further ports are not covered: add --kubelet-port for each.');

const limits: Readonly<Record<PolicyKind, readonly Limit[]>> = {
  'network-policy': [
    cutsOff(
      'Pods of these namespaces that nothing isolated before may now send TCP and UDP alone to nodes: no SCTP, and on some CNIs no ICMP.',
    ),
    cutsOff(
      'Pods of these namespaces can no longer read kubelets: metrics-server, Prometheus and agents do not belong there.',
    ),
    otherDenies,
    leaves('Pods of other namespaces, and of new ones, are not selected.'),
    hostNetwork,
    proxied,
    newNodes,
    addressed,
  ],
  'default-deny': [
    cutsOff('The Internet, and every address outside the cluster: databases, other clusters, storage, cloud metadata.'),
    cutsOff('Pods with hostNetwork as destinations: node-exporter, ingress controllers on the host; and NodePorts.'),
    cutsOff('ICMP on some CNIs, and with it path MTU discovery.'),
    otherDenies,
    leaves('Pods of other namespaces, and of new ones, are not selected.'),
    hostNetwork,
    proxied,
    needs('It lists the addresses of the API server: after they change, run kubelatch netpol again.'),
  ],
  cilium: [
    monitoring,
    hostNetwork,
    proxied,
    leaves('Extra allow rules do not help a pod that is cut off, because a deny wins: except its namespace instead.'),
    addressed,
  ],
  'cilium-host': [
    monitoring,
    cutsOff('When host policies are enforced for the first time, replies of open connections may be lost for seconds.'),
    leaves('Remote pods whose traffic is masqueraded arrive as their node, and pass.'),
    hostNetwork,
    proxied,
    needs('Host policies do not work together with IPsec.'),
    addressed,
  ],
  calico: [
    monitoring,
    hostNetwork,
    proxied,
    leaves('A tier with a lower order than 500 that allows the traffic is asked first.'),
    newNodes,
    addressed,
  ],
  'cluster-network-policy': [
    monitoring,
    hostNetwork,
    proxied,
    leaves('A ClusterNetworkPolicy of the tier Admin with a lower priority number than 100 is asked first.'),
    newNodes,
    addressed,
  ],
  'admin-network-policy': [
    monitoring,
    hostNetwork,
    proxied,
    leaves('An AdminNetworkPolicy with a lower priority number than 50 is asked first.'),
    addressed,
  ],
  nftables: [
    cutsOff(
      'Pods on the node can no longer read its kubelet, except from the allowed addresses: metrics-server, Prometheus, agents.',
    ),
    leaves('Pods of other nodes whose traffic is masqueraded arrive as their node, and pass.'),
    hostNetwork,
    proxied,
    needs('`flush ruleset`, as in /etc/nftables.conf of many systems, removes the table until its unit is restarted.'),
    addressed,
  ],
};

/** Limits of the policy itself, then those of the CNI that enforces it. */
export function limitsOf(kind: PolicyKind, enforcement: Enforcement): readonly Limit[] {
  if (kind === 'nftables') return limits.nftables;
  return [...limits[kind], ...cniLimits(enforcement)];
}

function cniLimits({ ownNode, why }: Enforcement): Limit[] {
  if (ownNode === 'filtered') return [];
  const word = ownNode === 'allowed' ? 'still reaches' : 'may still reach';
  return [leaves(`A pod ${word} the kubelet of its own node: ${why}. On the node, the policy nftables closes that.`)];
}

/** Of a form that an old API server forces. */
export const namedPortsLimit = cutsOff(
  'This API server knows no port ranges (endPort, from 1.22 on), so every other TCP port of nodes is closed to these pods: node-exporter, ingress on the host, NodePorts.',
);

export const metricsLimit = (namespace: string): Limit =>
  cutsOff(
    `The metrics API is served by pods in ${namespace}, which read every kubelet: kubectl top and autoscalers stop.`,
  );
