/** Findings about serving certificates: who signs them, who approves them later, and whether the API server verifies them. */
import type { Cluster } from '../cluster/cluster.js';
import type { Gateway } from '../cluster/gateway.js';
import { listAll } from '../cluster/list.js';
import { type Approver, approversOf, pastApprovals, unissued } from '../csr/approvers.js';
import { kubeletAuthorities, programsInPods, signingOf } from '../csr/control-plane.js';
import { type ServingRequest, readRequest, requestsPath, servingSigner, stateOf } from '../csr/serving-request.js';
import type { Obstacle } from '../distros/distro.js';
import type { ControlPlaneProgram } from '../facts/control-plane-program.js';
import { now } from '../lib/clock.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import { wantsBootstrap } from '../playbook/serving.js';
import type { Run } from './context.js';
import type { Surveyed } from './survey.js';
import { nextCommand } from '../lib/next-command.js';

/** Empty unless serverTLSBootstrap is on somewhere, or a playbook turns it on: other clusters have no such certificates. */
export async function servingFindings(
  run: Pick<Run, 'playbooks'>,
  surveyed: readonly Surveyed[],
  gateway: Gateway,
): Promise<readonly ClusterFinding[]> {
  const nodes = surveyed.flatMap(({ result }) => (result.ok ? [result.value.serving] : []));
  const isOn = nodes.some(({ bootstrap }) => bootstrap);
  if (!isOn && !nodes.some(({ distro }) => wantsBootstrap(run.playbooks, distro))) return [];
  const [pods, requests, approvers] = await Promise.all([
    listAll(gateway, `/api/v1/namespaces/kube-system/pods?labelSelector=${selector}`),
    readRequests(gateway),
    readApprovers(gateway),
  ]);
  const found = nodes.flatMap(({ programs }) => programs);
  const programs = [...found, ...(pods.ok ? programsInPods(pods.value) : [])];
  return [
    signerFinding(programs, requests, now()),
    approverFinding(approvers, requests),
    verificationFinding(programs),
  ];
}

/** Why a plan must not move kubelets to serving certificates of the cluster; undefined if it may, or if none is asked for. */
export async function whyNoApprover(
  run: Pick<Run, 'playbooks' | 'acceptNoApprover'>,
  cluster: Cluster | undefined,
): Promise<Obstacle | undefined> {
  if (run.acceptNoApprover === true || !run.playbooks.some((one) => wantsBootstrap([one], ''))) return undefined;
  if (cluster === undefined) {
    return {
      reason: 'without the API server no certificate can be requested',
      hint: 'name the cluster, or use another playbook',
    };
  }
  const [approvers, requests] = await Promise.all([readApprovers(cluster.api), readRequests(cluster.api)]);
  const { status, message } = approverFinding(approvers, requests);
  if (status === 'pass') return undefined;
  return {
    reason: message,
    hint: 'install an approver (docs/certificates.md), or add --approve-csrs or --no-approver',
  };
}

const selector = encodeURIComponent('component in (kube-apiserver,kube-controller-manager)');

async function readRequests(gateway: Gateway): Promise<Result<readonly ServingRequest[], string>> {
  const listed = await listAll(gateway, requestsPath);
  return listed.ok ? ok(listed.value.map(readRequest)) : fail(listed.error.message);
}

async function readApprovers(gateway: Gateway): Promise<Result<readonly Approver[], string>> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const kinds = { deployments: 'Deployment', daemonsets: 'DaemonSet', statefulsets: 'StatefulSet' };
  const [clusterRoles, clusterRoleBindings, ...lists] = await Promise.all([
    listAll(gateway, `${rbac}/clusterroles`),
    listAll(gateway, `${rbac}/clusterrolebindings`),
    ...Object.keys(kinds).map((plural) => listAll(gateway, `/apis/apps/v1/${plural}`)),
  ]);
  for (const answer of [clusterRoles, clusterRoleBindings, ...lists]) if (!answer.ok) return fail(answer.error.message);
  if (!clusterRoles.ok || !clusterRoleBindings.ok) return fail('rights could not be read');
  // The items of a list do not say their kind.
  const workloads = lists.flatMap((list, index) =>
    list.ok ? list.value.map((one) => ({ ...(one as object), kind: Object.values(kinds)[index] })) : [],
  );
  return ok(
    approversOf({ clusterRoles: clusterRoles.value, clusterRoleBindings: clusterRoleBindings.value, workloads }),
  );
}

type Judged = Pick<ClusterFinding, 'status' | 'message' | 'evidence'> & { readonly fix?: string };

const finding = (
  rule: string,
  title: string,
  severity: ClusterFinding['severity'],
  { fix = '', ...judged }: Judged,
): ClusterFinding => ({ rule, title, severity, object: undefined, fix, ...judged });

/** Milliseconds after which an approved request without a certificate says that nobody signs. */
const signingTime = 120_000;

