/** Writes a verb's result in the format of -o, to stdout or --output-file. */
import { isoTime } from '../lib/clock.js';
import { formattedPieces } from '../report/formats.js';
import type { Result } from '../report/model.js';
import { writeChecklists } from './checklists.js';
import { type CliContext, printResult } from './context.js';

/** Throws ToolError if it cannot be written. */
export const writeOut = (cli: CliContext, result: Result): Promise<void> =>
  cli.flags.output === 'cklb' && result.kind === 'audit'
    ? writeChecklists(cli, result)
    : printResult(cli, formattedPieces(cli.flags.output, result, { text: cli.text, time: isoTime() }));

/** The first keys of every result. */
export const headOf = ({ version }: Pick<CliContext, 'version'>) =>
  ({ schemaVersion: 1, tool: 'kubelatch', version }) as const;
