/** Obtains a serving certificate for the kubelet before the node changes, so that a refused request costs nothing. The key stays on the node. */
import { isIP } from 'node:net';
import type { NodeStatus } from '../cluster/nodes.js';
import { sha256Of } from '../lib/digest.js';
import { canonicalAddress } from '../lib/ip-address.js';
import { satisfies } from '../lib/kube-version.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { script } from '../node/scripts.js';
import type { FileEdit } from '../plan/file-edit.js';
import { type ServingPlan, servingPaths } from '../plan/serving-plan.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';

/** Validates and approves the request of a host and waits for the certificate: its PEM, or why there is none and what to do. */
export type Issue = (
  host: string,
  request: string,
) => Promise<Result<string, { readonly reason: string; readonly hint: string }>>;

/** `present`: the kubelet has a valid certificate of the cluster already. */
type RequestAnswer =
  | { readonly kind: 'requested'; readonly request: string }
  | { readonly kind: 'present' }
  | { readonly kind: 'unable'; readonly reason: string };

/** Milliseconds; the node asks the API server meanwhile. */
const deadline = 60_000;

/** Has the node make its key and its request, and file it. */
export async function requestOnNode(
  session: Session,
  id: string,
  { certDir, kubeconfig }: ServingPlan,
  node: NodeStatus,
): Promise<Result<RequestAnswer, HostError>> {
  const { dns, ips } = namesOf(node);
  const args = [certDir, node.name, kubeconfig, dns.join(','), ips.join(','), usagesFor(node.kubeletVersion)];
  const ran = await session.run(script('serving'), ['request', id, ...args], { deadline });
  if (!ran.ok) return ran;
  const { stdout, stderr, code } = ran.value;
  const [, word, coded = ''] = /(?:^|\n)result ([a-z]+) ?([A-Za-z0-9+/=]*)\n$/.exec(stdout.toString('utf8')) ?? [];
  const text = Buffer.from(coded, 'base64').toString('utf8');
  if (word === 'requested') return ok({ kind: word, request: text.trim() });
  if (word === 'present') return ok({ kind: word });
  if (word === 'unable') return ok({ kind: word, reason: oneLine(text) });
  const message = `the request for a certificate ended with status ${code ?? 'none'}: ${oneLine(stderr)}`;
  return fail({ kind: 'script', message, hint: 'look at the messages of openssl on the node' });
}

/** Removes the key of a request that came to nothing. */
export const dropKey = (session: Session, id: string): Promise<unknown> =>
  session.run(script('serving'), ['drop', id], { deadline: 30_000 });

/** The names that the kubelet itself asks for: names and addresses of its Node, and nothing else. */
export function namesOf({ addresses }: Pick<NodeStatus, 'addresses'>): {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
} {
  const all = [...new Set(addresses.map(canonicalAddress))].sort();
  return { dns: all.filter((one) => isIP(one) === 0), ips: all.filter((one) => isIP(one) !== 0) };
}

/** Signers before 1.27 issue nothing without key encipherment. JSON strings, by commas. */
function usagesFor(version: string): string {
  const encipherment = satisfies(version, '>=1.27') === true ? [] : ['key encipherment'];
  return ['digital signature', ...encipherment, 'server auth'].map((one) => JSON.stringify(one)).join(',');
}

/** Files that the change writes in addition to the edits of its plan. The key is only on the node. */
export function certificateEdits(plan: ServingPlan, certificate: string): readonly FileEdit[] {
  const [certificatePath, keyPath] = servingPaths(plan);
  const text = `${certificate.trim()}\n`;
  const root = { uid: 0, gid: 0, owner: 'root:root' };
  const made = { action: 'create', before: null, diff: '' } as const;
  return [
    { ...made, path: certificatePath, after: { sha256: sha256Of(text), mode: '0644', ...root }, text },
    { ...made, path: keyPath, after: { mode: '0600', ...root }, text: '', isNodeKey: true },
  ];
}
