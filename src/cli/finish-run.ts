/** The end of apply and rollback: the result on stdout, the exit code. */
import { isoTime } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { exitCodeOf } from '../report/exit-code.js';
import { jsonText } from '../report/json.js';
import type { RunResult } from '../report/model.js';
import { resultLines } from '../report/ndjson.js';
import { runText } from '../report/run-text.js';
import { exitError } from './exit-codes.js';
import { type World, printResult } from './world.js';

export async function finishRun(world: World, result: RunResult | undefined): Promise<number> {
  if (result === undefined) {
    process.stderr.write('Nothing was changed.\n');
    return 0;
  }
  const code = exitCodeOf(result);
  const lost = await printResult(world, runData(world, result) ?? runText(result, world.text)).catch(
    (error: unknown) => error,
  );
  if (lost !== undefined) {
    // Nodes were changed all the same: how it went is told here, and by the code.
    process.stderr.write(runText(result, world.errText));
    process.stderr.write(`kubelatch: ${messageOf(lost)}\n`);
    if (code === 0) return exitError;
  }
  const interrupted = world.stops.exitCode();
  return interrupted !== undefined && code !== 5 ? interrupted : code;
}

/** The result for scripts; undefined where none was asked for. */
export function runData({ flags }: World, result: RunResult): string | undefined {
  if (flags.output === 'json') return jsonText(result);
  return flags.output === 'ndjson' ? resultLines(result, { time: isoTime(), run: result.run }) : undefined;
}
