/** `kubelatch inventory [check]`: the resolved hosts; whether each can be reached and sudo works. */
import { table } from '../../report/table.js';
import { checkHosts } from '../../stages/check-hosts.js';
import { type World, loadHosts, printResult, withRun } from '../world.js';

export async function inventoryVerb(world: World): Promise<number> {
  const { inventory, hosts } = await loadHosts(world);
  if (world.flags.output === 'json' || world.flags.output === 'ndjson') {
    await printResult(world, `${JSON.stringify({ schemaVersion: 1, cluster: inventory.cluster, hosts }, null, 2)}\n`);
    return 0;
  }
  const columns = [
    { header: 'NAME' },
    { header: 'ADDRESS' },
    { header: 'ROLE' },
    { header: 'GROUP' },
    { header: 'USER' },
    { header: 'JUMP' },
  ];
  const rows = hosts.map((host) => ({
    cells: [host.name, host.address, host.role, host.group, host.ssh.user ?? '-', host.ssh.jump.join(',') || '-'],
  }));
  await printResult(world, `${table(columns, rows, world.text.width).join('\n')}\n`);
  return 0;
}

/** Exit 3 when a host cannot be used. */
export async function checkVerb(world: World): Promise<number> {
  const loaded = { ...(await loadHosts(world)), playbooks: [] };
  world.progress.phase('Connecting', loaded.hosts.length);
  const results = await withRun(world, loaded, (run) => checkHosts(loaded.hosts, run));
  const bad = results.filter((one) => one.error !== undefined);
  const lines = results.map(({ host, error }) =>
    error === undefined ? `+ ${host}: reached, and root` : `! ${host}: ${error.message}\n  ${error.hint}`,
  );
  await printResult(world, `${lines.join('\n')}\n`);
  return bad.length === 0 ? 0 : 3;
}
