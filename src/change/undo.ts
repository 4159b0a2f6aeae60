/** Undoes a change that failed, as far as its steps came. */
import type { Outcome } from '../run/outcome.js';
import { readRevertAnswer } from './answers.js';
import { type Failure, type NodeChange, openSession, sessionOf } from './node-change.js';
import { revertFailedChange } from './revert.js';
import { dropKey } from './serving.js';
import { revert } from './transaction.js';
import { nextCommand } from '../lib/next-command.js';

/** The only place that undoes a change. If this program dies, the node reverts on its own. */
export async function undo(change: NodeChange, failure: Failure): Promise<Outcome> {
  const { id, plan, times, task, context, track } = change;
  // Not waited for: its connection may be the one that hangs.
  void change.heartbeat?.stop();
  if (change.certificate.length > 0) await dropKey(sessionOf(change), id);
  switch (failure.undo) {
    case 'nothing':
      return track.finish(failure.outcome, failure.reason, failure.hint);
    case 'withdraw':
      return withdraw(change, failure);
    case 'revert': {
      const open = { id, session: sessionOf(change), restarts: plan.restart, times };
      const outcome = await revertFailedChange(failure.reason, open, { task, context, track });
      return outcome.outcome === 'failed' && failure.hint !== undefined ? { ...outcome, hint: failure.hint } : outcome;
    }
  }
}

/** Removes the copies from a node that keeps its old files, over a new connection if the last one is broken. */
async function withdraw(change: NodeChange, { outcome, reason, hint }: Failure): Promise<Outcome> {
  const { id, task, track } = change;
  let answer = await revert(sessionOf(change), id, 'files-only', 'the run: withdrawn');
  if (!answer.ok && (await openSession(change, 'connect')).ok)
    answer = await revert(sessionOf(change), id, 'files-only', 'the run: withdrawn');
  const { kind } = readRevertAnswer(answer, task.host);
  if (kind === 'reverted' || kind === 'nothing' || kind === 'gone') return track.finish(outcome, reason, hint);
  const left = answer.ok ? `${answer.value.word} ${answer.value.detail}` : answer.error.message;
  const both = `${reason}; the prepared copies of the new files could not be removed from the node: ${left}`;
  return track.finish('unknown', both, nextCommand('resume', id));
}
