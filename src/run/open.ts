/** Begins or continues a run: takes the cluster's run lock, opens the journal, then does the work. Or takes the lock alone. */
import { hostname, userInfo } from 'node:os';
import type { Cluster } from '../cluster/cluster.js';
import type { RunLease } from '../cluster/run-lease.js';
import { closing } from '../lib/closing.js';
import { newRunId } from '../lib/clock.js';
import { stillRunning, ownMark } from '../lib/process-mark.js';
import { type Journal, type JournalEntry, continueJournal, openJournal, reopenJournal, writeFirst } from './journal.js';
import { type ClusterVerb, withRunLock } from './lock.js';
import type { Report } from './outcome.js';
import type { RunRecord } from './record.js';

/** Where a run takes place. */
export interface RunPlace {
  readonly runsFolder: string;
  readonly inventory: { readonly path: string; readonly cluster: { readonly name: string } };
  readonly shutdown: AbortSignal;
  readonly report: Report;
}

type RunStarted = Extract<JournalEntry, { entry: 'run' }>;
type Work<T> = (journal: Journal, lease: RunLease | undefined) => Promise<T>;

/** Who works at this machine, for the records of the node and of the journal. */
export function operator(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return hostname();
  }
}

/** Begins a run under a new id. Throws ToolError, with nothing changed, if it cannot take the lock or open the journal. */
export function beginRun<T>(
  place: RunPlace,
  cluster: Cluster | undefined,
  about: Pick<RunStarted, 'kind' | 'of' | 'hosts' | 'plan' | 'playbooks' | 'rules' | 'onlyRules'>,
  work: Work<T>,
  /** A run that was paused has no end: `resume` goes on with it. */
  isPaused: (result: T) => boolean = () => false,
): Promise<T> {
  const run = newRunId();
  return withRunLock(place, cluster, { operator: operator(), run }, async (lease) => {
    const journal = await openJournal(place.runsFolder, run);
    return closing(journal, async () => {
      await writeFirst(journal, { entry: 'run', ...about, ...siteOf(place), ...markOf(lease) });
      const result = await work(journal, lease);
      // The hosts' outcomes matter more than this line.
      if (!isPaused(result)) await journal.write({ entry: 'end' }).catch(() => undefined);
      return result;
    });
  });
}

/**
 * Goes on with a run whose controller died: in its own journal, or in a new one of its name where this machine has none. The work
 * writes the end itself, since hosts may be left for later. Throws as `beginRun`.
 */
export async function continueRun<T>(
  place: RunPlace,
  cluster: Cluster | undefined,
  { record, isHere, asksNodes }: { readonly record: RunRecord; readonly isHere: boolean; readonly asksNodes: boolean },
  work: Work<T>,
): Promise<T> {
  const { controller, lock, run } = record;
  // A lock of a process that is known to be gone needs no waiting.
  const deadHolder = controller !== undefined && stillRunning(controller) === 'no' ? lock : undefined;
  // Where no node is asked, there is nothing to keep others from; what the run held itself is given back.
  if (!asksNodes && deadHolder !== undefined) await cluster?.unlock(deadHolder);
  return withRunLock(
    place,
    asksNodes ? cluster : undefined,
    { operator: operator(), run, deadHolder },
    async (lease) => {
      const journal = await (isHere ? reopenJournal : continueJournal)(place.runsFolder, run);
      return closing(journal, async () => {
        const mark = markOf(lease);
        const hosts = record.hosts.map(({ host }) => host);
        if (!isHere)
          await writeFirst(journal, { entry: 'run', kind: 'apply', fromNodes: true, hosts, ...siteOf(place), ...mark });
        await writeFirst(journal, { entry: 'resumed', ...mark });
        return work(journal, lease);
      });
    },
  );
}

/** Holds the run lock while objects of the cluster are written: no run, and so no journal. Throws as `withRunLock`. */
export const withLockOf = <T>(
  place: Pick<RunPlace, 'shutdown' | 'report'>,
  cluster: Pick<Cluster, 'lock'> | undefined,
  verb: ClusterVerb,
  work: (lease: RunLease | undefined) => Promise<T>,
): Promise<T> => withRunLock(place, cluster, { operator: operator(), run: verb }, work);

const siteOf = ({ inventory }: RunPlace): Pick<RunStarted, 'cluster' | 'inventory'> => ({
  cluster: inventory.cluster.name,
  inventory: inventory.path,
});

const markOf = (lease: RunLease | undefined) => ({
  operator: operator(),
  controller: ownMark(),
  lock: lease?.identity,
});
