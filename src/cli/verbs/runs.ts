/** `kubelatch runs [list|show RUN]`: past runs, from the journal of this machine. */
import { type PastRun, readRuns } from '../../apply/journal.js';
import { ToolError } from '../../lib/errors.js';
import { runsFolder } from '../../lib/paths.js';
import { oneLine } from '../../lib/sanitize.js';
import { table } from '../../report/table.js';
import { type World, printResult } from '../world.js';

export async function runsVerb(world: World): Promise<number> {
  const runs = await readRuns(runsFolder(world.env));
  const columns = [
    { header: 'RUN' },
    { header: 'KIND' },
    { header: 'CLUSTER' },
    { header: 'HOSTS' },
    { header: 'OUTCOMES' },
  ];
  const rows = runs.map((run) => ({ cells: summaryOf(run) }));
  if (rows.length === 0) process.stderr.write('No run yet.\n');
  else await printResult(world, `${table(columns, rows, world.text.width).join('\n')}\n`);
  return 0;
}

function summaryOf({ run, entries }: PastRun): string[] {
  const start = entries.find((one) => one.entry === 'run');
  const counts = new Map<string, number>();
  for (const one of entries) if (one.entry === 'host') counts.set(one.outcome, (counts.get(one.outcome) ?? 0) + 1);
  const outcomes = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const ended = entries.some((one) => one.entry === 'end');
  const kind = start === undefined ? '?' : start.of === undefined ? start.kind : `${start.kind} of ${start.of}`;
  return [
    run,
    kind,
    start?.cluster ?? '?',
    String(start?.hosts.length ?? 0),
    ended ? outcomes : `${outcomes} (did not end)`.trim(),
  ];
}

export async function showRunVerb(world: World, wanted: string): Promise<number> {
  const run = (await readRuns(runsFolder(world.env))).find((one) => one.run === wanted);
  if (run === undefined)
    throw new ToolError('usage', `no run ${oneLine(wanted)} on this machine`, { hint: 'kubelatch runs list' });
  const lines = run.entries.map((one) => {
    const time = one.time.slice(0, 19).replace('T', ' ');
    switch (one.entry) {
      case 'run':
        return `${time}  ${one.kind} on ${one.cluster} by ${one.operator}: ${one.hosts.join(', ')}`;
      case 'step':
        return `${time}  ${one.host}: ${one.step}`;
      case 'host':
        return `${time}  ${one.host}: ${one.outcome}${one.reason === undefined ? '' : `: ${one.reason}`}`;
      case 'stopped':
        return `${time}  stopped: ${one.reason}`;
      case 'end':
        return `${time}  ended`;
    }
  });
  await printResult(world, `${lines.join('\n')}\n`);
  return 0;
}
