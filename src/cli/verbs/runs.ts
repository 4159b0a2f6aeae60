/** `kubelatch runs [list|show RUN]`: past runs, from the journals on this machine. */
import { type PastRun, readRuns, refuseUnreadable } from '../../run/journal.js';
import { type RunRecord, isUnfinished } from '../../run/record.js';
import { replayJournal } from '../../run/replay.js';
import { ToolError } from '../../lib/errors.js';
import { runsFolder } from '../../lib/paths.js';
import { stillRunning } from '../../lib/process-mark.js';
import { oneLine } from '../../lib/sanitize.js';
import type { PastRunResult, RunSummary } from '../../report/model.js';
import type { CliContext } from '../context.js';
import { headOf, writeOut } from '../write-out.js';
import { print, safeText } from '../../lib/output.js';
import { nextCommand } from '../../lib/next-command.js';

export async function runsVerb(cli: CliContext): Promise<number> {
  const past = await readRuns(runsFolder(cli.env));
  const records = recordsOf(past);
  const runs = records.map((one) => summaryOf(one, records));
  if (past.length === 0) print(process.stderr, safeText('No runs yet.\n'));
  await writeOut(cli, { ...headOf(cli), kind: 'runs', runs });
  // An incomplete list must not pass for a complete one.
  refuseUnreadable(past);
  return 0;
}

export async function showRunVerb(cli: CliContext, wanted: string): Promise<number> {
  await writeOut(cli, await pastRun(cli, wanted));
  return 0;
}

/** A run of this machine by its name. Throws ToolError if there is none, or if its journal cannot be read. */
export async function pastRun(cli: CliContext, wanted: string): Promise<PastRunResult> {
  const past = await readRuns(runsFolder(cli.env));
  const run = runNamed(past, wanted);
  refuseUnreadable([run]);
  return { ...headOf(cli), kind: 'run', run: summaryOf(replayJournal(run), recordsOf(past)) };
}

/** By its id, by the beginning of it, or as `last`: the newest. Throws ToolError `usage` where none or several are meant. */
function runNamed(past: readonly PastRun[], wanted: string): PastRun {
  const found =
    wanted === 'last' ? past.slice(0, 1) : past.filter(({ run }) => wanted !== '' && run.startsWith(wanted));
  const [first] = found;
  const exact = found.find(({ run }) => run === wanted) ?? (found.length === 1 ? first : undefined);
  if (exact !== undefined) return exact;
  const hint = `to list the runs: ${nextCommand('runs')}`;
  const name = oneLine(wanted);
  if (first === undefined && past.length === 0)
    throw new ToolError('usage', `no run ${name} on this machine: it has no runs`, {
      hint: `runs are kept where they were started; to ask the nodes: ${nextCommand('runs backups')}`,
    });
  if (first === undefined) throw new ToolError('usage', `no run ${name} on this machine`, { hint });
  const some = found.slice(0, 5).map(({ run }) => run);
  const more = found.length > some.length ? ` and ${found.length - some.length} more` : '';
  throw new ToolError('usage', `${found.length} runs begin with ${name}: ${some.join(', ')}${more}`, { hint });
}

/** Of the journals that can be read. */
const recordsOf = (past: readonly PastRun[]): RunRecord[] =>
  past.filter((one) => one.unreadable === undefined).map(replayJournal);

function summaryOf(record: RunRecord, all: readonly RunRecord[]): RunSummary {
  const rolledBack = all.flatMap(({ run, kind, of, hosts }) => {
    const restored = hosts.filter(({ outcome }) => outcome === 'confirmed').map(({ host }) => host);
    return kind === 'rollback' && of === record.run && restored.length > 0 ? [{ run, hosts: restored }] : [];
  });
  const { endedAt, controller } = record;
  if (endedAt === undefined && controller !== undefined && stillRunning(controller) === 'yes')
    return { record, state: 'going on', rolledBack };
  return { record, state: isUnfinished(record) ? 'left' : 'ended', rolledBack };
}
