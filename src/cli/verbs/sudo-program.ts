/** `kubelatch node-helper`: prints the helper program for nodes on which sudo must not allow a shell. */
import { ToolError } from '../../lib/errors.js';
import { ownProgram } from '../../lib/output.js';
import { nodeHelperText } from '../../pipeline/sudo-program.js';
import { type CliContext, printResult } from '../context.js';

export async function nodeHelperVerb(cli: CliContext): Promise<number> {
  const { user = 'deploy' } = cli.flags;
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) {
    throw new ToolError('usage', `--user ${JSON.stringify(user)} is not a valid user name`, {
      hint: 'use the login user of the nodes, as in the inventory',
    });
  }
  await printResult(cli, ownProgram(nodeHelperText(user)));
  return 0;
}
