/** netpol: reads the cluster's network, writes the policy that is right for it, applies it, or removes what it applied. */
import type { Cluster } from '../cluster/cluster.js';
import { matchNode } from '../cluster/match-node.js';
import type { ClusterView } from '../cluster/nodes.js';
import { cniFolders, podSubnets, subnetConfigMap } from '../distros/cluster-network.js';
import type { Host } from '../inventory/host.js';
import { ToolError } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import { parseNodeNetwork } from '../netpol/addresses.js';
import { type Chosen, choosePolicy } from '../netpol/choose.js';
import type { ClusterNetwork, NetpolRequest } from '../netpol/model.js';
import { type ReadHost, clusterNetwork, networkFindings } from '../netpol/network.js';
import { readCluster } from '../netpol/read-cluster.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import { script } from '../node/scripts.js';
import { hostLimit } from './host-limit.js';
import { claimantOf } from './node-claim.js';
import type { Run } from './context.js';
import { withCluster } from './with-cluster.js';

export interface NetpolPlan extends Chosen {
  readonly network: ClusterNetwork;
  readonly findings: readonly ClusterFinding[];
}

/** `addresses`: of the flag, by Node. Throws ToolError where the API server does not answer, or something must be asked for. */
export async function planNetpol(
  run: Run,
  cluster: Cluster,
  request: NetpolRequest,
  addresses: ReadonlyMap<string, readonly string[]>,
): Promise<NetpolPlan> {
  const network = await readNetwork(run, cluster, addresses);
  const chosen = choosePolicy(network, request);
  return { ...chosen, network, findings: networkFindings(network, chosen.cni) };
}

/** Runs `work` with the API server. Throws ToolError 'cluster' without one, because netpol needs it. */
export const withApi = <T>(run: Run, work: (cluster: Cluster) => Promise<T>): Promise<T> =>
  withCluster(run, (cluster, missing) => {
    if (cluster !== undefined) return work(cluster);
    throw new ToolError('cluster', `netpol needs the API server: ${missing ?? ''}`, {
      hint: 'nothing was changed; fix access to the API server, or give --kubeconfig',
    });
  });

async function readNetwork(
  run: Run,
  cluster: Cluster,
  addresses: ReadonlyMap<string, readonly string[]>,
): Promise<ClusterNetwork> {
  const [facts, view] = await Promise.all([readCluster(cluster.api, subnetConfigMap), cluster.view(Infinity)]);
  if (!facts.ok) throw unread(facts.error.message);
  if (!view.ok) throw unread(view.error.message);
  const unknown = [...addresses.keys()].find((node) => !view.value.has(node));
  if (unknown !== undefined)
    throw new ToolError('usage', `--node-address ${oneLine(unknown, 80)}: the cluster has no such Node`);
  const hosts = await readHosts(run, view.value);
  const configuredSubnets = podSubnets(facts.value.clusterConfiguration);
  return clusterNetwork({ facts: facts.value, hosts, addresses, configuredSubnets });
}

const unread = (message: string): ToolError =>
  new ToolError('cluster', `the network of the cluster could not be read: ${message}`);

function readHosts(run: Run, view: ClusterView): Promise<readonly ReadHost[]> {
  const limit = hostLimit(run.forks);
  const asked = run.hosts.map((host) => limit(host, () => readHost(run, host, view)));
  return Promise.all(asked).then((all) => all.flat());
}

/** Empty for a host that is not a Node of the cluster. */
async function readHost({ connector, timeout, report }: Run, host: Host, view: ClusterView): Promise<ReadHost[]> {
  report({ event: 'connecting', host: host.name });
  const session = await connector.connect(host);
  if (!session.ok) {
    report({ event: 'unreachable', host: host.name, reason: session.error.message });
    return nodeOf(view, host, {}).map((node) => ({ ...node, network: undefined, problem: session.error.message }));
  }
  const ran = await session.value.run(script('network'), [...cniFolders], { deadline: timeout });
  const owned = nodeOf(view, host, session.value);
  await session.value.close();
  report({ event: 'read', host: host.name });
  const network = ran.ok ? parseNodeNetwork(ran.value.stdout.toString('utf8')) : undefined;
  const problem = ran.ok ? 'what the node says of its addresses is not complete' : ran.error.message;
  return owned.map((node) => (network === undefined ? { ...node, network, problem } : { ...node, network }));
}

function nodeOf(
  view: ClusterView,
  host: Host,
  session: Parameters<typeof claimantOf>[1],
): { host: string; node: string }[] {
  const match = matchNode(view, claimantOf(host, session));
  return match.kind === 'own' ? [{ host: host.name, node: match.node.name }] : [];
}
