/** Finishes one host of a run after its controller died: what the node reports decides, and an undecided change is reverted. */
import type { HostPlan } from '../plan/host-plan.js';
import { readStoredPlan } from '../plan/saved-plan.js';
import { type Outcome, hostOutcome } from '../run/outcome.js';
import type { Session } from '../ssh/session.js';
import type { RevertAnswer } from './answers.js';
import { cordonNotLifted, withLeftCordon } from './cordon.js';
import { type HostTask, type RunContext, type Track, trackHost } from './host-task.js';
import { type Decision, askToRevert, conclude, conflictHint, lookHint, proveOld } from './revert.js';
import { noRecord } from './rollback.js';
import { type NodeTransaction, listTransactions, switchTimes } from './transaction.js';
import { closing } from '../lib/closing.js';
import { nextCommand } from '../lib/next-command.js';

/** What the run was about. */
export interface RecoveryGoal {
  /** Which to name in hints. */
  readonly run: string;
  readonly kind: 'apply' | 'rollback';
  /** The transaction on the nodes: the run's own, or that of the run it was taking back. */
  readonly id: string;
}

/** A host that was begun, as its journal tells. */
export interface BegunHost {
  readonly host: string;
  readonly mayHaveWritten: boolean;
  /** The Node that the run itself cordoned. */
  readonly cordon: string | undefined;
  /** No journal here tells whether the run cordoned its Node. */
  readonly fromNodes?: boolean;
  connect: HostTask['connect'];
  readonly onWait?: HostTask['onWait'];
  /** Whether a Node is this host's, which its own record names. */
  readonly isOwn: (nodeName: string, session: Session) => Promise<boolean>;
}

/** One recovery under way. */
interface Recovery {
  readonly goal: RecoveryGoal;
  readonly begun: BegunHost;
  readonly session: Session;
  readonly context: RunContext;
  readonly task: HostTask;
  readonly track: Track;
  /** What the node keeps of the change; undefined: nothing. */
  readonly found: NodeTransaction | undefined;
  /** The plan in its record, without edits; undefined where it cannot be read. */
  readonly plan: HostPlan | undefined;
}

const nothingWritten = 'nothing was changed: the run ended before it wrote a file';

/** Never `confirmed` by a guess: what the node does not say is `unknown`. */
export async function recoverHost(goal: RecoveryGoal, begun: BegunHost, context: RunContext): Promise<Outcome> {
  const connected = await begun.connect();
  if (!connected.ok) return unreachable(goal, begun, connected.error.message);
  const session = connected.value;
  try {
    const listed = await listTransactions(session);
    if (!listed.ok) return unreachable(goal, begun, listed.error.message);
    const found = listed.value.find((one) => one.id === goal.id);
    const plan = await withOwnNode(readStoredPlan(found?.about.plan), begun, session);
    const task = taskOf(begun, plan);
    const recovery = { goal, begun, session, context, task, track: trackHost(task, context), found, plan };
    return await endCordon(await decide(recovery), recovery);
  } finally {
    await session.close();
  }
}

function unreachable({ kind, run }: RecoveryGoal, { host, cordon }: BegunHost, why: string): Outcome {
  const itself = kind === 'apply' ? '; it reverts an unconfirmed change on its own' : '';
  const name = { host, nodeName: cordon };
  const outcome = hostOutcome(
    name,
    'unknown',
    `the node cannot be reached: ${why}${itself}`,
    nextCommand('resume', run),
  );
  return withLeftCordon(outcome, cordon);
}

async function decide(recovery: Recovery): Promise<Outcome> {
  const { goal, session, context, task, track, found, plan } = recovery;
  const change = { id: goal.id, session, restarts: plan?.restart !== false, times: switchTimes(context.timing.gate) };
  const end = (decision: Decision): Promise<Outcome> => conclude(decision, change, { task, context, track });
  if (found === undefined) return end(withoutRecord(recovery));
  if (found.state === 'confirmed' && goal.kind === 'apply') return end(confirmedBefore);
  if (found.state === 'reverted') return end(reverted(recovery, found));
  const answer = await askToRevert(change, `resume ${goal.run}`, { task, track });
  if (answer.kind !== 'reverted') return end(afterRecovery(answer, recovery, found));
  return end(reverted(recovery, (await askAgain(recovery)) ?? found));
}

const confirmedBefore: Decision = {
  outcome: 'confirmed',
  reason: 'the change was confirmed before the run was interrupted',
};

const withoutRecord = ({ goal, begun }: Recovery): Decision =>
  begun.mayHaveWritten || goal.kind === 'rollback'
    ? { outcome: 'unknown', ...noRecord(goal.id, begun.host) }
    : { outcome: 'failed', reason: nothingWritten, hint: 'apply again' };

/** The node reports that its old files are back; the gate checks the kubelet. */
function reverted({ goal, task, plan }: Recovery, { verdict }: NodeTransaction): Decision {
  const by = verdict === '' ? 'the old files were restored' : verdict;
  if (plan === undefined) {
    const reason = `${by}, but the backup of the run cannot be read, so the health of the node was not checked`;
    return { outcome: 'unknown', reason, hint: lookHint(goal.id, task) };
  }
  if (goal.kind === 'rollback')
    return { outcome: 'confirmed', reason: `restored to its state before run ${goal.id}`, proof: by };
  const reason = `the run was interrupted before the change was confirmed; ${by}`;
  return { outcome: 'reverted', reason, hint: 'the old files were restored; apply again', proof: by };
}

