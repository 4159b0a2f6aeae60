/** `kubelatch apply [PLAN]`: the plan, confirmed, then rolled out. */
import { ToolError } from '../../lib/errors.js';
import { apply } from '../../pipeline.js';
import { readSavedPlan } from '../../plan/saved-plan.js';
import { planText } from '../../report/plan-text.js';
import { askToChange, refuseUnasked } from '../consent.js';
import { finishRun } from '../finish-run.js';
import { type World, loadHosts, loadPlaybooks, readText, withRun } from '../world.js';

export async function applyVerb(world: World, planPath: string | undefined): Promise<number> {
  refuseUnasked(world, planPath !== undefined);
  const saved = planPath === undefined ? undefined : readSavedPlan(planPath, await readText(planPath, 'the plan'));
  const loaded = { ...(await loadHosts(world)), playbooks: saved === undefined ? await loadPlaybooks(world) : [] };
  if (saved !== undefined && saved.cluster !== loaded.inventory.cluster.name) {
    throw new ToolError(
      'plan',
      `the plan is for cluster ${saved.cluster}, the inventory for ${loaded.inventory.cluster.name}`,
    );
  }
  const missing = saved?.hosts.find((one) => !loaded.inventory.hosts.some((host) => host.name === one.host));
  if (missing !== undefined)
    throw new ToolError('plan', `the plan names ${missing.host}, which is not in the inventory`, {
      hint: 'plan again',
    });
  world.progress.phase('Reading', loaded.hosts.length);
  const result = await withRun(world, loaded, (run) =>
    apply(run, world.flags, saved, async (planned, withoutCluster, hosts) => {
      const agreed = await askToChange(world, loaded, {
        text: planned === undefined ? undefined : planText(planned, world.errText),
        question: `Change ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'} now?`,
        hosts,
        withoutCluster,
        agreed: world.flags.yes || saved !== undefined,
      });
      if (agreed) world.stops.changing({ within: world.flags.deadline });
      return agreed;
    }),
  );
  return finishRun(world, result);
}
