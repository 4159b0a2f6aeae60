// The resources this API server keeps, as discovery, routes and the store know them.
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly status: boolean;
  readonly shortNames: readonly string[];
}

// group/version plural Kind scope(ns|cluster)[+status] [short,names]
const table = `
/v1 namespaces Namespace cluster+status ns
/v1 nodes Node cluster+status no
/v1 pods Pod ns+status po
/v1 configmaps ConfigMap ns cm
/v1 secrets Secret ns
/v1 services Service ns+status svc
/v1 serviceaccounts ServiceAccount ns sa
/v1 endpoints Endpoints ns ep
/v1 events Event ns ev
apps/v1 daemonsets DaemonSet ns+status ds
apps/v1 deployments Deployment ns+status deploy
apps/v1 replicasets ReplicaSet ns+status rs
apps/v1 statefulsets StatefulSet ns+status sts
batch/v1 jobs Job ns+status
policy/v1 poddisruptionbudgets PodDisruptionBudget ns+status pdb
coordination.k8s.io/v1 leases Lease ns
certificates.k8s.io/v1 certificatesigningrequests CertificateSigningRequest cluster+status csr
networking.k8s.io/v1 networkpolicies NetworkPolicy ns netpol
rbac.authorization.k8s.io/v1 clusterroles ClusterRole cluster
rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding cluster
rbac.authorization.k8s.io/v1 roles Role ns
rbac.authorization.k8s.io/v1 rolebindings RoleBinding ns
`;

export const resources: readonly Resource[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const [groupVersion = '', plural = '', kind = '', scope = '', short = ''] = line.split(' ');
    const [group = '', version = ''] = groupVersion.split('/');
    const singular = kind.toLowerCase();
    const shortNames = short === '' ? [] : short.split(',');
    return {
      group,
      version,
      plural,
      singular,
      kind,
      namespaced: scope.startsWith('ns'),
      status: scope.endsWith('+status'),
      shortNames,
    };
  });

// Reviews are answered and never kept.
export const reviews: readonly Resource[] = [
  ['authentication.k8s.io', 'tokenreviews', 'TokenReview'],
  ['authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview'],
  ['authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview'],
  ['authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'],
].map(([group = '', plural = '', kind = '']) => ({
  group,
  version: 'v1',
  plural,
  singular: kind.toLowerCase(),
  kind,
  namespaced: false,
  status: false,
  shortNames: [],
}));

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return [...resources, ...reviews].find(
    (item) => item.group === group && item.version === version && item.plural === plural,
  );
}

export function mustFind(plural: string): Resource {
  const found = resources.find((item) => item.plural === plural);
  if (found === undefined) throw new Error(`no resource ${plural}`);
  return found;
}

export function apiVersion(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

export function inGroup(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}
