/** Changes one node and proves it, or puts it back and proves that: reads top to bottom. */
import { messageOf } from '../lib/errors.js';
import type { HostPlan } from '../plan/host-plan.js';
import type { Session } from '../ssh/session.js';
import { type Release, seclude } from './cordon.js';
import { type GateResult, passGate } from './gate.js';
import { type HostTask, type RunContext, trackHost } from './host-task.js';
import { type KubeletState, watchKubelet } from './kubelet-watch.js';
import { type TxnAbout, type TxnResult, confirm, prepare, restart, revert, write } from './node-transaction.js';
import type { Outcome } from './outcome.js';
import { refusalOf } from './refusal.js';

/** Carries out a plan on its node. The outcome is never `confirmed` unless every check of the gate that could be asked passed. */
export async function applyToHost(
  plan: HostPlan,
  about: TxnAbout,
  task: HostTask,
  context: RunContext,
): Promise<Outcome> {
  const { progress, step, finish } = trackHost(task, context);
  const connected = await task.connect();
  if (!connected.ok) return finish('unreachable', connected.error.message, connected.error.hint);
  const session = connected.value;
  const id = about.run;
  try {
    progress.edits = plan.edits.map(({ path, action }) => ({ path, action }));
    const before = await watchKubelet(session, task.target, 0);
    if (!before.ok) return finish('failed', before.error.message, before.error.hint);

    let release: Release;
    let written: TxnResult;
    try {
      const prepared = await step('prepare', () => prepare(session, id, { ...plan, about }));
      const refusal = refusalOf(prepared, 'prepared');
      if (refusal !== undefined) return finish(refusal.outcome, refusal.reason, refusal.hint);
      const secluded = await secludeFor(plan.restart);
      if (!secluded.ok) {
        await revert(session, id, 'files-only');
        return finish('failed', secluded.error, 'nothing was changed');
      }
      release = secluded.value;
      written = await step('write', () => write(session, id));
    } catch (error) {
      return await abandon(error, release);
    }
    const outcome = await changed(written, before.value);
    return outcome.outcome === 'unknown' ? outcome : await released(outcome, release);
  } finally {
    await session.close();
  }

  /** The journal could not be written before the change: it is not begun, and what was prepared is taken away. */
  async function abandon(error: unknown, release: Release): Promise<Outcome> {
    await revert(session, id, 'files-only');
    const stopped = finish(
      'failed',
      `the journal cannot be written: ${messageOf(error)}`,
      'nothing was changed; make room for the journal, or set XDG_STATE_HOME',
    );
    return released(stopped, release);
  }

  function secludeFor(restarts: boolean): ReturnType<typeof seclude> {
    const how = restarts ? context.seclusion : 'none';
    return how === 'none'
      ? seclude(undefined, undefined, how)
      : step('cordon', () => seclude(context.cluster, task.nodeName, how));
  }

  /** Lifts our own cordon, on a node that was proved healthy. */
  async function released(outcome: Outcome, release: Release): Promise<Outcome> {
    if (release === undefined) return outcome;
    const lifted = await step('uncordon', release);
    if (lifted.ok) return { ...outcome, timings: progress.timings };
    const reason = [outcome.reason, `the cordon could not be lifted: ${lifted.error}`].filter(Boolean).join('; ');
    return { ...outcome, reason, hint: `kubectl uncordon ${task.nodeName ?? ''}` };
  }

  /** From here on a failure of any kind ends in putting back. */
  async function changed(written: TxnResult, before: KubeletState): Promise<Outcome> {
    if (!written.ok) return undo(session, id, written.error.message);
    const failure = refusalOf(written, 'applied');
    if (failure !== undefined) return finish(failure.outcome, failure.reason, failure.hint);
    try {
      return await restartAndProve(before);
    } catch (error) {
      return await undo(session, id, messageOf(error));
    }
  }

  async function restartAndProve(before: KubeletState): Promise<Outcome> {
    if (plan.restart) {
      const restarted = await step('restart', () => restart(session, id));
      if (!restarted.ok) return await undo(session, id, restarted.error.message);
      const gate = await step('gate', () =>
        passGate({
          ...task,
          ...context,
          session,
          before,
          expect: plan.expect,
          deadline: context.timing.gate,
          settle: context.timing.settle,
        }),
      );
      progress.gate = gate.checks;
      progress.log = gate.log;
      if (!gate.passed) return await undo(session, id, failureOf(gate));
    }

    const again = await task.connect();
    if (!again.ok) return await undo(session, id, `no new connection after the change: ${again.error.message}`);
    const confirmed = await step('confirm', () => confirm(again.value, id)).finally(() => again.value.close());
    if (confirmed.ok && confirmed.value.word === 'confirmed') return finish('confirmed');
    return finish(
      'unknown',
      `the change could not be confirmed: ${confirmed.ok ? `the node says ${confirmed.value.detail}` : confirmed.error.message}`,
      `look at /var/lib/kubelatch/txn/${id} on the node`,
    );
  }

  async function undo(current: Session, id: string, because: string): Promise<Outcome> {
    const fresh = await task.connect();
    const session = fresh.ok ? fresh.value : current;
    try {
      return await putBack(session, id, because);
    } finally {
      if (fresh.ok) await session.close();
    }
  }

  /** Putting back may be repeated: a connection that is lost on the way costs nothing but a second one. */
  async function revertTwice(session: Session, id: string, how: 'restart' | 'files-only'): Promise<TxnResult> {
    const first = await revert(session, id, how);
    if (first.ok) return first;
    const again = await task.connect();
    if (!again.ok) return first;
    return revert(again.value, id, how).finally(() => again.value.close());
  }

  async function putBack(session: Session, id: string, because: string): Promise<Outcome> {
    const look = `log in and look: systemctl status ${task.target.unit}, /var/lib/kubelatch/txn/${id}`;
    const reverted = await step('revert', () => revertTwice(session, id, plan.restart ? 'restart' : 'files-only'));
    if (!reverted.ok) return finish('unknown', `${because}; putting back failed: ${reverted.error.message}`, look);
    const { word, detail } = reverted.value;
    if (word === 'conflict') {
      const hint = `both versions are kept: the old one is in /var/lib/kubelatch/txn/${id}/old`;
      return finish('unknown', `${because}; not put back: ${detail} was edited by somebody else meanwhile`, hint);
    }
    if (word === 'nothing') return finish('failed', because, 'nothing was changed yet; apply again');
    if (word !== 'reverted') return finish('unknown', `${because}; putting back failed: ${word} ${detail}`, look);
    const proof = plan.restart ? await proveOld(session, task, context) : undefined;
    if (proof?.passed === false) {
      progress.log = proof.log;
      return finish('unknown', `${because}; put back, but the node is not healthy: ${failureOf(proof)}`, look);
    }
    return finish('reverted', because, 'the files are as they were; mend the cause and apply again');
  }
}

/** The gate for the old configuration: the node must be as healthy as it was before. */
export function proveOld(session: Session, task: HostTask, context: RunContext): Promise<GateResult> {
  const { gate: deadline, settle } = context.timing;
  return passGate({
    ...task,
    ...context,
    session,
    before: undefined,
    expect: [],
    deadline: Math.max(deadline, 60_000),
    settle,
  });
}

/** The checks that decided against a node, in one line. */
export const failureOf = ({ blamed }: GateResult): string =>
  blamed.map(({ check, expected, seen }) => `${check}: expected ${expected}, saw ${seen}`).join('; ');
