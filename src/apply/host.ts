/** Changes one node and proves it, or has it put back and proves that: reads top to bottom. */
import { randomHex } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import type { HostPlan } from '../plan/host-plan.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import { type Release, drainPatience, seclude, withCordon } from './cordon.js';
import { failureOf, passGate } from './gate.js';
import { type HostTask, type RunContext, trackHost } from './host-task.js';
import { type KubeletState, watchKubelet } from './kubelet-watch.js';
import {
  type TxnAbout,
  type TxnResult,
  arm,
  confirm,
  prepare,
  prune,
  restart,
  revert,
  switchTimes,
  write,
} from './node-transaction.js';
import type { Outcome, OutcomeKind } from './outcome.js';
import { startPulse } from './pulse.js';
import { putBack } from './put-back.js';
import { refusalOf } from './refusal.js';

/** Carries out a plan on its node. The outcome is never `confirmed` unless every check of the gate that could be asked passed. */
export async function applyToHost(
  plan: HostPlan,
  about: TxnAbout,
  task: HostTask,
  context: RunContext,
): Promise<Outcome> {
  const track = trackHost(task, context);
  const { progress, step, finish } = track;
  const id = about.run;
  const nonce = randomHex(16);
  const times = switchTimes(context.timing.gate);
  const seclusion = plan.restart ? context.seclusion : 'none';
  const open: Session[] = [];
  try {
    const connected = await connect('connect');
    if (!connected.ok) return finish('unreachable', connected.error.message, connected.error.hint);
    progress.edits = plan.edits.map(({ path, action }) => ({ path, action }));
    const before = await watchKubelet(connected.value, task.target, 0);
    if (!before.ok) return finish('failed', before.error.message, before.error.hint);
    const ready = await makeReady(connected.value);
    if ('outcome' in ready) return ready;
    const outcome = await change(ready.session, before.value);
    return outcome.outcome === 'unknown' ? cordoned(outcome, ready.release) : await released(outcome, ready.release);
  } finally {
    await Promise.all(open.map((session) => session.close()));
  }

  async function connect(name: 'connect' | 'prove'): ReturnType<HostTask['connect']> {
    const session = await step(name, () => task.connect(), false);
    if (session.ok) open.push(session.value);
    return session;
  }

  /** Everything is on the node and the switch is armed; or nothing was changed, and the outcome says why. */
  async function makeReady(first: Session): Promise<{ session: Session; release: Release } | Outcome> {
    let release: Release;
    try {
      const hold = seclusion === 'drain' ? drainPatience / 1000 + 60 : 60;
      const prepared = await step('prepare', () => prepare(first, id, { ...plan, about, nonce, hold }));
      // An answer that was lost says nothing of what was done.
      if (!prepared.ok) return await withdrawn(first, undefined, failureOfCall(prepared.error));
      const refusal = refusalOf(prepared, 'prepared', task.host);
      if (refusal !== undefined) return finish(refusal.outcome, refusal.reason, refusal.hint);
      // Whatever comes later comes over a new connection: whether there is one is asked while nothing hangs on it.
      const second = await connect('prove');
      if (!second.ok) return await withdrawn(first, undefined, failureOfCall(second.error, 'no second connection: '));
      const secluded = await secludeNode();
      if (!secluded.ok)
        return await withdrawn(first, secluded.error.release, {
          reason: secluded.error.reason,
          hint: 'nothing was changed',
        });
      release = secluded.value;
      const armed = await step('arm', () => arm(second.value, id, times));
      const unarmed = refusalOf(armed, 'armed', task.host);
      if (unarmed === undefined) return { session: second.value, release };
      return await withdrawn(second.value, release, unarmed);
    } catch (error) {
      return await withdrawn(first, release, unwritable(error));
    }
  }

  /** Takes away what is on the node although it stays as it was, over a new connection where the first one is of no use. */
  async function withdrawn(session: Session, release: Release, why: Withdrawal): Promise<Outcome> {
    const { outcome, reason, hint } = { outcome: 'failed' as const, ...why };
    let said = await revert(session, id, 'files-only', 'the run: withdrawn');
    if (!said.ok) {
      const fresh = await connect('connect');
      if (fresh.ok) said = await revert(fresh.value, id, 'files-only', 'the run: withdrawn');
    }
    const isGone = said.ok && ['nothing', 'none', 'reverted'].includes(said.value.word);
    if (isGone) return released(finish(outcome, reason, hint), release);
    const left = said.ok ? `${said.value.word} ${said.value.detail}` : said.error.message;
    const unknown = `${reason}; what was prepared could not be taken away: ${left}`;
    return cordoned(finish('unknown', unknown, `kubelatch resume ${id}`), release);
  }

  function secludeNode(): ReturnType<typeof seclude> {
    return seclusion === 'none'
      ? seclude(undefined, undefined, 'none')
      : step('cordon', () => seclude(context.cluster, task.nodeName, seclusion));
  }

  /** Our own cordon stays on a node that is not proved healthy, and is told. */
  function cordoned(outcome: Outcome, release: Release): Outcome {
    return release === undefined ? outcome : withCordon(outcome, task.nodeName);
  }

  /** Lifts our own cordon, on a node that was proved healthy. */
  async function released(outcome: Outcome, release: Release): Promise<Outcome> {
    if (release === undefined) return outcome;
    const lifted = await step('uncordon', release);
    if (lifted.ok) return { ...outcome, timings: progress.timings };
    // A node that takes no pods is not as it should be, however its kubelet fares.
    const told = [outcome.outcome, outcome.reason, `the cordon could not be lifted: ${lifted.error}`];
    const hint = `kubectl uncordon ${task.nodeName ?? ''}`;
    return { ...outcome, outcome: 'unknown', reason: told.filter(Boolean).join('; '), hint };
  }

  /** From here on a failure of any kind ends in putting back; without us the node does it. */
  async function change(session: Session, before: KubeletState): Promise<Outcome> {
    const pulse = startPulse(task, session, { id, nonce, times });
    try {
      const written = await step('write', () => write(session, id));
      if (!written.ok) return await undo(written.error.message);
      const failure = refusalOf(written, 'applied', task.host);
      if (failure?.outcome === 'unknown') return await undo(failure.reason);
      if (failure !== undefined) {
        void pulse.stop();
        return await withdrawn(session, undefined, failure);
      }
      const failed = plan.restart ? await restartAndProve(session, before) : undefined;
      return await (failed === undefined ? confirmed() : undo(failed));
    } catch (error) {
      const { reason, hint } = unwritable(error);
      const outcome = await undo(reason);
      return outcome.outcome === 'failed' ? { ...outcome, hint } : outcome;
    } finally {
      await pulse.stop();
    }

    function undo(because: string): Promise<Outcome> {
      void pulse.stop();
      return putBack(because, { id, session, restarts: plan.restart, times }, task, context, track);
    }

    async function confirmed(): Promise<Outcome> {
      const said = await step('confirm', () => untilConfirmed());
      if (said.ok && said.value.word === 'confirmed') {
        // Housekeeping: what stays behind today goes the next time.
        if (context.keep !== undefined) await prune(session, id, context.keep);
        return finish('confirmed');
      }
      if (said.ok) return await undo(`the node did not wait for the confirmation (${said.value.detail})`);
      if (said.error.kind !== 'aborted') return await undo(`the change could not be confirmed: ${said.error.message}`);
      return finish('unknown', 'left before the node answered the confirmation', `kubelatch resume ${id}`);
    }
  }

  /** Why the change must not stay; undefined where it may. */
  async function restartAndProve(session: Session, before: KubeletState): Promise<string | undefined> {
    const restarted = await step('restart', () => restart(session, id));
    if (!restarted.ok && restarted.error.kind !== 'lost') return restarted.error.message;
    if (restarted.ok && restarted.value.word === 'state') return `the node did not wait (${restarted.value.detail})`;
    const { gate: deadline, settle } = context.timing;
    const options = { ...task, ...context, session, before, expect: plan.expect, deadline, settle };
    const gate = await step('gate', () => passGate(options));
    progress.gate = gate.checks;
    progress.log = gate.log;
    return gate.passed ? undefined : failureOf(gate);
  }

  /** Over a new connection; asked once more where the answer was lost, for the node answers the same. */
  async function untilConfirmed(): Promise<TxnResult> {
    let said: TxnResult | undefined;
    for (let attempt = 0; attempt < 3 && said?.ok !== true; attempt += 1) {
      const session = await task.connect();
      said = session.ok ? await confirm(session.value, id, nonce).finally(() => session.value.close()) : session;
    }
    if (said === undefined) throw new RangeError('no attempt');
    return said;
  }
}

interface Withdrawal {
  /** `failed` unless told. */
  readonly outcome?: OutcomeKind;
  readonly reason: string;
  readonly hint: string;
}

const failureOfCall = ({ message, hint }: HostError, before = ''): Withdrawal => ({
  reason: `${before}${message}`,
  hint,
});

const unwritable = (error: unknown): Withdrawal => ({
  reason: `the journal cannot be written: ${messageOf(error)}`,
  hint: 'nothing was changed; make room for the journal, or set XDG_STATE_HOME',
});
