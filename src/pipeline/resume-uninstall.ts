/** Ends the record of an uninstall whose controller died: there is nothing to revert, and no node is asked. */
import { type Journal, reopenJournal } from '../run/journal.js';
import { type RunRecord, isBegun } from '../run/record.js';
import { closing } from '../lib/closing.js';
import { isoTime } from '../lib/clock.js';
import { ownMark } from '../lib/process-mark.js';
import type { RunResult } from '../report/model.js';
import { operator } from '../run/open.js';
import { hostOutcome } from '../run/outcome.js';
import { runResult } from './results.js';
import { refuseOther } from './remains.js';
import type { Run } from './context.js';
import { nextCommand } from '../lib/next-command.js';

const again = (): string => `run ${nextCommand('uninstall')} again`;

/** The outcomes of its hosts by its journal, which gets its end if it had none. Throws ToolError if the run was on another cluster. */
export async function endUninstall(run: Run, record: RunRecord): Promise<RunResult> {
  refuseOther(record, run);
  const startedAt = isoTime();
  const outcomes = record.hosts.map((one) => {
    if (one.outcome !== undefined) return hostOutcome(one.host, one.outcome, one.reason);
    return isBegun(one)
      ? hostOutcome(
          one.host,
          'unknown',
          'the run was interrupted before the node reported that everything is removed',
          again(),
        )
      : hostOutcome(one.host, 'skipped', 'not started: the run ended first', again());
  });
  if (record.endedAt === undefined) {
    await closing(await reopenJournal(run.runsFolder, record.run), (journal) => close(journal, record, outcomes));
  }
  return runResult(run, { kind: 'resume', runKind: record.kind, run: record.run, startedAt }, outcomes, undefined);
}

async function close(
  journal: Journal,
  { hosts }: RunRecord,
  outcomes: readonly ReturnType<typeof hostOutcome>[],
): Promise<void> {
  await journal.write({ entry: 'resumed', operator: operator(), controller: ownMark() });
  const open = new Set(hosts.filter((one) => one.outcome === undefined).map(({ host }) => host));
  for (const { host, outcome, reason } of outcomes)
    if (open.has(host)) await journal.write({ entry: 'host', host, outcome, reason });
  await journal.write({ entry: 'end' });
}
