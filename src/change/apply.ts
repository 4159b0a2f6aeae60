/** Changes one node and checks it with the gate: a sequence of steps, and one place that undoes what they began. */
import type { HostPlan } from '../plan/host-plan.js';
import type { Outcome } from '../run/outcome.js';
import { liftCordon } from './cordon.js';
import type { HostTask, RunContext } from './host-task.js';
import { beginChange } from './node-change.js';
import { takeSteps } from './steps.js';
import type { TxnAbout } from './transaction.js';
import { undo } from './undo.js';

/** The outcome is `confirmed` only where every check of the gate that could be asked passed. */
export async function applyToHost(
  plan: HostPlan,
  about: TxnAbout,
  task: HostTask,
  context: RunContext,
): Promise<Outcome> {
  const change = beginChange(plan, about, task, context);
  try {
    const failure = await takeSteps(change);
    const outcome = failure === undefined ? change.track.finish('confirmed') : await undo(change, failure);
    await change.heartbeat?.stop();
    return await liftCordon(outcome, change.uncordon, task.nodeName, change.track);
  } finally {
    await Promise.all(change.sessions.map((session) => session.close()));
  }
}
