/** Ends the record of an uninstall whose controller died: there is nothing to put back, and no node is asked. */
import { type Journal, reopenJournal } from '../apply/journal.js';
import { type RunStory, isBegun } from '../apply/run-story.js';
import { isoTime } from '../lib/clock.js';
import { ownMark } from '../lib/process-mark.js';
import type { RunResult } from '../report/model.js';
import { operator } from './change.js';
import { hostOutcome, runResult } from './results.js';
import { refuseOther } from './resume.js';
import type { Run } from './run.js';

const again = 'kubelatch uninstall, once more';

/** How its hosts came out as far as its journal tells; the journal is closed where it was not. Throws ToolError where it is of another cluster. */
export async function endUninstall(run: Run, story: RunStory): Promise<RunResult> {
  refuseOther(story, run);
  const startedAt = isoTime();
  const outcomes = story.hosts.map((one) => {
    if (one.outcome !== undefined) return hostOutcome(one.host, one.outcome, one.reason);
    return isBegun(one)
      ? hostOutcome(one.host, 'unknown', 'the run was lost before the node said that every trace is gone', again)
      : hostOutcome(one.host, 'skipped', 'the run ended before its turn', again);
  });
  if (story.endedAt === undefined) {
    const journal = await reopenJournal(run.runsFolder, story.run);
    await close(journal, story, outcomes).finally(() => journal.close());
  }
  return runResult(run, { kind: 'resume', run: story.run, startedAt }, outcomes, undefined);
}

async function close(
  journal: Journal,
  { hosts }: RunStory,
  outcomes: readonly ReturnType<typeof hostOutcome>[],
): Promise<void> {
  await journal.write({ entry: 'resumed', operator: operator(), controller: ownMark() });
  const open = new Set(hosts.filter((one) => one.outcome === undefined).map(({ host }) => host));
  for (const { host, outcome, reason } of outcomes)
    if (open.has(host)) await journal.write({ entry: 'host', host, outcome, reason });
  await journal.write({ entry: 'end' });
}
