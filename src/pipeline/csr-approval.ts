/** One request from approval to the port: approved, issued, compared, and served by the kubelet. */
import type { X509Certificate } from 'node:crypto';
import { field, textOf } from '../cluster/api-object.js';
import type { Cluster } from '../cluster/cluster.js';
import { approveRequest, waitForIssue } from '../csr/approve.js';
import { checkIssued } from '../csr/issued.js';
import { servedCertificate } from '../facts/node-http.js';
import { type ServingRequest, nodeOfUser } from '../csr/serving-request.js';
import { isoTime, monotonic, now, sleep } from '../lib/clock.js';
import { hostAndPort } from '../lib/ip-address.js';
import type { JudgedRequest } from '../report/csr-model.js';
import type { Run } from './context.js';
import type { RequestBoard } from './csr.js';

/** Milliseconds: the controller manager signs within a second, and a kubelet looks at its requests all the time. */
const issueTimeout = 30_000;
const serveTimeout = 30_000;
const pause = 500;

export async function approveOne(
  run: Run,
  board: RequestBoard,
  request: ServingRequest,
  row: JudgedRequest,
): Promise<JudgedRequest> {
  const { api } = board.cluster;
  const approval = await approveRequest(api, request, board.judge, isoTime);
  switch (approval.kind) {
    case 'replaced':
      return refusal(row, 'decided', 'it was replaced or deleted after it was checked');
    case 'refused':
      return {
        ...row,
        verdict: approval.judgement.verdict,
        reasons: approval.judgement.reasons.map(({ check, message }) => ({ check, message })),
      };
    case 'failed':
      return { ...row, outcome: 'failed', notes: [approval.reason] };
    case 'approved':
  }
  const issued = await waitForIssue(api, request, waiting(issueTimeout));
  if (!issued.ok) return { ...row, state: 'approved', outcome: 'not-issued', notes: [issued.error] };
  const { leaf, differences, notes } = checkIssued(issued.value, await authorities(board.cluster), now());
  const done = { ...row, state: 'issued' as const };
  if (leaf === undefined || differences.length > 0) return { ...done, outcome: 'mismatch', notes: differences };
  const unserved = await untilServed(run, board, request, leaf);
  if (unserved === undefined) return { ...done, outcome: 'approved', notes };
  return { ...done, outcome: 'not-served', notes: [...notes, unserved] };
}

const refusal = (row: JudgedRequest, check: string, message: string): JudgedRequest => ({
  ...row,
  verdict: 'refused',
  reasons: [{ check, message }],
});

/** True until the time is up. */
export function waiting(timeout: number): () => Promise<boolean> {
  const end = monotonic() + timeout;
  return async () => {
    await sleep(pause);
    return monotonic() < end;
  };
}

/** The CA by which pods verify the API server, or else the one of its clients; empty if neither can be read. */
export async function authorities(cluster: Cluster): Promise<string> {
  const answer = await cluster.api.get('/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt');
  const root = answer.ok ? textOf(field(field(answer.value, 'data'), 'ca.crt')) : '';
  return root === '' ? ((await cluster.clientCa()) ?? '') : root;
}

/** Why the kubelet was not seen to serve that certificate; undefined if it was. */
async function untilServed(
  run: Run,
  { known, hostOf }: RequestBoard,
  request: ServingRequest,
  { fingerprint256 }: X509Certificate,
): Promise<string | undefined> {
  const [node, host] = [known.nodes.get(nodeOfUser(request.username) ?? ''), hostOf(request)];
  if (node?.internal === undefined || host === undefined) return 'its Node has no InternalIP to look at';
  const target = { host: node.internal, port: node.kubeletPort, deadline: 5000 };
  const session = await run.connector.connect(host);
  if (!session.ok) return `host ${host.name} could not be reached: ${session.error.message}`;
  const more = waiting(serveTimeout);
  try {
    for (;;) {
      const served = await servedCertificate(session.value, target);
      if (served.ok && served.value.fingerprint256 === fingerprint256) return undefined;
      const seen = served.ok ? 'serves another certificate' : `did not answer: ${served.error.message}`;
      if (!(await more())) return `${hostAndPort(target.host, target.port)} ${seen}`;
    }
  } finally {
    await session.value.close();
  }
}
