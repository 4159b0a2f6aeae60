/** Which policy is right for this cluster, and the policy itself. What was not found out is asked for by a flag. Pure. */
import { parseCidr } from '../lib/cidr.js';
import { ToolError } from '../lib/errors.js';
import { satisfies } from '../lib/kube-version.js';
import { kubeletPorts } from './addresses.js';
import { calicoPods } from './calico.js';
import { ciliumHost, ciliumPods } from './cilium.js';
import { adminNetworkPolicy, clusterNetworkPolicy } from './cluster-network-policy.js';
import { type Enforcement, enforcementOf } from './enforce.js';
import { limitsOf, metricsLimit } from './limits.js';
import type {
  Cni,
  CniName,
  ClusterNetwork,
  Limit,
  Manifest,
  NetpolRequest,
  NodeFile,
  Policy,
  PolicyKind,
} from './model.js';
import { cniNames } from './model.js';
import { nftablesFiles } from './nftables.js';
import { defaultDeny, noKubelet } from './network-policy.js';

export interface Chosen {
  readonly cni: Cni;
  readonly enforcement: Enforcement;
  readonly policy: Policy;
}

/** Throws ToolError 'usage' that names the flag for what is not known, or says why no policy can be written. */
export function choosePolicy(found: ClusterNetwork, request: NetpolRequest): Chosen {
  const cni = cniOf(found, request);
  const network = { ...found, cni };
  const enforcement = enforcementOf(cni, network.ciliumConfig);
  const kind = request.policy ?? defaultKind(network, cni.name, request);
  requireEnforced(kind, enforcement);
  requireFit(kind, cni.name);
  requireFlags(kind, request);
  requireNames(kind, network);
  const written = writers[kind](network, request);
  const limits = [...(written.limits ?? []), ...limitsOf(kind, enforcement), ...metricsLimits(kind, network, request)];
  return {
    cni,
    enforcement,
    policy: { kind, manifests: written.manifests ?? [], files: written.files ?? [], limits },
  };
}

/** The flag, then what was seen. */
function cniOf({ cni, engines }: ClusterNetwork, request: NetpolRequest): Cni {
  if (request.cni !== undefined) {
    const isSeen = cni?.name === request.cni;
    const version = request.cniVersion ?? (isSeen ? cni.version : undefined);
    return { name: request.cni, version, evidence: ['--cni', ...(isSeen ? cni.evidence : [])] };
  }
  if (cni !== undefined) return { ...cni, version: request.cniVersion ?? cni.version };
  const seen = engines.length > 0 ? `several were seen: ${engines.join(', ')}` : 'no known DaemonSet or configuration';
  throw new ToolError('usage', `the CNI of this cluster is not known (${seen})`, {
    hint: `name the one that enforces network policies: --cni ${cniNames.join('|')}`,
  });
}

const adminApi = 'policy.networking.k8s.io';
/** CNIs that implement these APIs; elsewhere the objects would be accepted and do nothing. */
const implement = {
  clusterNetworkPolicy: ['calico', 'kindnet', 'kube-ovn', 'gke-dataplane-v2'] as readonly CniName[],
  adminNetworkPolicy: ['antrea', 'ovn-kubernetes', 'kube-ovn', 'calico', 'kindnet'] as readonly CniName[],
};

function defaultKind({ cni, served }: ClusterNetwork, name: CniName, { namespaces }: NetpolRequest): PolicyKind {
  if (name === 'cilium') return 'cilium';
  // Whoever names namespaces wants a policy of theirs.
  if (namespaces.length > 0) return 'network-policy';
  const isTiered = cni?.version !== undefined && satisfies(cni.version, '>=3.29') === true;
  if (name === 'calico' && isTiered && served.has('projectcalico.org/v3')) return 'calico';
  if (implement.adminNetworkPolicy.includes(name) && served.has(`${adminApi}/v1alpha1`)) return 'admin-network-policy';
  if (implement.clusterNetworkPolicy.includes(name) && served.has(`${adminApi}/v1alpha2`))
    return 'cluster-network-policy';
  return 'network-policy';
}

function requireEnforced(kind: PolicyKind, { enforces, why }: Enforcement): void {
  if (kind === 'nftables' || enforces !== 'no') return;
  throw new ToolError('usage', `nothing enforces network policies in this cluster: ${why}`, {
    hint: 'keep pods out on the nodes instead: --policy nftables',
  });
}

