/** The end of apply and rollback: the result on stdout, the exit code. */
import { messageOf } from '../lib/errors.js';
import { exitCodeOf } from '../report/exit-code.js';
import type { RunResult } from '../report/model.js';
import { runText } from '../report/run-text.js';
import { exitError } from './exit-codes.js';
import type { CliContext } from './context.js';
import { sayOn } from './say.js';
import { writeOut } from './write-out.js';
import { print, safeText } from '../lib/output.js';

export async function finishRun(cli: CliContext, result: RunResult | undefined): Promise<number> {
  if (result === undefined) {
    print(process.stderr, safeText('Nothing was changed.\n'));
    return 0;
  }
  const code = exitCodeOf(result);
  const lost = await writeOut(cli, result).catch((error: unknown) => error);
  if (lost !== undefined) {
    // Nodes were changed, so report the result here and by the exit code.
    print(process.stderr, safeText(runText(result, cli.errText)));
    sayOn(process.stderr, `kubelatch: ${messageOf(lost)}`);
    if (code === 0) return exitError;
  }
  const interrupted = cli.shutdown.exitCode();
  return interrupted !== undefined && code !== 5 ? interrupted : code;
}