function afterRecovery(
  answer: Exclude<RevertAnswer, { readonly kind: 'reverted' }>,
  recovery: Recovery,
  found: NodeTransaction,
): Decision {
  const { goal, task } = recovery;
  const look = lookHint(goal.id, task);
  switch (answer.kind) {
    case 'nothing':
      return goal.kind === 'rollback'
        ? { outcome: 'unchanged', reason: `run ${goal.id} did not change this host` }
        : { outcome: 'failed', reason: nothingWritten, hint: 'apply again' };
    case 'gone':
      return withoutRecord(recovery);
    case 'confirmed':
      return goal.kind === 'apply'
        ? confirmedBefore
        : {
            outcome: 'unknown',
            reason: 'reverting failed: the node still reports the change as confirmed',
            hint: look,
          };
    case 'conflict': {
      const reason = `not reverted: ${answer.path} was edited after the change`;
      return { outcome: 'unknown', reason, hint: conflictHint(goal.id) };
    }
    case 'held':
      return { outcome: 'unknown', reason: `not reverted: ${answer.reason}`, hint: look };
    case 'unanswered':
      return { outcome: 'unknown', reason: `reverting failed: ${answer.error.message}${stuckIn(found)}`, hint: look };
    case 'failed':
      return { outcome: 'unknown', reason: `reverting failed: ${answer.detail}${stuckIn(found)}`, hint: look };
  }
}

const stuckIn = ({ stuck }: NodeTransaction): string =>
  stuck === '' ? '' : `; the node could not revert on its own: ${stuck}`;

/** The record after the revert: it tells who reverted. */
async function askAgain({ goal, task }: Recovery): Promise<NodeTransaction | undefined> {
  const fresh = await task.connect();
  if (!fresh.ok) return undefined;
  const listed = await closing(fresh.value, listTransactions);
  return listed.ok ? listed.value.find((one) => one.id === goal.id) : undefined;
}

/** Lifts the run's own cordon, but only from a node that passed the gate. */
async function endCordon(outcome: Outcome, recovery: Recovery): Promise<Outcome> {
  const { begun, context, track } = recovery;
  if (outcome.outcome === 'unknown') return withLeftCordon(outcome, begun.cordon);
  const node = begun.cordon ?? perhapsCordoned(recovery);
  if (node === undefined) return outcome;
  const left = (why: string): Outcome =>
    cordonNotLifted({ ...outcome, timings: track.progress.timings }, `the node stays cordoned: ${why}`, node);
  const { cluster } = context;
  if (cluster === undefined) return left('no access to the API server');
  const read = await cluster.node(node);
  if (!read.ok) return left(read.error.message);
  const seen = read.value;
  if (seen === undefined) return left(`the API server has no Node ${node}`);
  if (!seen.unschedulable) return outcome;
  if (begun.cordon === undefined)
    return left('the journal of the run is on another machine, so it is unknown who cordoned the node');
  const problem = await healthProblem(outcome, recovery, seen.ready);
  if (problem !== undefined) return left(`the node is not healthy: ${problem}`);
  const lifted = await track.step('uncordon', () => cluster.cordon(node, false));
  if (!lifted.ok) return left(lifted.error.message);
  return { ...outcome, gate: track.progress.gate, timings: track.progress.timings };
}

/** The Node that the run was to cordon, where nobody here knows whether it did. */
function perhapsCordoned({ begun, found, plan }: Recovery): string | undefined {
  const asked = begun.fromNodes === true && ['cordon', 'drain'].includes(found?.about.seclusion ?? '');
  return asked ? (plan?.nodeName ?? begun.host) : undefined;
}

/** Undefined if the node is healthy: it passed the gate before or passes it now. Without a plan, Ready is the only check. */
async function healthProblem(
  outcome: Outcome,
  { session, context, task, track, plan }: Recovery,
  ready: string,
): Promise<string | undefined> {
  if (outcome.gate.length > 0 && outcome.gate.every(({ passed, unchecked }) => passed || unchecked === true))
    return undefined;
  if (plan === undefined) return ready === 'True' ? undefined : `Ready=${ready}`;
  return proveOld(session, task, context, track);
}

/** If the record names a Node that is not this host, the checks of that Node are left out and count as not checked. */
async function withOwnNode(
  plan: HostPlan | undefined,
  { isOwn }: BegunHost,
  session: Session,
): Promise<HostPlan | undefined> {
  if (plan?.nodeName === undefined || (await isOwn(plan.nodeName, session))) return plan;
  return { ...plan, nodeName: undefined };
}

/** Only values known of the node are used: without a plan there is no gate. */
const taskOf = ({ host, cordon, connect, onWait }: BegunHost, plan: HostPlan | undefined): HostTask => ({
  host,
  nodeName: plan?.nodeName ?? cordon,
  controlPlane: plan?.role === 'control-plane',
  target: plan?.watch ?? { unit: 'kubelet.service', processName: 'kubelet', logPath: undefined },
  ports: plan?.ports ?? { kubelet: 10250, readOnly: 0, healthz: 10248, healthzHost: '127.0.0.1' },
  connect,
  onWait,
});
