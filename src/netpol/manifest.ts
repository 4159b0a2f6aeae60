/** The objects that are written: their label of ownership, their place in the API, and who must reach kubelets. Pure. */
import { ToolError } from '../lib/errors.js';
import type { ClusterNetwork, Manifest, NetpolRequest } from './model.js';

export const managedBy = 'app.kubernetes.io/managed-by';
export const owner = 'kubelatch';

/** Name of every object that keeps pods from kubelets. */
export const policyName = 'kubelatch-no-kubelet';

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

/** What `netpol` writes and removes, in the order of removal: a policy before its tier. */
export const resources: readonly Resource[] = [
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', plural: 'networkpolicies' },
  {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumClusterwideNetworkPolicy',
    plural: 'ciliumclusterwidenetworkpolicies',
  },
  { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkPolicy', plural: 'globalnetworkpolicies' },
  { apiVersion: 'projectcalico.org/v3', kind: 'Tier', plural: 'tiers' },
  { apiVersion: 'policy.networking.k8s.io/v1alpha2', kind: 'ClusterNetworkPolicy', plural: 'clusternetworkpolicies' },
  { apiVersion: 'policy.networking.k8s.io/v1alpha1', kind: 'AdminNetworkPolicy', plural: 'adminnetworkpolicies' },
];

interface Place {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

export const manifestOf = ({ kind, name, namespace }: Place, spec: Readonly<Record<string, unknown>>): Manifest => ({
  apiVersion: resourceOf(kind).apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: { [managedBy]: owner } },
  spec,
});

/** Path of all objects of its kind, in its namespace. */
export function collectionPath({ kind, metadata: { namespace } }: Pick<Manifest, 'kind' | 'metadata'>): string {
  const { apiVersion, plural } = resourceOf(kind);
  const place = namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`;
  return `/apis/${apiVersion}/${place}${plural}`;
}

export const objectPath = (manifest: Pick<Manifest, 'kind' | 'metadata'>): string =>
  `${collectionPath(manifest)}/${encodeURIComponent(manifest.metadata.name)}`;

function resourceOf(kind: string): Resource {
  const found = resources.find((one) => one.kind === kind);
  if (found === undefined) throw new ToolError('internal', `${kind} is no kind of object that netpol writes`);
  return found;
}

/** `NetworkPolicy shop/kubelatch-no-kubelet`. */
export const objectName = ({ kind, metadata: { name, namespace } }: Pick<Manifest, 'kind' | 'metadata'>): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** Label that every namespace has from Kubernetes 1.21 on, and that nobody can forge. */
export const namespaceLabel = 'kubernetes.io/metadata.name';

/**
 * Namespaces whose pods may reach kubelets, for a policy of the whole cluster. Nobody can guess them, so the flag is required,
 * and the server of the metrics API must be among them.
 */
export function exceptedNamespaces(
  { metricsNamespace }: ClusterNetwork,
  { allowNamespaces }: NetpolRequest,
): readonly string[] {
  if (allowNamespaces === undefined)
    throw new ToolError('usage', 'this policy covers all namespaces, and monitoring must still reach the kubelets', {
      hint: `name the namespaces of metrics-server, Prometheus and agents: --allow-namespace ${metricsNamespace ?? 'NAMESPACE'}, or --allow-namespace none`,
    });
  return allowNamespaces;
}
