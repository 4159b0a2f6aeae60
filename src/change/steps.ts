/** The steps of a change, in their order. Each returns why it failed and how far that has to be undone; undefined: go on. */
import { failureOf, passGate } from '../gate/gate.js';
import { watchKubelet } from '../gate/kubelet-watch.js';
import { closing } from '../lib/closing.js';
import { ToolError, messageOf } from '../lib/errors.js';
import { refusalFor } from './answers.js';
import { journalHint } from './host-task.js';
import { cordonNode, drainTimeout } from './cordon.js';
import { startHeartbeat } from './heartbeat.js';
import { type Failure, type NodeChange, failed, failedCall, openSession, sessionOf } from './node-change.js';
import { changedSource } from './plan-sources.js';
import { certificateEdits, dropKey, requestOnNode } from './serving.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { ServingPlan } from '../plan/serving-plan.js';
import * as node from './transaction.js';
import { nextCommand } from '../lib/next-command.js';

type Step = (change: NodeChange) => Promise<Failure | undefined>;

const steps: readonly Step[] = [
  connect,
  checkNodeClaim,
  lookAtKubelet,
  obtainCertificate,
  prepare,
  proveConnection,
  compareSources,
  cordon,
  arm,
  write,
  restart,
  gate,
  confirm,
];

