/** `kubelatch rollback [RUN]`: puts back what a run changed, by what the nodes keep. */
import { ToolError } from '../../lib/errors.js';
import { rollback } from '../../pipeline.js';
import { askToChange, refuseUnasked } from '../consent.js';
import { finishRun } from '../finish-run.js';
import { takenBack } from '../stops.js';
import { type World, loadHosts, withRun } from '../world.js';

export async function rollbackVerb(world: World, run: string | undefined): Promise<number> {
  refuseUnasked(world, false);
  if (run !== undefined && !/^[A-Za-z0-9-]{1,64}$/.test(run)) {
    throw new ToolError('usage', `${JSON.stringify(run)} is no run`, { hint: 'kubelatch runs list shows them' });
  }
  const loaded = { ...(await loadHosts(world)), playbooks: [] };
  world.progress.phase('Asking the nodes what they keep', loaded.hosts.length);
  const result = await withRun(world, loaded, (context) =>
    rollback(context, run, world.flags, async (_plan, withoutCluster, hosts) => {
      const question = `Put back ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'} now?`;
      const agreed = await askToChange(world, loaded, {
        text: undefined,
        question,
        hosts,
        withoutCluster,
        agreed: world.flags.yes,
      });
      if (agreed) world.stops.changing({ within: takenBack });
      return agreed;
    }),
  );
  return finishRun(world, result);
}
