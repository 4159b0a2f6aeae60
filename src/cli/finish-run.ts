/** The end of apply and rollback: the result on stdout, the exit code. */
import { isoTime } from '../lib/clock.js';
import { exitCodeOf } from '../report/exit-code.js';
import { jsonText } from '../report/json.js';
import type { RunResult } from '../report/model.js';
import { resultLines } from '../report/ndjson.js';
import { runText } from '../report/run-text.js';
import { type World, printResult } from './world.js';

export async function finishRun(world: World, result: RunResult | undefined): Promise<number> {
  if (result === undefined) {
    process.stderr.write('Nothing was changed.\n');
    return 0;
  }
  const { flags } = world;
  const text =
    flags.output === 'json'
      ? jsonText(result)
      : flags.output === 'ndjson'
        ? resultLines(result, { time: isoTime(), run: result.run })
        : runText(result, world.text);
  await printResult(world, text);
  const code = exitCodeOf(result);
  const interrupted = world.stops.exitCode();
  return interrupted !== undefined && code !== 5 ? interrupted : code;
}