/** Up to the first step that fails. */
export async function takeSteps(change: NodeChange): Promise<Failure | undefined> {
  for (const step of steps) {
    const failure = await step(change).catch((error: unknown) => failed(change, messageOf(error), hintFor(error)));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

const hintFor = (error: unknown): string | undefined =>
  error instanceof ToolError && error.code === 'journal' ? journalHint : undefined;

async function connect(change: NodeChange): Promise<Failure | undefined> {
  const session = await openSession(change, 'connect');
  if (session.ok) return undefined;
  const { message: reason, hint } = session.error;
  return { undo: 'nothing', outcome: 'unreachable', reason, hint };
}

async function checkNodeClaim(change: NodeChange): Promise<Failure | undefined> {
  const dispute = await change.task.dispute?.(sessionOf(change));
  return dispute === undefined ? undefined : { undo: 'nothing', outcome: 'refused', ...dispute };
}

async function lookAtKubelet(change: NodeChange): Promise<Failure | undefined> {
  const { plan, task, track } = change;
  track.progress.edits = plan.edits.map(({ path, action }) => ({ path, action }));
  const before = await watchKubelet(sessionOf(change), task.target, 0);
  if (!before.ok) return failedCall(change, before.error);
  change.before = before.value;
  return undefined;
}

/** Asked for before anything changes, so that a request that is refused costs nothing. */
async function obtainCertificate(change: NodeChange): Promise<Failure | undefined> {
  const { plan, id, track } = change;
  if (plan.serving === undefined) return undefined;
  const { serving } = plan;
  const obtained = await track.step('certificate', () => certificateFor(change, serving));
  if (!obtained.ok) {
    await dropKey(sessionOf(change), id);
    return { undo: 'nothing', outcome: 'failed', ...obtained.error };
  }
  if (obtained.value === undefined) return undefined;
  change.certificate = certificateEdits(serving, obtained.value);
  track.progress.edits = [...plan.edits, ...change.certificate].map(({ path, action }) => ({ path, action }));
  return undefined;
}

/** The certificate as PEM; undefined where the kubelet has one. */
async function certificateFor(
  change: NodeChange,
  serving: ServingPlan,
): Promise<Result<string | undefined, { readonly reason: string; readonly hint: string }>> {
  const { id, task, context } = change;
  const no = (reason: string, hint: string) => fail({ reason: `no serving certificate: ${reason}`, hint });
  const read = task.nodeName === undefined ? undefined : await context.cluster?.node(task.nodeName);
  const node = read?.ok === true ? read.value : undefined;
  if (node === undefined || context.issue === undefined) {
    return no('the API server does not show its Node', 'name the cluster, or leave out the rule server-tls-bootstrap');
  }
  const asked = await requestOnNode(sessionOf(change), id, serving, node);
  if (!asked.ok) return no(asked.error.message, asked.error.hint);
  if (asked.value.kind === 'present') return ok(undefined);
  if (asked.value.kind === 'unable')
    return no(asked.value.reason, 'nothing was changed; fix this on the node, then plan again');
  const issued = await context.issue(task.host, asked.value.request);
  return issued.ok ? issued : no(issued.error.reason, issued.error.hint);
}

async function prepare(change: NodeChange): Promise<Failure | undefined> {
  const { plan, certificate, about, nonce, id, task, track } = change;
  const hold = change.cordonMode === 'drain' ? drainTimeout / 1000 + 60 : 60;
  const edits = [...plan.edits, ...certificate];
  const paths = edits.map(({ path }) => path);
  const created = edits.filter(({ action }) => action === 'create').map(({ path }) => path);
  // An answer that was lost does not tell what was done.
  change.undo = 'withdraw';
  const answer = await track.step('prepare', () =>
    node.prepare(sessionOf(change), id, { ...plan, edits, about: { ...about, paths, created }, nonce, hold }),
  );
  if (!answer.ok) return failedCall(change, answer.error);
  const refusal = refusalFor(answer, 'prepared', task.host);
  return refusal === undefined ? undefined : { ...refusal, undo: 'nothing' };
}

/** Later steps may need a new connection. This tests one while no change depends on it. */
async function proveConnection(change: NodeChange): Promise<Failure | undefined> {
  const second = await openSession(change, 'prove');
  return second.ok ? undefined : failedCall(change, second.error, 'a second connection could not be opened: ');
}

async function compareSources(change: NodeChange): Promise<Failure | undefined> {
  const changed = await changedSource(sessionOf(change), change.plan.sources ?? []);
  if (!changed.ok) return failedCall(change, changed.error);
  if (changed.value === undefined) return undefined;
  const reason = `${changed.value} changed since the plan was made`;
  return { undo: 'withdraw', outcome: 'refused', reason, hint: 'make a new plan, then apply it' };
}

async function cordon(change: NodeChange): Promise<Failure | undefined> {
  const { cordonMode, context, task, track } = change;
  if (cordonMode === 'none') return undefined;
  const cordoned = await track.step('cordon', () => cordonNode(context, task, cordonMode));
  change.uncordon = cordoned.ok ? cordoned.value : cordoned.error.release;
  return cordoned.ok
    ? undefined
    : failed(change, cordoned.error.reason, 'no file was changed; fix the cause, then apply again');
}

/** From here on the node reverts the change on its own unless it gets heartbeats. */
async function arm(change: NodeChange): Promise<Failure | undefined> {
  const { id, nonce, times, task, track } = change;
  const session = sessionOf(change);
  const refusal = refusalFor(await track.step('arm', () => node.arm(session, id, times)), 'armed', task.host);
  if (refusal !== undefined) return { ...refusal, undo: 'withdraw' };
  change.undo = 'revert';
  change.heartbeat = startHeartbeat(task, session, { id, nonce, times });
  return undefined;
}

async function write(change: NodeChange): Promise<Failure | undefined> {
  const { id, task, track } = change;
  const written = await track.step('write', () => node.write(sessionOf(change), id));
  if (!written.ok) return failed(change, written.error.message);
  const refusal = refusalFor(written, 'applied', task.host);
  if (refusal === undefined) return undefined;
  return refusal.outcome === 'unknown' ? failed(change, refusal.reason) : { ...refusal, undo: 'withdraw' };
}

async function restart(change: NodeChange): Promise<Failure | undefined> {
  const { id, plan, track } = change;
  if (!plan.restart) return undefined;
  const answer = await track.step('restart', () => node.restart(sessionOf(change), id));
  // A restart may cut the connection. The gate finds out how the kubelet is.
  if (!answer.ok) return answer.error.kind === 'lost' ? undefined : failed(change, answer.error.message);
  const { word, detail } = answer.value;
  return word === 'state' ? failed(change, `the node ended the change before the restart (${detail})`) : undefined;
}

async function gate(change: NodeChange): Promise<Failure | undefined> {
  const { plan, task, context, track, before } = change;
  const certificate = change.certificate.find(({ isNodeKey }) => isNodeKey !== true)?.text;
  if (!plan.restart) return undefined;
  const options = {
    ...task,
    ...context,
    session: sessionOf(change),
    before,
    expect: plan.expect,
    guards: plan.guards,
    certificate,
  };
  const result = await track.step('gate', () => passGate(options));
  track.progress.gate = result.checks;
  track.progress.log = result.log;
  return result.passed ? undefined : failed(change, failureOf(result));
}

async function confirm(change: NodeChange): Promise<Failure | undefined> {
  const { id, context, track } = change;
  const answer = await track.step('confirm', () => askToConfirm(change));
  if (!answer.ok) {
    if (answer.error.kind !== 'aborted') return failed(change, `confirming failed: ${answer.error.message}`);
    const reason = 'kubelatch quit before the node acknowledged the confirmation';
    return { undo: 'nothing', outcome: 'unknown', reason, hint: nextCommand('resume', id) };
  }
  const { word, detail } = answer.value;
  if (word !== 'confirmed')
    return failed(change, word === 'unsafe' ? detail : `the node ended the change before it was confirmed (${detail})`);
  // Housekeeping: what stays behind today goes the next time.
  if (context.keep !== undefined) await node.prune(sessionOf(change), id, context.keep);
  return undefined;
}

/** Over a new connection, and again where the answer was lost: the node answers the same each time. */
async function askToConfirm({ task, id, nonce }: NodeChange): Promise<node.TxnResult> {
  for (let attempt = 1; ; attempt += 1) {
    const session = await task.connect();
    const answer = session.ok ? await closing(session.value, (fresh) => node.confirm(fresh, id, nonce)) : session;
    if (answer.ok || attempt === 3) return answer;
  }
}
