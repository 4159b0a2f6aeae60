/** What is known about the cluster's network, what is asked for, and what is written: the data of this room. */

/** What `netpol` can write; `nftables` is for the nodes, all others are objects of the API server. */
export const policyKinds = [
  'network-policy',
  'default-deny',
  'cilium',
  'cilium-host',
  'calico',
  'cluster-network-policy',
  'admin-network-policy',
  'nftables',
] as const;
export type PolicyKind = (typeof policyKinds)[number];

/** Addresses of one node. */
export interface NodeAddresses {
  readonly node: string;
  /** Port that its kubelet reports; the API server dials it. */
  readonly port: number;
  /** IP addresses of Node.status.addresses. */
  readonly reported: readonly string[];
  /** All addresses that the node itself has, and those of the flag; undefined if neither is known. */
  readonly own: readonly string[] | undefined;
  /** Why its own addresses are not known. */
  readonly missing?: string | undefined;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** The pods that answer DNS. */
export interface DnsPods {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Undefined where something was not found out. */
export interface ClusterNetwork {
  /** gitVersion of the API server. */
  readonly serverVersion: string | undefined;
  readonly cni: Cni | undefined;
  /** More than one engine enforces policies here, so that nobody can say which one counts. */
  readonly engines: readonly string[];
  readonly nodes: readonly NodeAddresses[];
  /** `GROUP/VERSION` of all APIs. */
  readonly served: ReadonlySet<string>;
  readonly podCidrs: { readonly cidrs: readonly string[]; readonly source: string } | undefined;
  readonly apiServer: readonly Endpoint[] | undefined;
  readonly dns: DnsPods | undefined;
  /** Addresses on nodes at which NodeLocal DNS listens. */
  readonly localDns: readonly string[];
  /** Keys of ConfigMap kube-system/cilium-config. */
  readonly ciliumConfig: Readonly<Record<string, string>> | undefined;
  /** Peers for nodes that the AdminNetworkPolicy of this cluster knows. */
  readonly adminPeers: readonly ('nodes' | 'networks')[];
  /** Namespace of the server of the metrics API, which reads every kubelet. */
  readonly metricsNamespace: string | undefined;
}

export const cniNames = [
  'antrea',
  'aws-vpc-cni',
  'bridge',
  'calico',
  'canal',
  'cilium',
  'flannel',
  'gke-dataplane-v2',
  'kindnet',
  'kube-ovn',
  'kube-router',
  'ovn-kubernetes',
  'weave',
] as const;
export type CniName = (typeof cniNames)[number];

export interface Cni {
  readonly name: CniName;
  /** Such as `1.17.3`; undefined if no image tells it. */
  readonly version: string | undefined;
  /** AWS: the agent that enforces policies runs and is switched on. */
  readonly agent?: boolean | undefined;
  /** Where it was seen, one line each. */
  readonly evidence: readonly string[];
}

/** From flags; what is undefined was not asked for. */
export interface NetpolRequest {
  readonly policy: PolicyKind | undefined;
  readonly cni: CniName | undefined;
  readonly cniVersion: string | undefined;
  readonly namespaces: readonly string[];
  /** Namespaces whose pods may reach kubelets; empty for `none`. */
  readonly allowNamespaces: readonly string[] | undefined;
  readonly podCidrs: readonly string[];
  /** Addresses and networks of pods that may reach the kubelet of their node; for nftables, which knows no namespaces. */
  readonly allowAddresses: readonly string[];
  /** Further ports of kubelets. */
  readonly kubeletPorts: readonly number[];
  /** TCP ports of nodes that stay open where the API server knows no port ranges; empty for `none`. */
  readonly nodePorts: readonly number[] | undefined;
  readonly dns: DnsPods | undefined;
  /** Cilium 1.16 may block all egress nevertheless. */
  readonly acceptDenyAllRisk: boolean;
}

/** An object of the API server, as it is sent. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** A file for every node. */
export interface NodeFile {
  readonly path: string;
  readonly text: string;
}

export interface Limit {
  /** `cuts-off`: what stops working too. `does-not-reach`: what still reaches kubelets. `needs`: what has to be kept up. */
  readonly kind: 'cuts-off' | 'does-not-reach' | 'needs';
  readonly text: string;
}

export interface Policy {
  readonly kind: PolicyKind;
  readonly manifests: readonly Manifest[];
  readonly files: readonly NodeFile[];
  readonly limits: readonly Limit[];
}
