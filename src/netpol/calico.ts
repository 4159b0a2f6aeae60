/** Calico: a tier of its own that passes what it does not deny, and in it one policy for all pods. Pure. */
import { ToolError } from '../lib/errors.js';
import { satisfies } from '../lib/kube-version.js';
import { piecesOf } from '../lib/lists.js';
import { kubeletPorts, nodeNetworks, requireAllAddresses } from './addresses.js';
import { exceptedNamespaces, manifestOf, namespaceLabel } from './manifest.js';
import type { ClusterNetwork, Manifest, NetpolRequest } from './model.js';

/** Before the tiers `adminnetworkpolicy` (1000) and `default`. */
const order = 500;
const tier = 'kubelatch';
/** Networks of one rule, by the definition of GlobalNetworkPolicy from 2026 on; it takes 1024 rules. */
const mostNets = 256;

export function calicoPods(network: ClusterNetwork, request: NetpolRequest): readonly Manifest[] {
  requireTierWithPass(network, request);
  requireAllAddresses(network.nodes);
  const excepted = exceptedNamespaces(network, request);
  const { v4, v6 } = nodeNetworks(network.nodes);
  const ports = kubeletPorts(network.nodes, request.kubeletPorts);
  const deny = (all: readonly string[]) =>
    piecesOf(all, mostNets).map((nets) => ({ action: 'Deny', protocol: 'TCP', destination: { nets, ports } }));
  const quoted = excepted.map((name) => JSON.stringify(name)).join(', ');
  const spec = {
    tier,
    order: 10,
    // Selects pods alone: a host endpoint is in no namespace.
    namespaceSelector: excepted.length === 0 ? 'all()' : `${namespaceLabel} not in { ${quoted} }`,
    types: ['Egress'],
    // Each family has rules of its own: a rule has one.
    egress: [...deny(v4), ...deny(v6)],
  };
  return [
    // Pass: without it the tier drops what no policy of it allows.
    manifestOf({ kind: 'Tier', name: tier }, { order, defaultAction: 'Pass' }),
    manifestOf({ kind: 'GlobalNetworkPolicy', name: `${tier}.no-kubelet` }, spec),
  ];
}

function requireTierWithPass({ cni, served }: ClusterNetwork, { cniVersion }: NetpolRequest): void {
  const version = cniVersion ?? cni?.version;
  const isNew = version === undefined ? undefined : satisfies(version, '>=3.29');
  if (version === undefined || isNew === undefined)
    throw new ToolError('usage', 'the version of Calico is not known: no image of its DaemonSet tells it', {
      hint: 'give it: --cni-version 3.29.1',
    });
  if (!isNew)
    throw new ToolError('usage', `Calico ${version} has no tiers that pass what they do not deny (3.29 has)`, {
      hint: 'upgrade Calico, or use --policy network-policy',
    });
  if (!served.has('projectcalico.org/v3'))
    throw new ToolError('usage', 'this cluster does not serve projectcalico.org/v3: the Calico API server is missing', {
      hint: 'install it, or use --policy network-policy',
    });
}
