/** `kubelatch uninstall`: removes every trace from the nodes; what they kept for a rollback goes too. */
import { uninstall } from '../../pipeline.js';
import { count } from '../../report/layout.js';
import { uninstallCode, uninstallJson, uninstallText } from '../../report/uninstall-text.js';
import { askToChange, refuseUnasked } from '../consent.js';
import { type World, loadHosts, printResult, withRun } from '../world.js';

export async function uninstallVerb(world: World): Promise<number> {
  refuseUnasked(world, false);
  const loaded = { ...(await loadHosts(world)), playbooks: [] };
  const { flags, version, stops, progress } = world;
  progress.phase('Asking the nodes what they keep', loaded.hosts.length);
  const done = await withRun(world, loaded, (run) =>
    uninstall(run, async (ready, withoutCluster) => {
      const hosts = ready.map(({ host }) => host.name);
      const backups = ready.reduce((sum, { runs }) => sum + runs, 0);
      const agreed = await askToChange(world, loaded, {
        text: `${backups === 0 ? 'No backup is' : `${count(backups, 'backup')} ${backups === 1 ? 'is' : 'are'}`} kept there. Afterwards no run can be rolled back on these hosts; what runs have changed stays changed.`,
        question: `Remove every trace of kubelatch from ${count(hosts.length, 'host')} now?`,
        hosts,
        withoutCluster,
        lockOnly: true,
        agreed: flags.yes,
      });
      if (!agreed) return false;
      stops.changing();
      progress.phase('Removing', hosts.length);
      return true;
    }),
  );
  if (done === undefined) {
    process.stderr.write('Nothing was changed.\n');
    return 0;
  }
  const order = loaded.hosts.map(({ name }) => name);
  const results = done.toSorted((left, right) => order.indexOf(left.name) - order.indexOf(right.name));
  const about = { version, cluster: loaded.inventory.cluster.name };
  const isJson = flags.output === 'json' || flags.output === 'ndjson';
  await printResult(
    world,
    isJson ? uninstallJson(about, results, flags.output === 'ndjson') : uninstallText(results, world.text),
  );
  return stops.exitCode() ?? uninstallCode(results);
}
