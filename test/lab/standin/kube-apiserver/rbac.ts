// Who may do what: system:masters all, nodes their own things, and everyone else by the RBAC objects in the store.
import { at, listOf, objectOf, text, textsOf, type Json, type JsonObject } from '../json.js';
import type { User } from '../x509.js';
import { mustFind } from './resources.js';
import type { Store } from './store.js';

export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Set for a request that is not for a resource. */
  readonly path: string | undefined;
}

const readVerbs = ['get', 'list', 'watch'];

function nodeMay(user: User, what: Attributes): boolean {
  if (what.path !== undefined) return false;
  const own = what.name === user.name.slice('system:node:'.length);
  switch (what.resource) {
    case 'nodes':
      if (readVerbs.includes(what.verb) && what.subresource === '') return true;
      return what.verb === 'create' ? what.subresource === '' : own && ['update', 'patch'].includes(what.verb);
    case 'leases':
      return what.namespace === 'kube-node-lease' && (own || what.verb === 'create');
    case 'certificatesigningrequests':
      return what.subresource === '' && (what.verb === 'create' || readVerbs.includes(what.verb));
    case 'tokenreviews':
    case 'subjectaccessreviews':
    case 'events':
      return what.verb === 'create';
    case 'pods':
    case 'services':
      return readVerbs.includes(what.verb);
    case 'configmaps':
    case 'secrets':
      return what.verb === 'get';
    default:
      return false;
  }
}

function includes(list: Json | undefined, ...wanted: readonly string[]): boolean {
  return textsOf(list).some((item) => item === '*' || wanted.includes(item));
}

function matches(rule: Json, what: Attributes): boolean {
  if (!includes(at(rule, 'verbs'), what.verb)) return false;
  const { path } = what;
  if (path !== undefined) {
    return textsOf(at(rule, 'nonResourceURLs')).some((url) =>
      url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : url === path,
    );
  }
  const resource = what.subresource === '' ? what.resource : `${what.resource}/${what.subresource}`;
  const names = textsOf(at(rule, 'resourceNames'));
  if (names.length > 0 && !names.includes(what.name)) return false;
  return (
    includes(at(rule, 'apiGroups'), what.group) && includes(at(rule, 'resources'), resource, `*/${what.subresource}`)
  );
}

function subjectIs(subject: Json, user: User, namespace: string): boolean {
  const name = text(at(subject, 'name'));
  switch (text(at(subject, 'kind'))) {
    case 'User':
      return name === user.name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return `system:serviceaccount:${text(at(subject, 'namespace'), namespace)}:${name}` === user.name;
    default:
      return false;
  }
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

export function decide(store: Store, user: User, what: Attributes): Decision {
  if (user.groups.includes('system:masters')) return { allowed: true, reason: '' };
  if (user.groups.includes('system:nodes') && user.name.startsWith('system:node:') && nodeMay(user, what))
    return { allowed: true, reason: '' };
  const bound = (binding: JsonObject): boolean =>
    listOf(binding['subjects']).some((subject) => subjectIs(subject, user, what.namespace));
  const grants = (binding: JsonObject, namespace: string): boolean => {
    const kind = text(at(binding, 'roleRef', 'kind')) === 'Role' ? 'roles' : 'clusterroles';
    const role = store.find(mustFind(kind), namespace, text(at(binding, 'roleRef', 'name')));
    return listOf(at(role, 'rules')).some((rule) => matches(rule, what));
  };
  for (const binding of store.list(mustFind('clusterrolebindings'), '')) {
    if (!bound(binding) || !grants(binding, '')) continue;
    const name = text(at(binding, 'metadata', 'name'));
    return { allowed: true, reason: `RBAC: allowed by ClusterRoleBinding ${JSON.stringify(name)}` };
  }
  if (what.namespace !== '') {
    for (const binding of store.list(mustFind('rolebindings'), what.namespace)) {
      if (bound(binding) && grants(binding, what.namespace))
        return { allowed: true, reason: 'RBAC: allowed by RoleBinding' };
    }
  }
  return { allowed: false, reason: '' };
}

function rule(apiGroups: string, resources: string, verbs: string): JsonObject {
  return { apiGroups: apiGroups.split(' '), resources: resources.split(' '), verbs: verbs.split(' ') };
}

const paths = '/healthz /livez /readyz /version /version/ /healthz/* /livez/* /readyz/*';
const discovery = `/api /api/* /apis /apis/* /openapi /openapi/* ${paths}`;
const subject = (name: string): JsonObject => {
  const kind = name === 'system:kube-controller-manager' ? 'User' : 'Group';
  return { apiGroup: 'rbac.authorization.k8s.io', kind, name };
};
const roles: Readonly<Record<string, readonly JsonObject[]>> = {
  'cluster-admin': [rule('*', '*', '*'), { nonResourceURLs: ['*'], verbs: ['*'] }],
  'system:kubelet-api-admin': [
    rule('', 'nodes', 'get list watch proxy'),
    rule('', 'nodes/log nodes/metrics nodes/proxy nodes/stats', '*'),
  ],
  'system:discovery': [
    { nonResourceURLs: discovery.split(' '), verbs: ['get'] },
    rule('authorization.k8s.io authentication.k8s.io', 'selfsubjectaccessreviews selfsubjectreviews', 'create'),
  ],
  'system:public-info-viewer': [{ nonResourceURLs: paths.split(' '), verbs: ['get'] }],
  'system:node-bootstrapper': [rule('certificates.k8s.io', 'certificatesigningrequests', 'create get list watch')],
  'system:kube-controller-manager': [
    rule('', 'nodes nodes/status', 'get list watch update patch'),
    rule('coordination.k8s.io', 'leases', 'get list watch'),
    rule(
      'certificates.k8s.io',
      'certificatesigningrequests certificatesigningrequests/status certificatesigningrequests/approval',
      'get list watch update',
    ),
  ],
  view: [rule('', 'pods configmaps services', 'get list watch'), rule('apps', '*', 'get list watch')],
};
const bindings: readonly (readonly [string, string, readonly string[]])[] = [
  ['cluster-admin', 'cluster-admin', ['system:masters']],
  ['kubeadm:cluster-admins', 'cluster-admin', ['kubeadm:cluster-admins']],
  ['system:discovery', 'system:discovery', ['system:authenticated']],
  ['system:public-info-viewer', 'system:public-info-viewer', ['system:authenticated', 'system:unauthenticated']],
  ['system:kube-controller-manager', 'system:kube-controller-manager', ['system:kube-controller-manager']],
  ['kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', ['system:bootstrappers']],
];

/** The roles and bindings that a fresh cluster has. */
export function seedRbac(store: Store): void {
  const create = (plural: string, name: string, content: JsonObject): void => {
    const resource = mustFind(plural);
    if (store.find(resource, '', name) === undefined)
      store.create(resource, '', { metadata: { name }, ...objectOf(content) });
  };
  for (const [name, rules] of Object.entries(roles)) create('clusterroles', name, { rules: [...rules] });
  for (const [name, role, subjects] of bindings) {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
    create('clusterrolebindings', name, { roleRef, subjects: subjects.map(subject) });
  }
}
