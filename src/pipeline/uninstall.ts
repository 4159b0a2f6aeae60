/** uninstall: removes every trace of kubelatch from nodes without an unfinished change. */
import { isoTime } from '../lib/clock.js';
import type { RunInfo, UninstallResult, Uninstalled } from '../report/model.js';
import { beginRun } from '../run/open.js';
import type { Run } from './context.js';
import { uninstallTask } from './host-tasks.js';
import { fetchTransactions } from './node-transactions.js';
import { baseOf } from './results.js';
import { rollOutUninstall } from './roll-out.js';
import { type ReadyHost, sortForUninstall, uninstalledHosts } from './uninstall-hosts.js';
import { withCluster } from './with-cluster.js';

/** Removes every trace of this tool from nodes without an unfinished change. `undefined`: the person said no. */
export async function uninstall(
  run: Run,
  approve: (ready: readonly ReadyHost[], withoutCluster: string | undefined) => Promise<boolean>,
): Promise<UninstallResult | undefined> {
  const startedAt = isoTime();
  const resultOf = (info: RunInfo | undefined, hosts: readonly Uninstalled[]): UninstallResult => {
    const { schemaVersion, tool, version, cluster, finishedAt } = baseOf(run, startedAt);
    const order = run.hosts.map(({ name }) => name);
    const sorted = hosts.toSorted((left, right) => order.indexOf(left.host) - order.indexOf(right.host));
    return {
      schemaVersion,
      tool,
      version,
      cluster,
      startedAt,
      finishedAt,
      kind: 'uninstall',
      run: info,
      hosts: sorted,
    };
  };
  return withCluster(run, async (cluster, missing) => {
    const { ready, held } = sortForUninstall(await fetchTransactions(run));
    if (ready.length === 0) return resultOf(undefined, held);
    if (!(await approve(ready, missing))) return undefined;
    const hosts = ready.map(({ host }) => host.name);
    return beginRun(run, cluster, { kind: 'uninstall', hosts }, async (journal, lease) => {
      const tasks = ready.map(({ host }) => uninstallTask(host, run, { journal, report: run.report }));
      const { outcomes, hooks } = await rollOutUninstall(tasks, run, journal, lease);
      const all = [...held, ...uninstalledHosts(ready, outcomes)];
      return { ...resultOf({ id: journal.run, kind: 'uninstall' }, all), hooks: run.hooks && hooks };
    });
  });
}
