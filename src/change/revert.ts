/** Makes a node restore its old files, over new connections if needed, and then checks its kubelet with the gate. */
import { type GateResult, failureOf, passOldGate } from '../gate/gate.js';
import { closing } from '../lib/closing.js';
import { monotonic, sleep } from '../lib/clock.js';
import type { Outcome, OutcomeKind } from '../run/outcome.js';
import type { Session } from '../ssh/session.js';
import { type RevertAnswer, readRevertAnswer } from './answers.js';
import type { HostTask, RunContext, Track } from './host-task.js';
import { type SwitchTimes, type TxnResult, revert } from './transaction.js';
import { nextCommand } from '../lib/next-command.js';

/** A change on a node that is to be reverted. */
export interface OpenChange {
  readonly id: string;
  /** For where no other connection comes about. */
  readonly session: Session;
  /** Its unit was or may have been restarted. */
  readonly restarts: boolean;
  readonly times: SwitchTimes;
}

/** What an answer to `revert` means for the host. */
export interface Decision {
  readonly outcome: OutcomeKind;
  readonly reason?: string | undefined;
  readonly hint?: string | undefined;
  /** The old files are in place, and `proof` begins the sentence for a kubelet that is not healthy with them. */
  readonly proof?: string | undefined;
}

/** Milliseconds after its deadline in which a node must have reverted on its own. */
const grace = 30_000;
const pause = 1000;

/** A host, the run that changes it, and the record of its steps. */
export interface HostWork {
  readonly task: HostTask;
  readonly context: RunContext;
  readonly track: Track;
}

/** Asks until the node has decided, but no longer than the node needs to decide on its own. */
export async function askToRevert(
  change: OpenChange,
  by: string,
  { task, track, must = false }: Pick<HostWork, 'task' | 'track'> & { readonly must?: boolean },
): Promise<RevertAnswer> {
  const answer = await track.step('revert', () => untilDecided(change, by, task), must);
  return readRevertAnswer(answer, task.host);
}

async function untilDecided(change: OpenChange, by: string, task: HostTask): Promise<TxnResult> {
  const how = change.restarts ? 'restart' : 'files-only';
  const ask = (session: Session): Promise<TxnResult> => revert(session, change.id, how, by);
  const end = monotonic() + change.times.deadline * 1000 + grace;
  for (;;) {
    const fresh = await task.connect();
    const answer = await (fresh.ok ? closing(fresh.value, ask) : ask(change.session));
    const isFinal = answer.ok && answer.value.word !== 'error' && answer.value.word !== 'broken';
    if (isFinal || monotonic() > end || (!answer.ok && answer.error.kind === 'aborted')) return answer;
    await sleep(pause);
  }
}

/** The outcome of a decision. If the old files are back, the kubelet must pass the gate with them first. */
export async function conclude(
  { outcome, reason, hint, proof }: Decision,
  change: OpenChange,
  { task, context, track }: HostWork,
): Promise<Outcome> {
  if (proof === undefined || !change.restarts) return track.finish(outcome, reason, hint);
  const failure = await proveOld(change.session, task, context, track);
  return failure === undefined
    ? track.finish(outcome, reason, hint)
    : track.finish('unknown', `${proof}, but the node is not healthy: ${failure}`, lookHint(change.id, task));
}

/** Why the node is not as healthy as it should be with its old configuration; undefined where it is. */
export async function proveOld(
  current: Session,
  task: HostTask,
  context: RunContext,
  { step, progress }: Track,
): Promise<string | undefined> {
  const gate = await step('gate', () => overNewConnection(current, task, context), false);
  // The checks that a change failed say more than those that its revert passed.
  if (progress.gate.length === 0) progress.gate = gate.checks;
  if (gate.passed) return undefined;
  progress.log = gate.log;
  return failureOf(gate);
}

async function overNewConnection(current: Session, task: HostTask, context: RunContext): Promise<GateResult> {
  const fresh = await task.connect();
  if (!fresh.ok) return passOldGate(current, task, context);
  return closing(fresh.value, (session) => passOldGate(session, task, context));
}

export const lookHint = (id: string, { target }: Pick<HostTask, 'target'>): string =>
  `check on the node: systemctl status ${target.unit}, and the files in /var/lib/kubelatch/txn/${id}`;

export const conflictHint = (id: string): string =>
  `on the node, compare it with the old file in /var/lib/kubelatch/txn/${id}/old and keep the right one`;

/** Reverts a change that must not stay. `because`: what failed. */
export async function revertFailedChange(because: string, change: OpenChange, work: HostWork): Promise<Outcome> {
  const answer = await askToRevert(change, `the run: ${because}`, work);
  return conclude(afterFailure(answer, because, change, work.task), change, work);
}

function afterFailure(answer: RevertAnswer, because: string, change: OpenChange, task: HostTask): Decision {
  const { id, times } = change;
  const look = lookHint(id, task);
  switch (answer.kind) {
    case 'reverted':
    // The disk was too full to keep a record of a change that was reverted.
    case 'gone':
      return {
        outcome: 'reverted',
        reason: because,
        hint: 'the old files were restored; fix the cause, then apply again',
        proof: `${because}; the old files were restored`,
      };
    case 'nothing':
      return { outcome: 'failed', reason: because, hint: 'nothing was changed; apply again' };
    case 'conflict':
      return {
        outcome: 'unknown',
        reason: `${because}; not reverted: ${answer.path} was edited after the change`,
        hint: conflictHint(id),
      };
    case 'unanswered': {
      const itself = `the node reverts on its own ${times.deadline} s after its last contact with kubelatch`;
      const reason = `${because}; ${itself}, but it cannot be reached: ${answer.error.message}`;
      return { outcome: 'unknown', reason, hint: nextCommand('resume', id) };
    }
    case 'confirmed':
      return { outcome: 'unknown', reason: `${because}; not reverted: the change was already confirmed`, hint: look };
    case 'held':
      return { outcome: 'unknown', reason: `${because}; not reverted: ${answer.reason}`, hint: look };
    case 'failed':
      return { outcome: 'unknown', reason: `${because}; reverting failed: ${answer.detail}`, hint: look };
  }
}
