/** A cordon as a bracket around a change: only one of our own is lifted, and never from a node that is not healthy. */
import type { Cluster } from '../cluster/cluster.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { Outcome } from '../run/outcome.js';
import type { HostTask, RunContext, Track } from './host-task.js';

export type CordonMode = 'none' | 'cordon' | 'drain';

/** Lifts our own cordon; undefined where there is none, or where somebody else set it. */
export type Uncordon = (() => Promise<Result<undefined, string>>) | undefined;

/** Milliseconds for all pods of a node to move away. */
export const drainTimeout = 600_000;

export interface CordonFailure {
  readonly reason: string;
  /** Lifts the cordon that was set, or may have been, all the same. */
  readonly release: Uncordon;
}

/** Cordons the host's Node unless it is cordoned already. The journal is written first, so that `resume` can lift the cordon if this program dies. */
export async function cordonNode(
  { cluster, journal, shutdown }: Pick<RunContext, 'cluster' | 'journal' | 'shutdown'>,
  { host, nodeName }: Pick<HostTask, 'host' | 'nodeName'>,
  how: Exclude<CordonMode, 'none'>,
): Promise<Result<Uncordon, CordonFailure>> {
  const not = (reason: string, release?: Uncordon): Result<Uncordon, CordonFailure> => fail({ reason, release });
  if (cluster === undefined || nodeName === undefined) return not('a node cannot be cordoned without the API server');
  const read = await cluster.node(nodeName);
  if (!read.ok) return not(read.error.message);
  const node = read.value;
  if (node === undefined) return not(`the API server has no Node ${nodeName}`);
  const uncordon = async (): Promise<Result<undefined, string>> => {
    const lifted = await cluster.cordon(nodeName, false);
    return lifted.ok ? lifted : fail(lifted.error.message);
  };
  const own = node.unschedulable ? undefined : uncordon;
  if (!node.unschedulable) {
    await journal.write({ entry: 'cordon', host, node: nodeName });
    const cordoned = await cluster.cordon(nodeName, true);
    // The answer may have been lost after the cordon was set.
    if (!cordoned.ok) return not(cordoned.error.message, () => uncordonOrSee(cluster, nodeName, uncordon));
  }
  if (how === 'cordon') return ok(own);
  const drained = await cluster.drain(nodeName, { deadline: drainTimeout, signal: shutdown });
  return drained.ok ? ok(own) : not(`the node could not be drained: ${drained.error.message}`, own);
}

/** Who may not cordon has set no cordon: then what the API server shows counts. */
async function uncordonOrSee(
  cluster: Cluster,
  nodeName: string,
  uncordon: NonNullable<Uncordon>,
): Promise<Result<undefined, string>> {
  const lifted = await uncordon();
  if (lifted.ok) return lifted;
  const node = await cluster.node(nodeName);
  return node.ok && node.value?.unschedulable === false ? ok(undefined) : lifted;
}

/** Lifts the cordon at the end, except on a node in an unknown state; the outcome then mentions the cordon. */
export async function liftCordon(
  outcome: Outcome,
  uncordon: Uncordon,
  nodeName: string | undefined,
  track: Track,
): Promise<Outcome> {
  if (uncordon === undefined) return outcome;
  if (outcome.outcome === 'unknown') return withLeftCordon(outcome, nodeName);
  const lifted = await track.step('uncordon', uncordon);
  const { timings } = track.progress;
  if (lifted.ok) return { ...outcome, timings };
  return cordonNotLifted({ ...outcome, timings }, `the node could not be uncordoned: ${lifted.error}`, nodeName ?? '');
}

/** A node that takes no pods is not as it should be, however its kubelet fares. */
export function cordonNotLifted(outcome: Outcome, why: string, nodeName: string): Outcome {
  const reason = [outcome.outcome, outcome.reason, why].filter(Boolean).join('; ');
  return { ...outcome, outcome: 'unknown', reason, hint: `kubectl uncordon ${nodeName}` };
}

/** `nodeName`: the Node that the run itself left cordoned, since its health is unknown; undefined where it left none. */
export function withLeftCordon(outcome: Outcome, nodeName: string | undefined): Outcome {
  if (nodeName === undefined) return outcome;
  const left = `the node stays cordoned; once it is healthy: kubectl uncordon ${nodeName}`;
  return { ...outcome, reason: [outcome.reason, left].filter(Boolean).join('; ') };
}
