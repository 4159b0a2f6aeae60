/** `kubelatch report RUN|FILE...`: writes saved results in another format, several as one; asks no node. */
import { nextCommand } from '../../lib/next-command.js';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isoTime } from '../../lib/clock.js';
import { ToolError, fileErrorOf } from '../../lib/errors.js';
import { print, safeText } from '../../lib/output.js';
import { oneLine } from '../../lib/sanitize.js';
import { exitCodeOf, worstOf } from '../../report/exit-code.js';
import { formattedReport } from '../../report/formats.js';
import { type Source, mergeResults } from '../../report/merge.js';
import type { HostsResult, Result } from '../../report/model.js';
import { pastRunOf } from '../../report/past-run.js';
import { readResult } from '../../report/read-result.js';
import { writeChecklists } from '../checklists.js';
import { type CliContext, printResult } from '../context.js';
import { headOf } from '../write-out.js';
import { pastRun } from './runs.js';

/** With --fail-on, the exit code is that of the results; otherwise 0 says that the report was written. */
export async function reportVerb(cli: CliContext, names: readonly string[]): Promise<number> {
  const { flags, text } = cli;
  const sources: Source[] = [];
  // One at a time: any of them may be stdin.
  for (const name of names) sources.push({ name, result: await readSource(cli, name) });
  const { results, conflicts } = mergeResults(sources, headOf(cli));
  for (const one of conflicts) print(process.stderr, safeText(`kubelatch: ${oneLine(one, 2000)}\n`));
  const [first, second] = results;
  if (flags.output === 'cklb' && first?.kind === 'audit' && second === undefined) await writeChecklists(cli, first);
  else await printResult(cli, formattedReport(flags.output, results, { text, time: isoTime() }));
  return flags.failOn === undefined ? 0 : worstOf(results.map((one) => (isJudged(one) ? exitCodeOf(one, flags) : 0)));
}

const isRun = (name: string): boolean => name === 'last' || /^\d{8}T\d{6}Z-[0-9a-f]+$/.test(name);

async function readSource(cli: CliContext, name: string): Promise<Result> {
  if (isRun(name)) return pastRun(cli, name);
  const place = name === '-' ? 'stdin' : oneLine(name);
  const content = await (name === '-' ? readStdin() : readFile(name, 'utf8')).catch((error: unknown) => {
    const hint = `give a run, as named by ${nextCommand('runs')}, or a file that -o json wrote`;
    throw new ToolError('usage', `${place}: ${fileErrorOf(error)}`, { hint, cause: error });
  });
  const read = readResult(content, place);
  if (read.kind === 'runs') {
    throw new ToolError('usage', `${place}: is a list of runs, which has too little of each`, {
      hint: `name the runs: ${nextCommand('report', 'RUN...')}`,
    });
  }
  return read.kind === 'run' ? pastRunOf(read) : read;
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream('', { fd: 0 })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const judged: ReadonlySet<string> = new Set(['audit', 'verify', 'plan', 'apply', 'rollback', 'resume']);
const isJudged = (result: Result): result is HostsResult =>
  judged.has(result.kind) && !(result.kind === 'resume' && result.run === undefined);
