/** Puts one node back to what it was before a run, and proves it. */
import { messageOf } from '../lib/errors.js';
import { watchKubelet } from './kubelet-watch.js';
import { failureOf, proveOld } from './gate.js';
import { type HostTask, type RunContext, trackHost } from './host-task.js';
import { type TxnResult, parseHolder, switchTimes } from './node-transaction.js';
import type { Outcome } from './outcome.js';
import { untilDecided } from './put-back.js';
import { heldBy } from './refusal.js';

export async function rollBackHost(
  id: string,
  restarts: boolean,
  task: HostTask,
  context: RunContext,
): Promise<Outcome> {
  const { progress, step, finish } = trackHost(task, context);
  const connected = await step('connect', () => task.connect(), false);
  if (!connected.ok) return finish('unreachable', connected.error.message, connected.error.hint);
  const session = connected.value;
  const look = `log in and look: systemctl status ${task.target.unit}, /var/lib/kubelatch/txn/${id}`;
  try {
    const before = await watchKubelet(session, task.target, 0);
    if (!before.ok) return finish('failed', before.error.message, before.error.hint);
    const change = { id, session, restarts, times: switchTimes(context.timing.gate) };
    let isBegun = false;
    const putBack = (): Promise<TxnResult> => {
      isBegun = true;
      return untilDecided(change, `rollback ${context.journal.run}`, task);
    };
    // The change stands proved: unlike one that fails, it can wait for room here.
    const reverted = await step('revert', putBack, true).catch((error: unknown) => {
      if (isBegun) throw error;
      return finish(
        'failed',
        `the journal cannot be written: ${messageOf(error)}`,
        'nothing was changed; make room for the journal, or set XDG_STATE_HOME',
      );
    });
    if ('outcome' in reverted) return reverted;
    if (!reverted.ok) return finish('unknown', reverted.error.message, look);
    const { word, detail } = reverted.value;
    switch (word) {
      case 'none':
        // It did when it was asked before.
        return finish(
          'unknown',
          `the node keeps nothing of run ${id} any more: whether its files are the old or the new ones is not known`,
          `kubelatch audit --limit ${task.host} tells how its kubelet runs`,
        );
      case 'nothing':
        return finish('unchanged', `run ${id} had changed nothing yet`);
      case 'conflict':
        return finish(
          'refused',
          `${detail} was edited since run ${id}: nothing was put back`,
          `compare it with /var/lib/kubelatch/txn/${id}/old on the node, settle it by hand, then roll back again`,
        );
      case 'pending': {
        const { reason, hint } = heldBy(parseHolder(detail), task.host);
        return finish('refused', reason, hint);
      }
      case 'reverted':
        break;
      default:
        return finish('unknown', `putting back failed: ${word} ${detail}`, look);
    }
    const gate = restarts ? await step('gate', () => proveOld(session, task, context), false) : undefined;
    progress.gate = gate?.checks ?? [];
    progress.log = gate?.log ?? [];
    if (gate?.passed === false)
      return finish('unknown', `put back, but the node is not healthy: ${failureOf(gate)}`, look);
    // Proved too: it may have been the first call from here, whose answer was lost.
    if (detail === 'already') return finish('unchanged', `run ${id} was put back before`);
    return finish('confirmed', `put back to before run ${id}`);
  } finally {
    await session.close();
  }
}
