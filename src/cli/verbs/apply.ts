/** `kubelatch apply [PLAN]`: shows the plan, asks for confirmation, then rolls it out. */
import { ToolError } from '../../lib/errors.js';
import { apply } from '../../pipeline/apply.js';
import { dangersOf } from '../../pipeline/dangers.js';
import { firstChangeTime } from '../../pipeline/host-tasks.js';
import { changingPlans } from '../../pipeline/judge.js';
import { planText } from '../../report/plan-text.js';
import { askToChange, requireConfirmation } from '../consent.js';
import { finishRun } from '../finish-run.js';
import { checkProofFlags, readPlanFile } from '../plan-file.js';
import { type CliContext, loadHosts, loadPlaybooks, withPace, withRun } from '../context.js';

export async function applyVerb(cli: CliContext, planPath: string | undefined): Promise<number> {
  requireConfirmation(cli, planPath !== undefined);
  checkProofFlags(cli.flags, planPath);
  const given = planPath === undefined ? undefined : await readPlanFile(cli, planPath);
  const saved = given?.plan;
  const loaded = { ...(await loadHosts(cli)), playbooks: saved === undefined ? await loadPlaybooks(cli) : [] };
  if (saved !== undefined && saved.cluster !== loaded.inventory.cluster.name) {
    throw new ToolError(
      'plan',
      `the plan is for cluster ${saved.cluster}, but the inventory is for ${loaded.inventory.cluster.name}`,
    );
  }
  const missing = saved?.hosts.find((one) => !loaded.inventory.hosts.some((host) => host.name === one.host));
  if (missing !== undefined)
    throw new ToolError('plan', `the plan names ${missing.host}, which is not in the inventory`, {
      hint: 'make a new plan, or use the inventory that the plan was made with',
    });
  cli.progress.phase('Reading', loaded.hosts.length);
  const result = await withRun(cli, loaded, (run) =>
    apply(run, cli.flags, given, async (planned, withoutCluster, hosts) => {
      const agreed = await askToChange(cli, loaded, {
        text: planned === undefined ? undefined : planText(planned, withPace(cli.errText, cli, loaded.inventory.hosts)),
        question: `Change ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'} now?`,
        hosts,
        dangers: planned && dangersOf(planned, planned.waves, withoutCluster),
        withoutCluster,
        needs: firstChangeTime(changingPlans(planned?.hosts ?? []), cli.flags),
        agreed: cli.flags.yes || saved !== undefined,
      });
      if (agreed) cli.shutdown.changesStarted({ revertWithin: cli.flags.deadline });
      return agreed;
    }),
  );
  return finishRun(cli, result);
}
