/** Who holds nodes/proxy and the like by RBAC, and with which finer right it could do. Pure. */
import { field, listOf, nameOf, textOf } from '../cluster/api-object.js';
import { unique } from '../lib/lists.js';
import { labelsOf } from './workloads.js';

/** Somebody who may do anything on kubelets that nodes/proxy allows. */
export interface Holder {
  readonly kind: 'ServiceAccount' | 'User' | 'Group';
  /** Empty for users and groups. */
  readonly namespace: string;
  readonly name: string;
  readonly grants: readonly Grant[];
}

export interface Grant {
  readonly clusterRole: string;
  readonly binding: string;
  /** The resources of the rule that include nodes/proxy, as they are written. */
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export const holderText = ({ kind, namespace, name }: Pick<Holder, 'kind' | 'namespace' | 'name'>): string =>
  namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;

/** The role whose holders are administrators of everything. */
const adminRole = 'cluster-admin';
/** The role made for the API server's own identity. */
const kubeletRole = 'system:kubelet-api-admin';
const verbsOfHarm = ['get', 'create', '*'];
const resourcesOfHarm = ['nodes/proxy', 'nodes/*', '*/proxy', '*/*', '*'];

/**
 * By ClusterRoles and ClusterRoleBindings, as the API server lists them; a RoleBinding cannot grant rights on nodes. Left out:
 * administrators, the cluster's own controllers, and users with the role that is made for API servers.
 */
export function proxyHolders(roles: readonly unknown[], bindings: readonly unknown[]): readonly Holder[] {
  const rulesOf = new Map(roles.map((role) => [nameOf(role), listOf(field(role, 'rules'))]));
  const holders = new Map<string, Holder>();
  for (const binding of bindings) {
    const clusterRole = textOf(field(field(binding, 'roleRef'), 'name'));
    if (clusterRole === adminRole || isBuiltIn(binding)) continue;
    const rules = rulesOf.get(clusterRole) ?? [];
    if (rules.some(isEverything)) continue;
    const grants = rules.flatMap((rule) => grantIn(rule, clusterRole, nameOf(binding)));
    if (grants.length === 0) continue;
    for (const subject of listOf(field(binding, 'subjects'))) {
      const holder = subjectOf(subject);
      if (holder === undefined || (clusterRole === kubeletRole && holder.kind === 'User')) continue;
      const key = holderText(holder);
      holders.set(key, { ...holder, grants: [...(holders.get(key)?.grants ?? []), ...grants] });
    }
  }
  return [...holders.values()];
}

/** The API server keeps these as they are, and puts back what is taken from them. */
const isBuiltIn = (object: unknown): boolean =>
  labelsOf(object)['kubernetes.io/bootstrapping'] === 'rbac-defaults' && nameOf(object).startsWith('system:');

const textsOf = (list: unknown): string[] => listOf(list).map(textOf);
const isEverything = (rule: unknown): boolean =>
  ['apiGroups', 'resources', 'verbs'].every((key) => textsOf(field(rule, key)).includes('*'));

function grantIn(rule: unknown, clusterRole: string, binding: string): Grant[] {
  const groups = textsOf(field(rule, 'apiGroups'));
  const verbs = unique(textsOf(field(rule, 'verbs'))).filter((verb) => verbsOfHarm.includes(verb));
  const resources = unique(textsOf(field(rule, 'resources'))).filter((one) => resourcesOfHarm.includes(one));
  const isCore = groups.includes('') || groups.includes('*');
  return isCore && verbs.length > 0 && resources.length > 0 ? [{ clusterRole, binding, resources, verbs }] : [];
}

function subjectOf(subject: unknown): Omit<Holder, 'grants'> | undefined {
  const kind = textOf(field(subject, 'kind'));
  const name = textOf(field(subject, 'name'));
  if (name === '' || name === 'system:masters') return undefined;
  if (kind === 'ServiceAccount') return { kind, namespace: textOf(field(subject, 'namespace')), name };
  return kind === 'User' || kind === 'Group' ? { kind, namespace: '', name } : undefined;
}

/** Rights that every kubelet knows; the others came with KubeletFineGrainedAuthz, on by default from 1.33. */
const always = ['nodes/metrics', 'nodes/stats', 'nodes/log'];

/** Sorts rights by whether kubelets before 1.33 know them. */
export const byVersion = (rights: readonly string[]): { readonly always: string[]; readonly from133: string[] } => ({
  always: rights.filter((one) => always.includes(one)),
  from133: rights.filter((one) => !always.includes(one)),
});

/** The finest right for a path of a kubelet; nodes/proxy where there is no other. */
export function rightForPath(path: string): string {
  const [, first = ''] = path.split('/');
  switch (first) {
    case 'metrics':
      return 'nodes/metrics';
    case 'stats':
      return 'nodes/stats';
    case 'logs':
      return 'nodes/log';
    case 'pods':
    case 'runningpods':
      return 'nodes/pods';
    case 'healthz':
      return 'nodes/healthz';
    case 'configz':
      return 'nodes/configz';
    case 'checkpoint':
      return 'nodes/checkpoint';
    default:
      return 'nodes/proxy';
  }
}
