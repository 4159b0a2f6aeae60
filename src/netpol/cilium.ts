/** Cilium: a policy of the whole cluster for pods, and one for hosts. Both deny, and leave everything else as it is. Pure. */
import { ToolError } from '../lib/errors.js';
import { satisfies } from '../lib/kube-version.js';
import { kubeletPorts } from './addresses.js';
import { exceptedNamespaces, manifestOf, policyName } from './manifest.js';
import type { ClusterNetwork, Manifest, NetpolRequest } from './model.js';

const podNamespace = 'k8s:io.kubernetes.pod.namespace';

/** Of pods, on their own node and on others: `host` is the local node alone. */
export function ciliumPods(network: ClusterNetwork, request: NetpolRequest): readonly Manifest[] {
  requireDefaultDenySwitch(network, request);
  const excepted = exceptedNamespaces(network, request);
  const spec = {
    endpointSelector: excepted.length === 0 ? {} : { matchExpressions: [notIn(excepted)] },
    // Without it a policy that only denies cuts off all egress of the pods it selects.
    enableDefaultDeny: { egress: false },
    egressDeny: [{ toEntities: ['host', 'remote-node'], toPorts: portsOf(network, request) }],
  };
  return [manifestOf({ kind: 'CiliumClusterwideNetworkPolicy', name: policyName }, spec)];
}

/** Of nodes: what pods may not send to them. */
export function ciliumHost(network: ClusterNetwork, request: NetpolRequest): readonly Manifest[] {
  requireDefaultDenySwitch(network, request);
  requireHostFirewall(network);
  const excepted = exceptedNamespaces(network, request);
  const isPod = { key: podNamespace, operator: 'Exists' };
  const from = { matchExpressions: excepted.length === 0 ? [isPod] : [isPod, notIn(excepted)] };
  const spec = {
    nodeSelector: {},
    // Without it the node drops everything that no policy allows.
    enableDefaultDeny: { ingress: false },
    ingressDeny: [{ fromEndpoints: [from], toPorts: portsOf(network, request) }],
  };
  return [manifestOf({ kind: 'CiliumClusterwideNetworkPolicy', name: 'kubelatch-kubelet-host' }, spec)];
}

const notIn = (values: readonly string[]) => ({ key: podNamespace, operator: 'NotIn', values });

const portsOf = ({ nodes }: ClusterNetwork, { kubeletPorts: more }: NetpolRequest) => [
  { ports: kubeletPorts(nodes, more).map((port) => ({ port: String(port), protocol: 'TCP' })) },
];

/** enableDefaultDeny came with 1.16.0, and did not always work before 1.17. */
function requireDefaultDenySwitch({ cni }: ClusterNetwork, { cniVersion, acceptDenyAllRisk }: NetpolRequest): void {
  const version = cniVersion ?? cni?.version;
  const isNew = version === undefined ? undefined : satisfies(version, '>=1.17');
  if (version === undefined || isNew === undefined)
    throw new ToolError('usage', 'the version of Cilium is not known: no image of its DaemonSet tells it', {
      hint: 'give it: --cni-version 1.17.3',
    });
  if (isNew) return;
  if (satisfies(version, '>=1.16') !== true)
    throw new ToolError(
      'usage',
      `Cilium ${version} has no enableDefaultDeny, so this policy would cut off all egress`,
      {
        hint: 'upgrade Cilium to 1.17 or newer, or use --policy nftables on the nodes',
      },
    );
  if (!acceptDenyAllRisk)
    throw new ToolError('usage', `Cilium ${version} sometimes blocks all egress in spite of enableDefaultDeny`, {
      hint: 'upgrade Cilium to 1.17 or newer, or test it and add --accept-deny-all-risk (cilium/cilium#37729)',
    });
}

function requireHostFirewall({ ciliumConfig }: ClusterNetwork): void {
  if (ciliumConfig === undefined)
    throw new ToolError(
      'cluster',
      'ConfigMap kube-system/cilium-config could not be read, so nobody knows of host policies',
      {
        hint: 'allow reading it, or use --policy cilium',
      },
    );
  if (ciliumConfig['enable-host-firewall'] !== 'true')
    throw new ToolError('usage', 'Cilium ignores host policies here: cilium-config has no enable-host-firewall: true', {
      hint: 'install Cilium with hostFirewall.enabled=true, or use --policy cilium',
    });
}
