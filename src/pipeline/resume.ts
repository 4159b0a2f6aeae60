/** resume: finishes a run whose controller died. */
import type { RecoveryGoal } from '../change/recovery.js';
import { isPending } from '../change/transaction.js';
import { isoTime } from '../lib/clock.js';
import { ToolError, messageOf } from '../lib/errors.js';
import type { RunResult } from '../report/model.js';
import type { Journal } from '../run/journal.js';
import { continueRun } from '../run/open.js';
import type { Outcome } from '../run/outcome.js';
import type { RunRecord } from '../run/record.js';
import { type Approve, type RolloutFlags, type Run, isSelected } from './context.js';
import { contextFor, recoveryTask } from './host-tasks.js';
import { type HostTransactions, fetchTransactions, unansweredHosts } from './node-transactions.js';
import {
  type RunRemains,
  deselectedOutcome,
  goalOf,
  hostsToChange,
  recordFromNodes,
  remainsOfRun,
  unansweredNames,
} from './remains.js';
import { hookNotes, runResult } from './results.js';
import { rollOutRecovery } from './roll-out.js';
import { withCluster } from './with-cluster.js';
import { nextCommand } from '../lib/next-command.js';

export interface WantedRun {
  readonly run: string;
  /** By the journal of this machine. */
  readonly record: RunRecord | undefined;
}

/** A run that did not end, according to its journal and the nodes. */
interface UnfinishedRun {
  readonly record: RunRecord;
  readonly goal: RecoveryGoal;
  readonly remains: RunRemains;
  readonly kept: readonly HostTransactions[];
  /** Hosts that may have been part of it, but that no journal names and whose nodes did not answer. */
  readonly unanswered: readonly Outcome[];
}

/** Finishes a run by its journal, or by the nodes alone where the journal is elsewhere. `undefined`: the person said no. */
export async function resume(
  run: Run,
  wanted: WantedRun,
  flags: RolloutFlags,
  approve: Approve,
): Promise<RunResult | undefined> {
  const startedAt = isoTime();
  if (wanted.record !== undefined) goalOf(wanted.record, run);
  return withCluster(run, async (cluster, missing) => {
    const { record, goal, remains, kept, unanswered } = await findRun(run, wanted);
    const names = hostsToChange(remains, goal, kept);
    if (names.length > 0 && !(await approve(undefined, missing, names))) return undefined;
    const what = { record, isHere: wanted.record !== undefined, asksNodes: remains.begun.length > 0 };
    return continueRun(run, cluster, what, async (journal, lease) => {
      const failure = await noteNews(remains, journal);
      const context = contextFor(run, cluster, journal, flags);
      const tasks = remains.begun.map((one) =>
        recoveryTask(goal, { ...one, fromNodes: record.fromNodes }, run, context),
      );
      const { outcomes, stopped, isComplete, hooks, durationMs } = await rollOutRecovery(tasks, run, journal, lease);
      if (isComplete && remains.later.length === 0) await journal.write({ entry: 'end' }).catch(() => undefined);
      const all = [...outcomes, ...remains.outcomes, ...unanswered];
      const about = { ...aboutResume(record, startedAt), notes: hookNotes(hooks) };
      const result = { ...runResult(run, about, all, stopped ?? failure), durationMs, hooks: run.hooks && hooks };
      // Undecided hosts come first; another call goes on with those that were not started.
      return record.paused === undefined ? result : { ...result, next: nextCommand('resume', record.run) };
    });
  });
}

/** The newest run that holds a node with an unfinished change, and the hosts that could not be asked. */
export async function findUnfinished(run: Run): Promise<{ run: string | undefined; unanswered: readonly Outcome[] }> {
  const kept = await fetchTransactions(run);
  const pending = kept.flatMap(({ transactions }) =>
    (transactions.ok ? transactions.value : []).filter(({ state }) => isPending(state)).map(({ id }) => id),
  );
  return { run: pending.sort().at(-1), unanswered: unansweredHosts(kept) };
}

/** Throws ToolError where neither this machine nor any node knows the run. */
async function findRun(run: Run, { run: id, record: told }: WantedRun): Promise<UnfinishedRun> {
  const byJournal = told?.fromNodes === false ? told : undefined;
  const known = byJournal && remainsOfRun(run, byJournal);
  const asked = known === undefined ? run.hosts : known.begun.map(({ host }) => host);
  const kept = await fetchTransactions({ ...run, hosts: asked });
  const record = byJournal ?? recordFromNodes(id, run.inventory.cluster.name, kept, told);
  if (record === undefined) {
    const hint = `to list the runs: ${nextCommand('runs')}`;
    throw new ToolError('usage', `run ${id} was not found on this machine or on any node that answered`, { hint });
  }
  const goal = goalOf(record, run);
  if (known !== undefined) return { record, goal, remains: known, kept, unanswered: [] };
  const names = unansweredNames(run, record, kept);
  const remains = remainsOfRun(run, record);
  const unanswered = [
    ...unansweredHosts(kept).filter(({ host }) => names.includes(host)),
    ...names.filter((name) => !isSelected(run, name)).map((name) => deselectedOutcome(name, id)),
  ];
  return { record, goal, remains: { ...remains, later: [...remains.later, ...names] }, kept, unanswered };
}

/** Adds what the journal lacks. Nodes are reverted even if this fails, so a failure is returned and not thrown. */
async function noteNews({ news }: RunRemains, journal: Journal): Promise<string | undefined> {
  try {
    for (const { host, outcome, reason } of news) await journal.write({ entry: 'host', host, outcome, reason });
    return undefined;
  } catch (error) {
    return `the run journal cannot be written: ${messageOf(error)}`;
  }
}

/** The result of a run that its journal shows as ended. */
export function endedRun(run: Run, record: RunRecord): RunResult {
  const { startedAt, endedAt: finishedAt = startedAt } = record;
  const { outcomes } = remainsOfRun(run, record);
  return { ...runResult(run, aboutResume(record, startedAt), outcomes, undefined), finishedAt };
}

const aboutResume = ({ run, kind, of, plan }: RunRecord, startedAt: string) =>
  ({ kind: 'resume', runKind: kind, of, plan, run, startedAt }) as const;
