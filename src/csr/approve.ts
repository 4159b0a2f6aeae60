/** Approves one request by uid and resourceVersion. If it changed since it was judged, it is read and judged again. Never denies. */
import { type Result, fail, ok } from '../lib/result.js';
import type { ClusterError, Gateway } from '../cluster/gateway.js';
import type { Judgement } from './judgement.js';
import { type ServingRequest, approved, readRequest, requestsPath, stateOf } from './serving-request.js';

/** How often a request is read again that changes before it is approved. */
const attempts = 5;
/** The reason of our condition Approved, by which history tells who approved. */
export const approvalReason = 'KubelatchApprove';
const message = 'kubelatch compared it with its Node and the inventory';

export type Approval =
  /** As the API server holds it now. */
  | { readonly kind: 'approved'; readonly request: ServingRequest }
  /** The request as it is now does not pass the checks. */
  | { readonly kind: 'refused'; readonly judgement: Judgement }
  /** The name now belongs to another request. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'failed'; readonly reason: string };

const pathOf = (name: string): string => `${requestsPath}/${encodeURIComponent(name)}`;

/** The request by its name, as it is now. */
async function fetchRequest(gateway: Gateway, name: string): Promise<Result<ServingRequest, ClusterError>> {
  const answer = await gateway.get(pathOf(name));
  return answer.ok ? ok(readRequest(answer.value)) : answer;
}

/**
 * `judge` is asked about what will be approved, and about nothing older: the object is read, judged, and sent back with its uid
 * and resourceVersion, so that the API server refuses if it changed in between. `now` gives ISO 8601, UTC.
 */
export async function approveRequest(
  gateway: Gateway,
  { name, uid }: Pick<ServingRequest, 'name' | 'uid'>,
  judge: (request: ServingRequest) => Judgement,
  now: () => string,
): Promise<Approval> {
  let last = '';
  for (let attempt = 0; attempt < attempts; attempt++) {
    const read = await fetchRequest(gateway, name);
    if (!read.ok) return read.error.status === 404 ? { kind: 'replaced' } : failed(read.error);
    const request = read.value;
    if (request.uid !== uid || request.name !== name) return { kind: 'replaced' };
    if (attempt > 0 && isOurs(request)) return { kind: 'approved', request };
    const judgement = judge(request);
    if (judgement.verdict !== 'valid') return { kind: 'refused', judgement };
    const at = now();
    const condition = { type: 'Approved', status: 'True', reason: approvalReason, message, at };
    const body = approved(request, condition);
    const sent = await gateway.send({ method: 'PUT', path: `${pathOf(name)}/approval`, body });
    if (sent.ok) return accepted(sent.value.body, request);
    // 409: it changed. Unreachable: it may have been approved nevertheless. Both are seen by reading it again.
    if (sent.error.status !== 409 && sent.error.kind !== 'unreachable') return failed(sent.error);
    last = sent.error.message;
  }
  return { kind: 'failed', reason: `it was not approved in ${attempts} attempts: ${last}` };
}

const failed = ({ message: reason }: ClusterError): Approval => ({ kind: 'failed', reason });

/** After an attempt whose answer was lost. */
const isOurs = (request: ServingRequest): boolean =>
  ['approved', 'issued'].includes(stateOf(request)) &&
  request.conditions.some(({ type, reason }) => type === 'Approved' && reason === approvalReason);

function accepted(body: unknown, sent: ServingRequest): Approval {
  const request = readRequest(body);
  if (request.uid !== sent.uid) return { kind: 'failed', reason: 'the API server answered with another request' };
  return { kind: 'approved', request };
}

/** The request once it is issued, failed or gone. */
export async function waitForIssue(
  gateway: Gateway,
  { name, uid }: Pick<ServingRequest, 'name' | 'uid'>,
  wait: () => Promise<boolean>,
): Promise<Result<ServingRequest, string>> {
  for (;;) {
    const read = await fetchRequest(gateway, name);
    if (read.ok && read.value.uid !== uid) return fail('the request was replaced');
    if (read.ok) {
      const state = stateOf(read.value);
      if (state === 'issued') return ok(read.value);
      const condition = read.value.conditions.find(({ type }) => type === 'Failed' || type === 'Denied');
      if (condition !== undefined) return fail(`the signer refused it: ${condition.message || condition.reason}`);
    } else if (read.error.status === 404) return fail('the request is gone');
    if (!(await wait())) return fail('it was not issued in time: the controller manager signs nothing, or is busy');
  }
}
