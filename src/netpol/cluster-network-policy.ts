/** ClusterNetworkPolicy (v1alpha2) and AdminNetworkPolicy (v1alpha1) of the network policy API. Pure. */
import { ToolError } from '../lib/errors.js';
import { piecesOf } from '../lib/lists.js';
import { kubeletPorts, nodeNetworks, requireAllAddresses } from './addresses.js';
import { exceptedNamespaces, manifestOf, namespaceLabel, policyName } from './manifest.js';
import type { ClusterNetwork, Manifest, NetpolRequest } from './model.js';

const group = 'policy.networking.k8s.io';
/** CIDRs a peer, peers a rule, rules a policy: what v1alpha2 allows, and v1alpha1 as well. */
const most = 25;

export function clusterNetworkPolicy(network: ClusterNetwork, request: NetpolRequest): readonly Manifest[] {
  requireServed(network, `${group}/v1alpha2`, 'ClusterNetworkPolicy');
  const protocols = kubeletPorts(network.nodes, request.kubeletPorts).map((number) => ({
    tcp: { destinationPort: { number } },
  }));
  const egress = rulesOf(network).map((to, at) => ({ name: ruleName(at), action: 'Deny', to, protocols }));
  const spec = { tier: 'Admin', priority: 100, subject: subjectOf(network, request), egress };
  return [manifestOf({ kind: 'ClusterNetworkPolicy', name: policyName }, spec)];
}

export function adminNetworkPolicy(network: ClusterNetwork, request: NetpolRequest): readonly Manifest[] {
  requireServed(network, `${group}/v1alpha1`, 'AdminNetworkPolicy');
  const ports = kubeletPorts(network.nodes, request.kubeletPorts).map((port) => ({
    portNumber: { protocol: 'TCP', port },
  }));
  const egress = adminRules(network).map((to, at) => ({ name: ruleName(at), action: 'Deny', to, ports }));
  const spec = { priority: 50, subject: subjectOf(network, request), egress };
  return [manifestOf({ kind: 'AdminNetworkPolicy', name: policyName }, spec)];
}

const ruleName = (at: number): string => (at === 0 ? 'kubelet' : `kubelet-${at + 1}`);

/** By the Nodes where this cluster's API can, since those never grow old. */
function adminRules(network: ClusterNetwork): readonly unknown[] {
  if (network.adminPeers.includes('nodes'))
    return [[{ nodes: { matchExpressions: [{ key: 'kubernetes.io/os', operator: 'Exists' }] } }]];
  if (network.adminPeers.includes('networks')) return rulesOf(network);
  throw new ToolError('usage', 'the AdminNetworkPolicy of this cluster can select neither nodes nor networks', {
    hint: 'install the API from its experimental channel, or use --policy network-policy',
  });
}

/** Peers for each rule. */
function rulesOf({ nodes }: ClusterNetwork): readonly (readonly unknown[])[] {
  requireAllAddresses(nodes);
  const { v4, v6 } = nodeNetworks(nodes);
  const peers = piecesOf([...v4, ...v6], most).map((networks) => ({ networks }));
  const rules = piecesOf(peers, most);
  if (rules.length > most)
    throw new ToolError('usage', `the nodes have more addresses than one policy holds (${most ** 3})`, {
      hint: 'use a policy that selects nodes by itself',
    });
  return rules;
}

function subjectOf(network: ClusterNetwork, request: NetpolRequest): unknown {
  const excepted = exceptedNamespaces(network, request);
  if (excepted.length === 0) return { namespaces: {} };
  return { namespaces: { matchExpressions: [{ key: namespaceLabel, operator: 'NotIn', values: excepted }] } };
}

function requireServed({ served }: ClusterNetwork, version: string, kind: string): void {
  if (served.has(version)) return;
  throw new ToolError('usage', `this cluster does not serve ${kind} (${version})`, {
    hint: 'install the API if the CNI implements it, or use another --policy',
  });
}
