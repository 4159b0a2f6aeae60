/** Keeps pods off a node while it is changed: only a cordon of our own is lifted, and never on a node that is not healthy. */
import type { Cluster } from '../cluster/cluster.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { Outcome } from './outcome.js';

export type Seclusion = 'none' | 'cordon' | 'drain';

/** Ends the seclusion; undefined where the node was cordoned before, by somebody else. */
export type Release = (() => Promise<Result<undefined, string>>) | undefined;

/** Milliseconds for pods to move away. */
export const drainPatience = 600_000;

export interface NotSecluded {
  readonly reason: string;
  /** Lifts the cordon that was set, or may have been, all the same. */
  readonly release: Release;
}

export async function seclude(
  cluster: Cluster | undefined,
  nodeName: string | undefined,
  how: Seclusion,
): Promise<Result<Release, NotSecluded>> {
  if (how === 'none') return ok(undefined);
  const not = (reason: string, left?: Release): Result<Release, NotSecluded> => fail({ reason, release: left });
  if (cluster === undefined || nodeName === undefined) return not('a node cannot be cordoned without the API server');
  const view = await cluster.view();
  const node = view.ok ? view.value.get(nodeName) : undefined;
  if (!view.ok || node === undefined) return not(view.ok ? `no Node ${nodeName}` : view.error.message);
  const release = async (): Promise<Result<undefined, string>> => {
    const lifted = await cluster.cordon(nodeName, false);
    return lifted.ok ? lifted : fail(lifted.error.message);
  };
  /** Who may do neither has set no cordon: what the API server shows counts then. */
  const releaseOrSee = async (): Promise<Result<undefined, string>> => {
    const lifted = await release();
    if (lifted.ok) return lifted;
    const now = await cluster.view();
    return now.ok && now.value.get(nodeName)?.unschedulable === false ? ok(undefined) : lifted;
  };
  const ours = node.unschedulable ? undefined : release;
  if (!node.unschedulable) {
    const cordoned = await cluster.cordon(nodeName, true);
    // Its answer may have been lost after it was done.
    if (!cordoned.ok) return not(cordoned.error.message, releaseOrSee);
  }
  if (how === 'cordon') return ok(ours);
  const drained = await cluster.drain(nodeName, drainPatience);
  return drained.ok ? ok(ours) : not(`its pods could not be moved away: ${drained.error.message}`, ours);
}

/** `node`: the Node that the run itself left cordoned, since nobody knows it to be healthy; undefined where it left none. */
export function withCordon(outcome: Outcome, node: string | undefined): Outcome {
  if (node === undefined) return outcome;
  const left = `its cordon was left: kubectl uncordon ${node} once it is healthy`;
  return { ...outcome, reason: [outcome.reason, left].filter(Boolean).join('; ') };
}
