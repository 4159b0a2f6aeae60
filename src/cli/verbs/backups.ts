/** `kubelatch runs backups`: what the nodes keep of past runs, and so what a rollback can take back. */
import { backupsJson, backupsText } from '../../report/backups-text.js';
import { backupsOf } from '../../stages/backups.js';
import { askKept } from '../../stages/kept.js';
import { type World, loadHosts, printResult, withRun } from '../world.js';

/** Exit 3 where a host could not be asked. */
export async function backupsVerb(world: World): Promise<number> {
  const loaded = { ...(await loadHosts(world)), playbooks: [] };
  const { flags, version } = world;
  world.progress.phase('Asking the nodes what they keep', loaded.hosts.length);
  const hosts = backupsOf(await withRun(world, loaded, askKept));
  const about = { version, cluster: loaded.inventory.cluster.name };
  const isJson = flags.output === 'json' || flags.output === 'ndjson';
  await printResult(
    world,
    isJson ? backupsJson(about, hosts, flags.output === 'ndjson') : backupsText(hosts, world.text),
  );
  return hosts.some(({ error }) => error !== undefined) ? 3 : 0;
}
