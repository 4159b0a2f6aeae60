/** One change of one node under way: what its steps share, and how a step fails. */
import { randomHex } from '../lib/clock.js';
import type { KubeletState } from '../gate/kubelet-watch.js';
import type { FileEdit } from '../plan/file-edit.js';
import type { HostPlan } from '../plan/host-plan.js';
import type { OutcomeKind } from '../run/outcome.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import type { CordonMode, Uncordon } from './cordon.js';
import type { Heartbeat } from './heartbeat.js';
import { type HostTask, type RunContext, type Track, trackHost } from './host-task.js';
import { type SwitchTimes, type TxnAbout, switchTimes } from './transaction.js';

/** How far a failed step has to be undone. */
export type Undo =
  /** The node is as it was; or nobody may decide any more. */
  | 'nothing'
  /** Copies lie on the node: they are removed. */
  | 'withdraw'
  /** Files may have been written: the old ones are restored, and proved. */
  | 'revert';

export interface Failure {
  readonly undo: Undo;
  readonly outcome: OutcomeKind;
  readonly reason: string;
  readonly hint?: string | undefined;
}

/** One change under way. The fields without `readonly` fill as the steps go by. */
export interface NodeChange {
  readonly plan: HostPlan;
  readonly about: TxnAbout;
  readonly task: HostTask;
  readonly context: RunContext;
  readonly track: Track;
  /** The run's id is the transaction's, too. */
  readonly id: string;
  readonly nonce: string;
  readonly times: SwitchTimes;
  readonly cordonMode: CordonMode;
  /** Open connections, the newest last. */
  readonly sessions: Session[];
  /** What a fault from here on undoes. */
  undo: Undo;
  /** Files of a certificate that was issued for this change. */
  certificate: readonly FileEdit[];
  before?: KubeletState;
  uncordon: Uncordon;
  heartbeat?: Heartbeat;
}

/** Nothing is done yet. */
export function beginChange(plan: HostPlan, about: TxnAbout, task: HostTask, context: RunContext): NodeChange {
  return {
    ...{ plan, about, task, context, track: trackHost(task, context) },
    ...{ id: about.run, nonce: randomHex(16), times: switchTimes(context.timing.gate) },
    cordonMode: plan.restart ? context.cordonMode : 'none',
    sessions: [],
    undo: 'nothing',
    uncordon: undefined,
    certificate: [],
  };
}

export const failed = (change: NodeChange, reason: string, hint?: string): Failure => ({
  ...{ undo: change.undo, outcome: 'failed', reason, hint },
});

export const failedCall = (change: NodeChange, { message, hint }: HostError, before = ''): Failure =>
  failed(change, `${before}${message}`, hint);

/** The newest connection. Throws RangeError before the first step. */
export function sessionOf({ sessions }: NodeChange): Session {
  const newest = sessions.at(-1);
  if (newest === undefined) throw new RangeError('no connection yet');
  return newest;
}

export async function openSession(change: NodeChange, name: 'connect' | 'prove'): ReturnType<HostTask['connect']> {
  const session = await change.track.step(name, () => change.task.connect(), false);
  if (session.ok) change.sessions.push(session.value);
  return session;
}
