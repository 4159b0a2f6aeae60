/** `kubelatch runs backups`: lists the backups on the nodes, and so what can be rolled back. */
import { backupsOf } from '../../pipeline/backups.js';
import { fetchTransactions } from '../../pipeline/node-transactions.js';
import { type CliContext, loadHosts, withRun } from '../context.js';
import { headOf, writeOut } from '../write-out.js';

/** Exit 3 if a host could not be read. */
export async function backupsVerb(cli: CliContext): Promise<number> {
  const loaded = { ...(await loadHosts(cli)), playbooks: [] };
  cli.progress.phase('Reading backups', loaded.hosts.length);
  const hosts = backupsOf(await withRun(cli, loaded, fetchTransactions));
  await writeOut(cli, { ...headOf(cli), kind: 'backups', cluster: loaded.inventory.cluster.name, hosts });
  return hosts.some(({ error }) => error !== undefined) ? 3 : 0;
}
