/** The API server as a client of kubelets: with authorization by Webhook it needs rights like everybody else. */
import { X509Certificate } from 'node:crypto';
import type { Gateway } from '../cluster/gateway.js';
import { oneLine } from '../lib/sanitize.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import { type NodeRight, type Subject, missingRights, rightText } from './access-review.js';

const head = {
  rule: 'api-server-identity',
  title: 'The API server may use kubelets that ask it for authorization',
  severity: 'critical',
  object: undefined,
} as const;

/** What logs, exec, metrics and checks through the API server need. */
const needed: readonly NodeRight[] = [
  { verb: 'get', subresource: 'proxy' },
  { verb: 'create', subresource: 'proxy' },
  { verb: 'get', subresource: 'metrics' },
  { verb: 'get', subresource: 'log' },
  { verb: 'get', subresource: 'stats' },
];

/** CN and O of a certificate in PEM; undefined for what is none. An attribute may stand several times. */
export function subjectOf(pem: string): Subject | undefined {
  try {
    const lines = new X509Certificate(pem).subject.split('\n');
    const all = (key: string): string[] =>
      lines.flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));
    const user = all('CN').at(-1);
    return user === undefined ? undefined : { user, groups: [...all('O'), 'system:authenticated'] };
  } catch {
    return undefined;
  }
}

/** `certificates`: PEM, as the surveyed control-plane nodes hold them. Each identity is asked once; the finding passes where all have every right. */
export async function assessApiServer(gateway: Gateway, certificates: readonly string[]): Promise<ClusterFinding[]> {
  const subjects = new Map(
    certificates.flatMap((pem) => subjectOf(pem) ?? []).map((one) => [JSON.stringify(one), one]),
  );
  if (subjects.size === 0) return [notRead];
  const findings: ClusterFinding[] = [];
  for (const subject of subjects.values()) findings.push(await assessSubject(gateway, subject));
  const failed = findings.filter(({ status }) => status !== 'pass');
  return failed.length > 0 ? failed : findings.slice(0, 1);
}

async function assessSubject(gateway: Gateway, subject: Subject): Promise<ClusterFinding> {
  const user = oneLine(subject.user, 100);
  const groups = subject.groups.filter((one) => one !== 'system:authenticated').map((one) => oneLine(one, 60));
  const evidence = [`its client certificate: user ${user}, groups ${groups.join(', ') || '(none)'}`];
  const missing = await missingRights(gateway, subject, needed);
  if (!missing.ok) {
    const message = `What user ${user} may do on kubelets could not be asked: ${missing.error}.`;
    return { ...head, status: 'unknown', message, evidence, fix: commandFor(subject) };
  }
  if (missing.value.length === 0) {
    const message = `User ${user} has the rights that it needs on kubelets.`;
    return { ...head, status: 'pass', message, evidence, fix: '' };
  }
  const message = `User ${user}, as which the API server calls kubelets, lacks ${missing.value.map(rightText).join(', ')}: kubectl logs and exec get 403 once authorization.mode is Webhook.`;
  return { ...head, status: 'fail', message, evidence, fix: commandFor(subject) };
}

const notRead: ClusterFinding = {
  ...head,
  severity: 'medium',
  status: 'unknown',
  message:
    'The certificate with which the API server calls kubelets was not found on the hosts that were read, so its rights are not known. After the change, the health check asks each kubelet through the API server, and a node that refuses it is reverted.',
  evidence: [],
  fix: 'include a control-plane node, or check by hand: kubectl auth can-i get nodes/proxy --as=USER --as-group=GROUP',
};

/** What to run; the name of the user only where it needs no quoting. */
function commandFor({ user }: Subject): string {
  const name = /^[\w.:@-]{1,100}$/.test(user) ? user : 'USER';
  return `kubectl create clusterrolebinding apiserver-kubelet-client --clusterrole=system:kubelet-api-admin --user=${name}`;
}

/** Why hosts must not be switched to Webhook yet; undefined where nothing is known against it. */
export function webhookRefusal(
  findings: readonly ClusterFinding[],
): { readonly reason: string; readonly hint: string } | undefined {
  const failed = findings.find(({ rule, status }) => rule === head.rule && status === 'fail');
  return failed && { reason: failed.message, hint: failed.fix };
}
