/** `kubelatch completion SHELL`: prints the script that completes command lines in that shell. */
import { ToolError } from '../../lib/errors.js';
import { ownProgram } from '../../lib/output.js';
import { type CliContext, printResult } from '../context.js';
import { completionScripts, shells } from '../completion-scripts.js';

export async function completionVerb(cli: CliContext, name: string): Promise<number> {
  const shell = shells.find((one) => one === name);
  if (shell === undefined)
    throw new ToolError('usage', `there is no completion for ${JSON.stringify(name)}`, {
      hint: `shells: ${shells.join(', ')}`,
    });
  await printResult(cli, ownProgram(completionScripts[shell]));
  return 0;
}