export function signerFinding(
  programs: readonly ControlPlaneProgram[],
  requests: Result<readonly ServingRequest[], string>,
  time: number,
): ClusterFinding {
  const signing = signingOf(programs);
  const all = requests.ok ? requests.value : [];
  const stuck = unissued(all).filter(({ at }) => at !== undefined && time - at > signingTime);
  const issued = all.filter((one) => one.signerName === servingSigner && stateOf(one) === 'issued');
  const evidence = [
    ...signing.evidence,
    ...stuck.slice(0, 3).map(({ name }) => `request ${name} is approved and was never issued`),
    ...issued.slice(0, 1).map(({ name }) => `request ${name} was issued`),
  ];
  const judged = (): Judged => {
    if (signing.kind === 'signs-nothing' || (stuck.length > 0 && issued.length === 0))
      return {
        status: 'fail',
        message: 'Nobody signs serving certificates: approved requests are never issued.',
        evidence,
        fix: signerFix,
      };
    if (signing.kind === 'signs' || issued.length > 0)
      return { status: 'pass', message: 'The controller manager signs serving certificates.', evidence };
    return {
      status: 'unknown',
      message: 'No command line of the controller manager was found, and no issued request.',
      evidence,
    };
  };
  return finding('serving-certificate-signer', 'Serving certificates are signed', 'high', judged());
}

const signerFix =
  'leave serverTLSBootstrap off and give each kubelet a certificate of the external CA (tlsCertFile, tlsPrivateKeyFile), or give the controller manager a CA: --cluster-signing-cert-file and --cluster-signing-key-file';

export function approverFinding(
  approvers: Result<readonly Approver[], string>,
  requests: Result<readonly ServingRequest[], string>,
): ClusterFinding {
  const title = 'Something approves renewals of serving certificates';
  const rule = 'serving-certificate-approver';
  const past = requests.ok ? pastApprovals(requests.value) : [];
  const found = approvers.ok ? approvers.value : [];
  const running = found.filter(({ workloads }) => workloads.length > 0);
  const evidence = [
    ...found.map(
      ({ subject, roles, workloads, images }) =>
        `${subject} may approve (${roles.join(', ')}): ${workloads.join(', ') || 'nothing runs as it'}${images.length === 0 ? '' : `, ${images.join(', ')}`}`,
    ),
    ...found.flatMap(({ holes }) => holes).map((hole) => `known gap: ${hole}`),
    ...past.slice(0, 3).map(({ request, reason }) => `request ${request} was approved with the reason ${reason}`),
  ];
  if (running.length > 0 || past.length > 0) {
    const message = 'Requests for serving certificates are approved without a person.';
    return finding(rule, title, 'high', { status: 'pass', message, evidence });
  }
  const failed = approvers.ok ? (requests.ok ? undefined : requests.error) : approvers.error;
  if (failed !== undefined) {
    const message = `Who may approve requests could not be read: ${failed}`;
    return finding(rule, title, 'high', { status: 'unknown', message, evidence });
  }
  const holders = found.some(({ subject }) => !subject.startsWith('ServiceAccount '));
  return finding(rule, title, 'high', {
    status: holders ? 'unknown' : 'fail',
    message: holders
      ? 'Somebody may approve requests, but no approval of the last hour shows that it happens.'
      : 'Nothing in the cluster approves requests for serving certificates: each certificate ends after its lifetime (a year, by default), and logs, exec and metrics of that node end with it.',
    evidence,
    fix: `install an approver (docs/certificates.md names them and what each does not check), or run this often enough: ${nextCommand('csr watch')}`,
  });
}

export function verificationFinding(programs: readonly ControlPlaneProgram[]): ClusterFinding {
  const servers = kubeletAuthorities(programs);
  const evidence = servers.map(({ source, authority }) =>
    authority === ''
      ? `${source}: no --kubelet-certificate-authority`
      : `${source}: --kubelet-certificate-authority=${authority}`,
  );
  const without = servers.filter(({ authority }) => authority === '');
  const judged = (): Judged => {
    if (servers.length === 0)
      return {
        status: 'unknown',
        message: 'No command line of an API server was found on the hosts or among the pods.',
        evidence,
      };
    if (without.length === 0)
      return { status: 'pass', message: 'The API server verifies the certificates of kubelets.', evidence };
    return {
      status: 'fail',
      message:
        'The API server accepts any certificate from a kubelet, so whoever can answer for a node’s address reads exec sessions and logs.',
      evidence,
      fix: verificationFix,
    };
  };
  return finding('api-server-verifies-kubelets', 'The API server verifies kubelets', 'medium', judged());
}

const verificationFix = `in this order:
1. every kubelet serves a certificate that the cluster's CA signed, also for the addresses that the API server dials
2. an approver renews these certificates
3. add --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt to one API server, and try: kubectl logs, kubectl exec
4. then to the others; a kubelet that still serves another certificate answers nobody from then on`;
