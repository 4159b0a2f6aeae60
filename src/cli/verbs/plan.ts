/** `kubelatch plan`: shows the exact edits; changes nothing. */
import { ToolError } from '../../lib/errors.js';
import { plan } from '../../pipeline/plan.js';
import { applyPlanCommand, nextCommand } from '../../lib/next-command.js';
import { savedPlanOf } from '../../pipeline/judge.js';
import { exitCodeOf } from '../../report/exit-code.js';
import { savePlan } from '../plan-file.js';
import { type CliContext, loadHosts, loadPlaybooks, withPace, withRun } from '../context.js';
import { writeOut } from '../write-out.js';

export async function planVerb(cli: CliContext): Promise<number> {
  const loaded = { ...(await loadHosts(cli)), playbooks: await loadPlaybooks(cli) };
  const { flags } = cli;
  if (flags.sign !== undefined && flags.out === undefined)
    throw new ToolError('usage', '--sign needs a saved plan', { hint: 'add --out FILE' });
  cli.progress.phase('Reading', loaded.hosts.length);
  const planned = await withRun(cli, loaded, (run) => plan(run, flags));
  const saved = flags.out === undefined ? undefined : await savePlan(cli, flags.out, savedPlanOf(planned));
  const result = { ...planned, saved };
  const next = flags.out === undefined ? nextCommand('apply') : applyPlanCommand(flags.out);
  const text = { ...withPace(cli.text, cli, loaded.inventory.hosts), next };
  await writeOut({ ...cli, text }, result);
  return exitCodeOf(result, flags);
}
