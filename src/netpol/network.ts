/** The cluster's network, put together from the API server, the nodes and the flags; and what is found about it. Pure. */
import { canonicalAddress } from '../lib/ip-address.js';
import { unique } from '../lib/lists.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { NodeNetwork } from './addresses.js';
import { type Detected, detectCni } from './detect.js';
import { enforcementOf } from './enforce.js';
import type { ClusterNetwork, Cni, NodeAddresses } from './model.js';
import type { ClusterFacts, NodeObject } from './read-cluster.js';
import { nextCommand } from '../lib/next-command.js';

/** A host of the inventory whose Node it is, and what it said or why it said nothing. */
export interface ReadHost {
  readonly host: string;
  readonly node: string;
  readonly network: NodeNetwork | undefined;
  readonly problem?: string | undefined;
}

interface Given {
  readonly facts: ClusterFacts;
  readonly hosts: readonly ReadHost[];
  /** Addresses of the flag, by Node. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** `networking.podSubnet` of the ConfigMap. */
  readonly configuredSubnets: readonly string[];
}

export function clusterNetwork({ facts, hosts, addresses, configuredSubnets }: Given): ClusterNetwork {
  const networks = new Map(hosts.flatMap(({ host, network }) => (network === undefined ? [] : [[host, network]])));
  const detected: Detected = detectCni(facts.daemonSets, networks);
  return {
    ...facts,
    ...detected,
    nodes: facts.nodes.map((node) => nodeAddresses(node, hosts, addresses)),
    podCidrs: podCidrs(detected.cni, facts, configuredSubnets),
  };
}

function nodeAddresses(
  { name, port, reported }: NodeObject,
  hosts: readonly ReadHost[],
  flags: ReadonlyMap<string, readonly string[]>,
): NodeAddresses {
  const own = hosts.filter(({ node }) => node === name);
  const read = own.flatMap(({ network }) => network?.addresses ?? []);
  const given = flags.get(name) ?? [];
  if (read.length + given.length > 0)
    return { node: name, port, reported, own: unique([...read, ...given].map(canonicalAddress)) };
  const missing = own[0]?.problem ?? 'no selected host of the inventory is this Node';
  return { node: name, port, reported, own: undefined, missing };
}

/** Where pods get their addresses: the IPAM of the CNI, and only where it has none of its own, the Nodes. */
function podCidrs(
  cni: Cni | undefined,
  { pools, nodes }: ClusterFacts,
  configured: readonly string[],
): ClusterNetwork['podCidrs'] {
  const of = (cidrs: readonly string[], source: string): ClusterNetwork['podCidrs'] =>
    cidrs.length === 0 ? undefined : { cidrs: unique(cidrs), source };
  if (cni?.name === 'calico') return of(pools.calico, 'IPPools of Calico');
  if (cni?.name === 'cilium' || cni?.name === 'gke-dataplane-v2') return of(pools.cilium, 'CiliumNodes');
  if (cni === undefined || cni.name === 'aws-vpc-cni') return undefined;
  const isWhole = nodes.every((node) => node.podCidrs.length > 0);
  return (
    of(configured, 'podSubnet of the cluster configuration') ??
    (isWhole
      ? of(
          nodes.flatMap((node) => node.podCidrs),
          'spec.podCIDRs of the Nodes',
        )
      : undefined)
  );
}

/** Whether policies do anything in this cluster, and whether every address of its nodes is known. */
export function networkFindings(network: ClusterNetwork, cni: Cni | undefined): readonly ClusterFinding[] {
  return [enforcementFinding(network, cni), addressFinding(network.nodes)];
}

export function enforcementFinding(
  { ciliumConfig, engines }: Pick<ClusterNetwork, 'ciliumConfig' | 'engines'>,
  cni: Cni | undefined,
): ClusterFinding {
  const { enforces, why, ownNode } = enforcementOf(cni, ciliumConfig);
  const name =
    cni === undefined ? 'an unknown CNI' : `${cni.name}${cni.version === undefined ? '' : ` ${cni.version}`}`;
  const own = { filtered: 'also', allowed: 'but not', unknown: 'perhaps not' }[ownNode];
  const several = engines.length > 0 ? `; ${engines.length > 1 ? 'several' : 'one'} could: ${engines.join(', ')}` : '';
  const message = {
    yes: `${name} enforces network policies, ${own} between a pod and its own node: ${why}.`,
    no: `No network policy has any effect here: ${why}.`,
    unknown: `It is not known whether anything enforces network policies: ${why}${several}.`,
  }[enforces];
  return {
    rule: 'network-policies-enforced',
    title: 'The CNI enforces network policies',
    severity: 'medium',
    status: ({ yes: 'pass', no: 'fail', unknown: 'unknown' } as const)[enforces],
    object: undefined,
    message,
    evidence: cni?.evidence ?? [],
    fix:
      enforces === 'no'
        ? `install a CNI that enforces them, or filter on the nodes: ${nextCommand('netpol', '--policy', 'nftables')}`
        : '',
  };
}

function addressFinding(nodes: readonly NodeAddresses[]): ClusterFinding {
  const unknown = nodes.filter(({ own }) => own === undefined);
  const [first] = unknown;
  const total = nodes.reduce((sum, { own, reported }) => sum + unique([...(own ?? []), ...reported]).length, 0);
  return {
    rule: 'node-addresses-known',
    title: 'All addresses of all nodes are known',
    severity: 'medium',
    status: first === undefined ? 'pass' : 'unknown',
    object: undefined,
    message:
      first === undefined
        ? `${nodes.length} nodes have ${total} addresses, with bridges and tunnels.`
        : `Bridges and tunnels are not known of ${unknown.length} of ${nodes.length} nodes, and the kubelet listens there too.`,
    evidence: unknown.slice(0, 5).map(({ node, missing }) => `Node ${node}: ${missing ?? ''}`),
    fix: first === undefined ? '' : `fix the connection, or give them: --node-address ${first.node}=ADDRESS,ADDRESS`,
  };
}
