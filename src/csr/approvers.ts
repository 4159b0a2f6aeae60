/** Who approves requests for serving certificates in a cluster: by rights, by workload, and by history. Pure. */
import { field, listOf, nameOf, textOf } from '../cluster/api-object.js';
import { approvalReason } from './approve.js';
import { type ServingRequest, servingSigner, stateOf } from './serving-request.js';

/** Lists of API objects. */
export interface ApproverObjects {
  readonly clusterRoles: readonly unknown[];
  readonly clusterRoleBindings: readonly unknown[];
  /** Deployments, DaemonSets and StatefulSets. */
  readonly workloads: readonly unknown[];
}

export interface Approver {
  /** `ServiceAccount kube-system/approver`, `User x` or `Group y`. */
  readonly subject: string;
  readonly roles: readonly string[];
  /** What runs as this ServiceAccount with at least one ready pod, such as `Deployment kube-system/approver`. */
  readonly workloads: readonly string[];
  readonly images: readonly string[];
  /** What it is known not to check; empty for an image that is not known. */
  readonly holes: readonly string[];
}

/** By a part of the image's name: what each does not check. */
const knownImages: Readonly<Record<string, readonly string[]>> = {
  'kubelet-csr-approver': [
    'a request with addresses and no name skips its checks of names: any address in its list of prefixes passes',
    'a name passes that begins with the Node’s: node1 gets node10 and node1.evil',
    'it compares neither the Node object, nor usages, nor groups',
    'it denies by default, so that a kubelet files anew every 32 s',
  ],
  'kubelet-serving-cert-approver': [
    'it does not compare names and addresses with anything: a node gets a certificate for any of them',
  ],
  'machine-approver': ['on clusters without Machine objects somebody has to approve the first request by hand'],
};

interface Rule {
  readonly groups: readonly unknown[];
  readonly resources: readonly unknown[];
  readonly names: readonly unknown[];
  readonly verbs: readonly unknown[];
}

const group = 'certificates.k8s.io';
const signers: readonly unknown[] = [servingSigner, 'kubernetes.io/*', '*'];
const has = (all: readonly unknown[], ...wanted: readonly string[]): boolean =>
  all.some((one) => one === '*' || (typeof one === 'string' && wanted.includes(one)));

/** Subjects that may approve serving requests by an own right; those that may do everything are left out. */
export function approversOf({ clusterRoles, clusterRoleBindings, workloads }: ApproverObjects): readonly Approver[] {
  const rules = new Map(clusterRoles.map((role) => [nameOf(role), rulesOf(role)]));
  const held = new Map<string, string[]>();
  for (const binding of clusterRoleBindings) {
    const role = textOf(field(field(binding, 'roleRef'), 'name'));
    for (const subject of listOf(field(binding, 'subjects'))) {
      const name = subjectName(subject);
      held.set(name, [...(held.get(name) ?? []), role]);
    }
  }
  return [...held].flatMap(([subject, roles]): Approver[] => {
    const all = roles.flatMap((role) => rules.get(role) ?? []);
    const granting = roles.filter((role) => (rules.get(role) ?? []).some(mayApprove));
    const isAdmin = all.some(({ groups, resources, verbs }) =>
      [groups, resources, verbs].every((one) => one.includes('*')),
    );
    if (isAdmin || granting.length === 0 || !all.some(mayUpdateApproval)) return [];
    const running = workloads.filter((one) => `ServiceAccount ${accountOf(one)}` === subject && readyPods(one) > 0);
    const images = running.flatMap(imagesOf);
    const holes = Object.entries(knownImages).flatMap(([part, all]) =>
      images.some((image) => imageName(image).includes(part)) ? all : [],
    );
    return [{ subject, roles: granting, workloads: running.map(workloadName), images, holes }];
  });
}

const rulesOf = (role: unknown): readonly Rule[] =>
  listOf(field(role, 'rules')).map((rule) => ({
    groups: listOf(field(rule, 'apiGroups')),
    resources: listOf(field(rule, 'resources')),
    names: listOf(field(rule, 'resourceNames')),
    verbs: listOf(field(rule, 'verbs')),
  }));

const mayApprove = ({ groups, resources, names, verbs }: Rule): boolean =>
  has(groups, group) &&
  has(resources, 'signers') &&
  has(verbs, 'approve') &&
  (names.length === 0 || names.some((name) => signers.includes(name)));

const mayUpdateApproval = ({ groups, resources, verbs }: Rule): boolean =>
  has(groups, group) &&
  has(resources, 'certificatesigningrequests/approval', '*/approval') &&
  has(verbs, 'update', 'patch');

function subjectName(subject: unknown): string {
  const [kind, name] = [textOf(field(subject, 'kind')), textOf(field(subject, 'name'))];
  if (kind !== 'ServiceAccount') return `${kind} ${name}`;
  return `ServiceAccount ${textOf(field(subject, 'namespace'))}/${name}`;
}

const podOf = (workload: unknown): unknown => field(field(field(workload, 'spec'), 'template'), 'spec');
const namespaceOf = (object: unknown): string => textOf(field(field(object, 'metadata'), 'namespace'));
const accountOf = (workload: unknown): string =>
  `${namespaceOf(workload)}/${textOf(field(podOf(workload), 'serviceAccountName')) || 'default'}`;
const workloadName = (workload: unknown): string =>
  `${textOf(field(workload, 'kind')) || 'workload'} ${namespaceOf(workload)}/${nameOf(workload)}`;
const imagesOf = (workload: unknown): readonly string[] =>
  listOf(field(podOf(workload), 'containers')).map((one) => textOf(field(one, 'image')));

function readyPods(workload: unknown): number {
  const status = field(workload, 'status');
  const ready = field(status, 'readyReplicas') ?? field(status, 'numberReady');
  return typeof ready === 'number' ? ready : 0;
}

/** `approver` of `ghcr.io/x/approver:v1@sha256:...`. */
const imageName = (image: string): string => (image.split('/').at(-1) ?? '').replace(/[:@].*$/, '');

export interface PastApproval {
  readonly request: string;
  readonly username: string;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number | undefined;
}

/** Reasons of approvals by a person or by this tool: they say nothing about the next one. */
const byHand: ReadonlySet<string> = new Set(['KubectlApprove', approvalReason]);

/** Serving requests that something else than a person approved, as far as the API server still has them. */
export const pastApprovals = (requests: readonly ServingRequest[]): readonly PastApproval[] =>
  requests.flatMap(({ name, username, signerName, conditions }) =>
    conditions
      .filter(({ type, reason }) => signerName === servingSigner && type === 'Approved' && !byHand.has(reason))
      .map(({ reason, at }) => ({ request: name, username, reason, at })),
  );

/** Approved serving requests without a certificate, with the time of approval. Milliseconds since the epoch. */
export const unissued = (
  requests: readonly ServingRequest[],
): readonly { readonly name: string; readonly at: number | undefined }[] =>
  requests
    .filter((one) => one.signerName === servingSigner && stateOf(one) === 'approved')
    .map(({ name, conditions }) => ({ name, at: conditions.find(({ type }) => type === 'Approved')?.at }));
