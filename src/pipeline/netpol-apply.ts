/** netpol --apply and remove: the dry run with its diff, consent, the change, and what became of each object. */
import type { Cluster } from '../cluster/cluster.js';
import type { RunLease } from '../cluster/run-lease.js';
import { ToolError } from '../lib/errors.js';
import { fail } from '../lib/result.js';
import { objectName } from '../netpol/manifest.js';
import { changeDiff } from '../netpol/manifest-text.js';
import type { Manifest } from '../netpol/model.js';
import {
  type Change,
  type ObjectError,
  makeChanges,
  ownedObjects,
  proposeChanges,
  removeObject,
} from '../netpol/objects.js';
import type { NetpolChange } from '../report/netpol-model.js';
import { withLockOf } from '../run/open.js';
import type { Run } from './context.js';

type Place = Pick<Run, 'shutdown' | 'report'>;
type LockedCluster = Pick<Cluster, 'api' | 'lock'>;

/** Shown what would be done; false ends it with nothing changed. */
export type ApproveChanges = (changes: readonly NetpolChange[], others: readonly string[]) => Promise<boolean>;

const outcomes = { create: 'created', update: 'updated', none: 'unchanged' } as const;
const made = (change: Change): NetpolChange => ({
  object: objectName(change.manifest),
  outcome: outcomes[change.action],
  diff: changeDiff(change),
});
const proposedOf = (change: Change): NetpolChange => ({ ...made(change), reason: change.unchecked });

/**
 * What was done of each object; undefined if nobody agreed. Throws ToolError where the dry run of one fails, or where another run
 * holds the run lock.
 */
export async function applyPolicy(
  place: Place,
  cluster: LockedCluster,
  manifests: readonly Manifest[],
  approve: ApproveChanges,
): Promise<readonly NetpolChange[] | undefined> {
  const { api } = cluster;
  const proposed = await proposeChanges(api, manifests);
  if (!proposed.ok) throw new ToolError('cluster', proposed.error.reason, { hint: proposed.error.hint });
  const changes = proposed.value;
  if (changes.every(({ action }) => action === 'none')) return changes.map(made);
  const owned = await ownedObjects(api);
  const names = new Set(manifests.map(objectName));
  const others = owned.ok ? owned.value.map(objectName).filter((one) => !names.has(one)) : [];
  if (!(await approve(changes.map(proposedOf), others))) return undefined;
  const { done, failed } = await withLockOf(place, cluster, 'netpol', (lease) =>
    makeChanges(api, changes, () => lostLock(lease)),
  );
  return changes.map((change) => outcomeOf(change, done, failed === undefined ? undefined : { ...failed, changes }));
}

/** Asked before each write: another run may have the lock meanwhile. */
function lostLock(lease: RunLease | undefined): ObjectError | undefined {
  const reason = lease?.problem()?.reason;
  return reason === undefined
    ? undefined
    : { reason, hint: 'nothing was changed by this request; run the command again' };
}

interface Failed {
  readonly reason: string;
  readonly hint: string;
  readonly changes: readonly Change[];
}

/** The first object that was not done is the one that failed; those behind it were not begun. */
function outcomeOf(change: Change, done: readonly Change[], failed: Failed | undefined): NetpolChange {
  const told = made(change);
  if (failed === undefined || change.action === 'none' || done.includes(change)) return told;
  const first = failed.changes.find((one) => one.action !== 'none' && !done.includes(one));
  if (change !== first) return { ...told, outcome: 'skipped' };
  return { ...told, outcome: 'failed', reason: failed.reason, hint: failed.hint };
}

/** Removes every policy with kubelatch's label; undefined if nobody agreed. */
export async function removePolicies(
  place: Place,
  cluster: LockedCluster,
  approve: (objects: readonly string[]) => Promise<boolean>,
): Promise<readonly NetpolChange[] | undefined> {
  const { api } = cluster;
  const owned = await ownedObjects(api);
  if (!owned.ok) throw new ToolError('cluster', `the policies could not be listed: ${owned.error.message}`);
  if (owned.value.length === 0) return [];
  if (!(await approve(owned.value.map(objectName)))) return undefined;
  return withLockOf(place, cluster, 'netpol', async (lease) => {
    const changes: NetpolChange[] = [];
    for (const object of owned.value) {
      const lost = lostLock(lease);
      const removed = lost === undefined ? await removeObject(api, object) : fail(lost);
      const told = { object: objectName(object), diff: '' };
      changes.push(removed.ok ? { ...told, outcome: 'removed' } : { ...told, outcome: 'failed', ...removed.error });
    }
    return changes;
  });
}
