/** Rolls one node back to its state before a run, and checks it with the gate. */
import { watchKubelet } from '../gate/kubelet-watch.js';
import { ToolError } from '../lib/errors.js';
import type { Outcome } from '../run/outcome.js';
import type { Session } from '../ssh/session.js';
import type { RevertAnswer } from './answers.js';
import { type HostTask, type RunContext, type Track, journalHint, trackHost } from './host-task.js';
import { type Decision, askToRevert, conclude, lookHint } from './revert.js';
import { switchTimes } from './transaction.js';
import { nextCommand } from '../lib/next-command.js';

/** The run that is taken back, as the node keeps it. */
export interface UndoneChange {
  readonly id: string;
  readonly paths: readonly string[];
  /** Those of `paths` that it created: taking it back removes them. */
  readonly created: readonly string[];
  /** Its change restarted the kubelet. */
  readonly restarts: boolean;
}

/** Restores one node to its state before a run; the files that were restored or removed are the outcome's edits. */
export async function rollbackHost(
  { id, paths, created, restarts }: UndoneChange,
  task: HostTask,
  context: RunContext,
): Promise<Outcome> {
  const track = trackHost(task, context);
  const connected = await track.step('connect', () => task.connect(), false);
  if (!connected.ok) return track.finish('unreachable', connected.error.message, connected.error.hint);
  const session = connected.value;
  try {
    const outcome = (await refusal(session, task, track)) ?? (await takeBack());
    const isRestored = outcome.outcome === 'confirmed';
    const edits = paths.map((path) => ({ path, action: created.includes(path) ? 'remove' : 'restore' }));
    return isRestored ? { ...outcome, edits } : outcome;
  } finally {
    await session.close();
  }

  async function takeBack(): Promise<Outcome> {
    const change = { id, session, restarts, times: switchTimes(context.timing.gate) };
    try {
      // The change passed the gate before. Unlike the revert of a failed change, this one can wait for space for the journal.
      const answer = await askToRevert(change, `rollback ${context.journal.run}`, { task, track, must: true });
      return await conclude(afterRollback(answer, id, task), change, { task, context, track });
    } catch (error) {
      if (error instanceof ToolError && error.code === 'journal')
        return track.finish('failed', error.message, journalHint);
      throw error;
    }
  }
}

/** Why the node is not changed; undefined if it can be rolled back. */
async function refusal(session: Session, task: HostTask, { finish }: Track): Promise<Outcome | undefined> {
  const dispute = await task.dispute?.(session);
  if (dispute !== undefined) return finish('refused', dispute.reason, dispute.hint);
  const kubelet = await watchKubelet(session, task.target, 0);
  return kubelet.ok ? undefined : finish('failed', kubelet.error.message, kubelet.error.hint);
}

function afterRollback(answer: RevertAnswer, id: string, task: HostTask): Decision {
  const look = lookHint(id, task);
  switch (answer.kind) {
    case 'reverted':
      return answer.already
        ? { outcome: 'unchanged', reason: `run ${id} was already reverted`, proof: 'already reverted' }
        : {
            outcome: 'confirmed',
            reason: `restored to its state before run ${id}`,
            proof: 'the old files were restored',
          };
    case 'nothing':
      return { outcome: 'unchanged', reason: `run ${id} did not change this host` };
    case 'gone':
      return { outcome: 'unknown', ...noRecord(id, task.host) };
    case 'conflict':
      return {
        outcome: 'refused',
        reason: `${answer.path} was edited after run ${id}, so nothing was restored`,
        hint: `compare it with /var/lib/kubelatch/txn/${id}/old on the node, undo the later edit by hand, then roll back again`,
      };
    case 'held':
      return { outcome: 'refused', reason: answer.reason, hint: answer.hint };
    case 'unanswered':
      return { outcome: 'unknown', reason: answer.error.message, hint: look };
    case 'confirmed':
      return {
        outcome: 'unknown',
        reason: 'reverting failed: the node still reports the change as confirmed',
        hint: look,
      };
    case 'failed':
      return { outcome: 'unknown', reason: `reverting failed: ${answer.detail}`, hint: look };
  }
}

/** A node that kept the run when it was asked before, or must have. */
export const noRecord = (id: string, host: string): { readonly reason: string; readonly hint: string } => ({
  reason: `the node has no backup of run ${id}: its files may be the old or the new ones`,
  hint: `to see the current settings: ${nextCommand('audit', '--limit', host)}`,
});
