/** Connects to the API server that the inventory or the flags name. There is no default, because that could be another cluster. */
import { createCluster, type Cluster } from '../cluster/cluster.js';
import { credentialPlugins } from '../cluster/credential-plugins.js';
import { openLocalGateway } from '../cluster/local-gateway.js';
import type { KubectlPlaces } from '../cluster/plain-reason.js';
import { openRemoteGateway } from '../cluster/remote-gateway.js';
import { distros } from '../distros/index.js';
import type { Inventory } from '../inventory/host.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { Connector } from '../ssh/connect.js';
import type { Run } from './context.js';

export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Where these two were set, such as `--kubeconfig` or `KUBELATCH_KUBECONFIG`; each undefined where it was not. */
  readonly setBy?: Partial<KubectlPlaces> | undefined;
  /** False with --no-cluster: the API server is not asked at all. */
  readonly use: boolean;
  /** The kubectl program on this machine. */
  readonly kubectl: string;
}

/** The cluster, or why it cannot be reached, in one line. */
export async function reachCluster(
  inventory: Inventory,
  choice: ClusterChoice,
  connector: Connector,
  report: Run['report'],
): Promise<Result<Cluster, string>> {
  if (!choice.use) return fail('--no-cluster was given');
  const kubeconfig = choice.kubeconfig ?? inventory.cluster.kubeconfig;
  const context = choice.context ?? inventory.cluster.context;
  const via = inventory.hosts.find((host) => host.name === inventory.cluster.via);
  const overruled = choice.kubeconfig !== undefined || choice.context !== undefined;
  if (via !== undefined && !overruled) {
    const session = await connector.fresh(via);
    if (!session.ok)
      return fail(`${via.name} (cluster.via in the inventory) cannot be reached: ${session.error.message}`);
    const gateway = await openRemoteGateway(session.value, {
      kubeconfig,
      context,
      kubeconfigs: distros.flatMap((distro) => distro.kubectl.kubeconfigs),
      programs: [...new Set(distros.flatMap((distro) => distro.kubectl.programs))],
    });
    return gateway.ok ? ok(createCluster(gateway.value)) : fail(gateway.error.message);
  }
  if (kubeconfig === undefined && context === undefined) {
    return fail(
      'the inventory does not say how to reach it: add cluster.kubeconfig or cluster.via, or use --kubeconfig',
    );
  }
  if (choice.kubeconfig === undefined && kubeconfig !== undefined)
    await tellPrograms(kubeconfig, inventory.path, report);
  const places = placesOf(inventory, choice);
  const gateway = await openLocalGateway({ kubectl: choice.kubectl, kubeconfig, context, places });
  if (!gateway.ok) return fail(gateway.error.message);
  const cluster = createCluster(gateway.value);
  const view = await cluster.view();
  if (view.ok) return ok(cluster);
  await cluster.close();
  return fail(view.error.message);
}

/** The inventory, unless this call says otherwise. With a context alone, kubectl looks for its kubeconfig itself. */
function placesOf({ path, cluster }: Inventory, { kubeconfig, context, setBy = {} }: ClusterChoice): KubectlPlaces {
  const file = path === '-' ? 'the inventory' : oneLine(path);
  const kubectls = 'the kubeconfig of kubectl (KUBECONFIG, or ~/.kube/config)';
  const here = cluster.kubeconfig === undefined ? kubectls : `cluster.kubeconfig in ${file}`;
  return {
    kubeconfig: kubeconfig === undefined ? here : (setBy.kubeconfig ?? '--kubeconfig'),
    context: context === undefined ? `cluster.context in ${file}` : (setBy.context ?? '--context'),
  };
}

/** Reports the programs that kubectl will start because of the kubeconfig in the inventory, before it starts them. */
async function tellPrograms(kubeconfig: string, inventory: string, report: Run['report']): Promise<void> {
  const programs = await credentialPlugins(kubeconfig);
  if (programs.length === 0) return;
  const reason = `kubectl runs programs that ${oneLine(kubeconfig)} (set in ${oneLine(inventory)}) names: ${programs.join(', ')}`;
  report({ event: 'waiting', reason });
}
