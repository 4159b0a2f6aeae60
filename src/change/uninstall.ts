/** Removes every trace of this tool from one node. */
import { messageOf } from '../lib/errors.js';
import type { Outcome } from '../run/outcome.js';
import { refusalFor } from './answers.js';
import { type HostTask, type RunContext, journalHint, trackHost } from './host-task.js';
import { uninstall } from './transaction.js';
import { nextCommand } from '../lib/next-command.js';

/** `confirmed`: the node says that every trace is gone; `unchanged`: there was none. */
export async function uninstallHost(
  task: Pick<HostTask, 'host' | 'nodeName' | 'connect'>,
  context: Pick<RunContext, 'journal' | 'report'>,
): Promise<Outcome> {
  const { step, finish } = trackHost(task, context);
  const session = await task.connect();
  if (!session.ok) return finish('unreachable', session.error.message, session.error.hint);
  try {
    const answer = await step('uninstall', () => uninstall(session.value)).catch((error: unknown) => messageOf(error));
    if (typeof answer === 'string') return finish('failed', answer, journalHint);
    const refusal = refusalFor(answer, 'uninstalled', task.host);
    if (refusal?.outcome === 'refused') return finish('refused', refusal.reason, refusal.hint);
    if (refusal !== undefined)
      return finish(
        'unknown',
        refusal.reason,
        `some files may already be removed; run ${nextCommand('uninstall')} again`,
      );
    return finish(answer.ok && answer.value.detail === 'nothing' ? 'unchanged' : 'confirmed');
  } finally {
    await session.value.close();
  }
}
