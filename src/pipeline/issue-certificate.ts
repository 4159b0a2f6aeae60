/** Handles the request that a node files during its change: finds, judges and approves it, and compares the issued certificate. */
import type { Issue } from '../change/serving.js';
import { field, textOf } from '../cluster/api-object.js';
import type { Cluster } from '../cluster/cluster.js';
import { listAll } from '../cluster/list.js';
import { approveRequest, waitForIssue } from '../csr/approve.js';
import { checkIssued } from '../csr/issued.js';
import { type ServingRequest, readRequest, requestsPath } from '../csr/serving-request.js';
import { isoTime, now } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { fail, ok } from '../lib/result.js';
import type { Run } from './context.js';
import { readBoard, unreadable } from './csr.js';
import { authorities, waiting } from './csr-approval.js';
import { nextCommand } from '../lib/next-command.js';

/** Milliseconds: the request is there once the node has its answer, and the controller manager signs within a second. */
const findTimeout = 10_000;
const issueTimeout = 60_000;

const refused = (reason: string, hint = `nothing was changed; to look at the request: ${nextCommand('csr list')}`) =>
  fail({ reason, hint });

/** Undefined where the API server is not asked. */
export const issuer = (run: Run, cluster: Cluster | undefined): Issue | undefined =>
  cluster === undefined
    ? undefined
    : (host, request) => issue(run, cluster, host, request).catch((error: unknown) => refused(messageOf(error)));

async function issue(run: Run, cluster: Cluster, host: string, pem: string): ReturnType<Issue> {
  const filed = await findFiled(cluster, pem);
  if (filed === undefined) return refused(`the request of ${host} is not at the API server`);
  // Judging reads the hosts that are selected: those of the others have requests of their own.
  const own = { ...run, hosts: run.hosts.filter(({ name }) => name === host) };
  const board = await readBoard(own, cluster, new Map());
  const request = board.requests.find(({ uid }) => uid === filed.uid);
  if (request === undefined) return refused(`the request of ${host} is gone from the API server`);
  const approval = await approveRequest(cluster.api, request, board.judge, isoTime);
  if (approval.kind === 'replaced') return refused(`${request.name} was replaced or deleted after it was checked`);
  if (approval.kind === 'failed') return refused(`${request.name} could not be approved: ${approval.reason}`, rights);
  // An approver of the cluster may be faster: what it approved is compared all the same.
  const isDecided = approval.kind === 'refused' && approval.judgement.reasons.every(({ check }) => check === 'decided');
  if (approval.kind === 'refused' && !isDecided) {
    const why = approval.judgement.reasons.map(({ message }) => message).join('; ');
    return refused(`${request.name} is left pending: ${why}`);
  }
  const issued = await waitForIssue(cluster.api, request, waiting(issueTimeout));
  if (!issued.ok) return refused(`${request.name}: ${issued.error}`);
  const { leaf, differences } = checkIssued(issued.value, await authorities(cluster), now());
  if (leaf === undefined || differences.length > 0) return refused(`${request.name}: ${differences.join('; ')}`);
  return ok(issued.value.certificate);
}

const rights = 'nothing was changed; docs/rbac.md lists the rights that approving needs';

/** The request with the same bytes, once the API server lists it. Throws ToolError 'cluster' if the list cannot be read. */
async function findFiled(cluster: Cluster, pem: string): Promise<ServingRequest | undefined> {
  const more = waiting(findTimeout);
  do {
    const listed = await listAll(cluster.api, requestsPath);
    if (!listed.ok) throw unreadable(listed.error.message);
    const found = listed.value.map(readRequest).find((one) => isSame(one, pem));
    if (found !== undefined) return found;
  } while (await more());
  return undefined;
}

const isSame = ({ object }: ServingRequest, pem: string): boolean =>
  Buffer.from(textOf(field(field(object, 'spec'), 'request')), 'base64')
    .toString('utf8')
    .trim() === pem.trim();
