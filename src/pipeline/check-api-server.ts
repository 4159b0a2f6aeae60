/** Whether the API server answers. Changes nothing. */
import type { CheckedApiServer } from '../report/check-model.js';
import type { Run } from './context.js';
import { withCluster } from './with-cluster.js';

/** Undefined where nothing says how to reach it: then it is not missing. */
export async function checkApiServer(run: Run): Promise<CheckedApiServer | undefined> {
  const { clusterChoice: choice, inventory } = run;
  const { kubeconfig, context, via } = inventory.cluster;
  const isNamed = [choice.kubeconfig, choice.context, kubeconfig, context, via].some((one) => one !== undefined);
  if (!choice.use || !isNamed) return undefined;
  return withCluster(run, async (cluster, missing) => {
    if (cluster === undefined) return { reached: false, reason: missing };
    const view = await cluster.view();
    return view.ok ? { reached: true } : { reached: false, reason: view.error.message };
  });
}
