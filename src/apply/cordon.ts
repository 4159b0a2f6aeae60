/** Keeps pods off a node while it is changed: only a cordon of our own is lifted, and never on a node that is not healthy. */
import type { Cluster } from '../cluster/cluster.js';
import { type Result, fail, ok } from '../lib/result.js';

export type Seclusion = 'none' | 'cordon' | 'drain';

/** Ends the seclusion; undefined where the node was cordoned before, by somebody else. */
export type Release = (() => Promise<Result<undefined, string>>) | undefined;

/** Milliseconds for pods to move away. */
export const drainPatience = 600_000;

export async function seclude(
  cluster: Cluster | undefined,
  nodeName: string | undefined,
  how: Seclusion,
): Promise<Result<Release, string>> {
  if (how === 'none') return ok(undefined);
  if (cluster === undefined || nodeName === undefined) return fail('a node cannot be cordoned without the API server');
  const view = await cluster.view();
  const node = view.ok ? view.value.get(nodeName) : undefined;
  if (!view.ok || node === undefined) return fail(view.ok ? `no Node ${nodeName}` : view.error.message);
  const release = async (): Promise<Result<undefined, string>> => {
    const lifted = await cluster.cordon(nodeName, false);
    return lifted.ok ? lifted : fail(lifted.error.message);
  };
  const ours = node.unschedulable ? undefined : release;
  if (!node.unschedulable) {
    const cordoned = await cluster.cordon(nodeName, true);
    if (!cordoned.ok) {
      // Its answer may have been lost after it was done.
      await release();
      return fail(cordoned.error.message);
    }
  }
  if (how === 'cordon') return ok(ours);
  const drained = await cluster.drain(nodeName, drainPatience);
  if (drained.ok) return ok(ours);
  await ours?.();
  return fail(`its pods could not be moved away: ${drained.error.message}`);
}