function requireFit(kind: PolicyKind, cni: CniName): void {
  const isCilium = cni === 'cilium' || cni === 'gke-dataplane-v2';
  if (isCilium && (kind === 'network-policy' || kind === 'default-deny'))
    throw new ToolError(
      'usage',
      'in Cilium an ipBlock matches no node and no pod, so this policy would cut off the API server',
      {
        hint: 'use --policy cilium, which selects nodes by entity',
      },
    );
  const wanted = { cilium: 'cilium', 'cilium-host': 'cilium', calico: 'calico' } as Partial<
    Record<PolicyKind, CniName>
  >;
  if (wanted[kind] !== undefined && wanted[kind] !== cni) refuseFor(kind, cni);
  if (kind === 'cluster-network-policy' && !implement.clusterNetworkPolicy.includes(cni)) refuseFor(kind, cni);
  if (kind === 'admin-network-policy' && !implement.adminNetworkPolicy.includes(cni)) refuseFor(kind, cni);
}

function refuseFor(kind: PolicyKind, cni: CniName): never {
  throw new ToolError('usage', `--policy ${kind} does nothing with the CNI ${cni}`, {
    hint: 'leave out --policy to get the one that fits, or correct --cni',
  });
}

/** A flag without effect would be a promise that is not kept. */
function requireFlags(kind: PolicyKind, { namespaces, allowNamespaces, allowAddresses }: NetpolRequest): void {
  const refuse = (flag: string, hint: string): never => {
    throw new ToolError('usage', `${flag} has no effect on the policy ${kind}`, { hint });
  };
  const isNamespaced = kind === 'network-policy' || kind === 'default-deny';
  if (!isNamespaced && namespaces.length > 0) refuse('--namespace', 'leave it out, or use --policy network-policy');
  const isWide = !isNamespaced && kind !== 'nftables';
  if (!isWide && namespaces.length > 0 && allowNamespaces !== undefined)
    refuse('--allow-namespace', 'leave it out: only namespaces that are named with --namespace are cut off');
  if (kind === 'nftables' && allowNamespaces !== undefined)
    refuse('--allow-namespace', 'name addresses of pods instead: --allow-address');
  if (kind !== 'nftables' && allowAddresses.length > 0) refuse('--allow-address', 'only nftables takes it');
}

/** Policies that select namespaces by their names. */
const byName: readonly PolicyKind[] = ['calico', 'cluster-network-policy', 'admin-network-policy'];

function requireNames(kind: PolicyKind, { serverVersion }: ClusterNetwork): void {
  if (!byName.includes(kind) || (serverVersion !== undefined && satisfies(serverVersion, '>=1.21') === true)) return;
  throw new ToolError(
    'usage',
    `Kubernetes ${serverVersion ?? '(unknown version)'} does not label namespaces with their names`,
    {
      hint: 'it does from 1.21 on; use --policy network-policy with --namespace',
    },
  );
}

interface Written {
  readonly manifests?: readonly Manifest[];
  readonly files?: readonly NodeFile[];
  readonly limits?: readonly Limit[];
}

const writers: Readonly<Record<PolicyKind, (network: ClusterNetwork, request: NetpolRequest) => Written>> = {
  'network-policy': noKubelet,
  'default-deny': defaultDeny,
  cilium: (network, request) => ({ manifests: ciliumPods(network, request) }),
  'cilium-host': (network, request) => ({ manifests: ciliumHost(network, request) }),
  calico: (network, request) => ({ manifests: calicoPods(network, request) }),
  'cluster-network-policy': (network, request) => ({ manifests: clusterNetworkPolicy(network, request) }),
  'admin-network-policy': (network, request) => ({ manifests: adminNetworkPolicy(network, request) }),
  nftables: (network, request) => ({ files: tableFiles(network, request) }),
};

function tableFiles({ podCidrs, nodes }: ClusterNetwork, request: NetpolRequest): readonly NodeFile[] {
  const cidrs = request.podCidrs.length > 0 ? request.podCidrs : podCidrs?.cidrs;
  if (cidrs === undefined || cidrs.length === 0)
    throw new ToolError('usage', 'the networks of pods are not known', { hint: 'give them: --pod-cidr 10.244.0.0/16' });
  const wrong = cidrs.find((one) => parseCidr(one) === undefined);
  if (wrong !== undefined) throw new ToolError('usage', `--pod-cidr: ${JSON.stringify(wrong)} is no network`);
  return nftablesFiles({
    podCidrs: cidrs,
    ports: kubeletPorts(nodes, request.kubeletPorts),
    allowed: request.allowAddresses,
  });
}

function metricsLimits(kind: PolicyKind, network: ClusterNetwork, request: NetpolRequest): Limit[] {
  const { metricsNamespace: namespace } = network;
  if (namespace === undefined) return [];
  const isNamespaced = kind === 'network-policy' || kind === 'default-deny';
  const isCutOff = isNamespaced
    ? request.namespaces.includes(namespace)
    : kind !== 'nftables' && request.allowNamespaces?.includes(namespace) !== true;
  return isCutOff ? [metricsLimit(namespace)] : [];
}
