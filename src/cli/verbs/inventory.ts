/** `kubelatch inventory [check]`: prints the resolved hosts; tests SSH and sudo on each. */
import { checkApiServer } from '../../pipeline/check-api-server.js';
import { checkHosts } from '../../pipeline/check-hosts.js';
import type { InventoryCheckResult } from '../../report/check-model.js';
import { type CliContext, loadHosts, withRun } from '../context.js';
import { headOf, writeOut } from '../write-out.js';

export async function inventoryVerb(cli: CliContext): Promise<number> {
  const { inventory, hosts, shard } = await loadHosts(cli);
  const { name: cluster, ...apiServer } = inventory.cluster;
  const listed = hosts.map(({ name, ...host }) => ({ host: name, ...host }));
  await writeOut(cli, { ...headOf(cli), kind: 'inventory', cluster, apiServer, shard, hosts: listed });
  return 0;
}

/** Exit 3 if SSH or sudo fails on a host, or if the API server does not answer. */
export async function checkVerb(cli: CliContext): Promise<number> {
  const { result, isReady } = await checkInventory(cli);
  await writeOut(cli, result);
  return isReady ? 0 : 3;
}

/** Tests all selected hosts, and the API server if one is named. */
export async function checkInventory(
  cli: CliContext,
): Promise<{ readonly result: InventoryCheckResult; readonly isReady: boolean }> {
  const loaded = { ...(await loadHosts(cli)), playbooks: [] };
  cli.progress.phase('Connecting', loaded.hosts.length, { doing: 'connecting', done: 'connected' });
  const { checked, apiServer } = await withRun(cli, loaded, async (run) => ({
    checked: await checkHosts(loaded.hosts, run),
    apiServer: await checkApiServer(run),
  }));
  const hosts = checked.map(({ host, login }) => ({ host, login: login.ok ? login.value : login.error }));
  const { name: cluster } = loaded.inventory.cluster;
  return {
    result: { ...headOf(cli), kind: 'inventory-check', cluster, shard: loaded.shard, hosts, apiServer },
    isReady: checked.every(({ login }) => login.ok) && apiServer?.reached !== false,
  };
}
