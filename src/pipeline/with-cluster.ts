/** The API server for as long as a verb is at work. */
import type { Cluster } from '../cluster/cluster.js';
import { closing } from '../lib/closing.js';
import type { Run } from './context.js';
import { reachCluster } from './open-cluster.js';

/** Runs `work` with the API server's gateway, or with the reason why there is none, and closes it whatever happens. */
export async function withCluster<T>(
  run: Run,
  work: (cluster: Cluster | undefined, missing: string | undefined) => Promise<T>,
): Promise<T> {
  const reached = await reachCluster(run.inventory, run.clusterChoice, run.connector, run.report);
  if (!reached.ok) return work(undefined, reached.error);
  return closing(reached.value, (cluster) => work(cluster, undefined));
}
