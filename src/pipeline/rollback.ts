/** rollback: restores the files from before a run, by what the nodes themselves keep. */
import { isoTime } from '../lib/clock.js';
import { ToolError } from '../lib/errors.js';
import type { RunResult } from '../report/model.js';
import { builtUpon, undoneRun } from './backups.js';
import type { Approve, RolloutFlags, Run } from './context.js';
import { contextFor, rollbackTask } from './host-tasks.js';
import { rollOutWaves } from './roll-out.js';
import type { RunRecord } from '../run/record.js';
import { beginOrGoOn, earlierOutcomes, goOnCommand, kindOf } from './go-on.js';
import { fetchTransactions, hostsWithRun, newestRunOnNodes } from './node-transactions.js';
import { refuseWithoutRights } from './own-rights.js';
import { withCluster } from './with-cluster.js';
import { hookNotes, runResult } from './results.js';
import { nextCommand } from '../lib/next-command.js';

/** Rolls back a run by the backups on the nodes, so that it works from any machine. `undefined`: the person said no. */
export async function rollback(
  run: Run,
  wanted: string | undefined,
  flags: RolloutFlags,
  approve: Approve,
  /** Goes on with this rollback, whose hosts that are left are those of `run`. */
  paused?: RunRecord,
): Promise<RunResult | undefined> {
  const startedAt = isoTime();
  return withCluster(run, async (cluster, missing) => {
    const kept = await fetchTransactions(run);
    const id = wanted ?? newestRunOnNodes(kept);
    if (id === undefined) {
      throw new ToolError('usage', 'no backups were found on the nodes that answered', {
        hint: `to list the backups: ${nextCommand('runs backups')}`,
      });
    }
    const { found, unusable } = hostsWithRun(kept, id);
    if (found.length === 0 && unusable.length === 0) {
      const hint = `to list the backups: ${nextCommand('runs backups')}; an uninstall removes them`;
      throw new ToolError('usage', `no node has a backup of run ${id}`, { hint });
    }
    const blocked = builtUpon(kept, id);
    const free = found.filter(({ host }) => !blocked.some((one) => one.host === host.name));
    const names = free.map(({ host }) => host.name);
    await refuseWithoutRights(
      cluster,
      free.map(({ plan }) => plan),
      flags,
    );
    if (names.length > 0 && !(await approve(undefined, missing, names, undoneRun(kept, id, free)))) return undefined;
    const about = { kind: 'rollback', of: id, hosts: names } as const;
    const kind = kindOf(about.kind, paused);
    return beginOrGoOn(run, cluster, about, paused, async (journal, lease) => {
      const context = contextFor(run, cluster, journal, flags);
      const tasks = free.map((one) => rollbackTask(one, id, run, context));
      const rolled = await rollOutWaves(tasks, run, { cluster, journal, flags, lease, verb: kind.kind });
      const outcomes = [...rolled.outcomes, ...blocked, ...unusable, ...earlierOutcomes(paused, run)];
      const result = runResult(
        run,
        { ...kind, of: id, run: journal.run, startedAt, notes: hookNotes(rolled.hooks) },
        outcomes,
        rolled.stopped,
      );
      const { durationMs, hooks } = rolled;
      const next = goOnCommand(run, rolled, 'resume', journal.run);
      return { ...result, durationMs, hooks: run.hooks && hooks, next };
    });
  });
}
