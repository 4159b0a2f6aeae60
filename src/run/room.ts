/** Whether one more host may start: the run lock, hosts at once, and what the cluster can spare. */
import type { Cluster } from '../cluster/cluster.js';
import type { ClusterView } from '../cluster/nodes.js';
import type { RunLease } from '../cluster/run-lease.js';
import { type Amount, mayTouchControlPlane, unavailableLimit } from '../plan/waves.js';
import type { RolloutHost } from './rollout.js';

/** Why a host may not start now. */
export interface Lack {
  readonly reason: string;
  /** Waiting does not help. */
  readonly final?: boolean;
  /** The run can go on with the hosts that are left at another time. */
  readonly pauses?: boolean;
}

/** Undefined where the host may start; `underway`: the hosts of this run that are at work. */
export type Admission = (
  host: RolloutHost,
  underway: readonly RolloutHost[],
) => Lack | undefined | Promise<Lack | undefined>;

/** Milliseconds for which hosts that ask at the same time share one list of Nodes. */
const viewAge = 1000;
/** The same for workers of a large cluster. The control plane reports a silent node only after 40 s. */
const longViewAge = 10_000;

/** Admits a host that every one of them admits. */
export const allOf =
  (...admissions: readonly Admission[]): Admission =>
  async (host, underway) => {
    for (const admit of admissions) {
      const lack = await admit(host, underway);
      if (lack !== undefined) return lack;
    }
    return undefined;
  };

/** `whenUnsure`: what to do while the run lock cannot be renewed. A lock that another run took always stops the rollout. */
export const whileLocked =
  (lease: Pick<RunLease, 'problem'> | undefined, whenUnsure: 'wait' | 'go on' | 'stop'): Admission =>
  () => {
    const problem = lease?.problem();
    if (problem === undefined || (!problem.final && whenUnsure === 'go on')) return undefined;
    return { reason: problem.reason, final: problem.final || whenUnsure === 'stop' };
  };

export const withinForks =
  (forks: number): Admission =>
  (_host, underway) =>
    underway.length >= forks ? { reason: 'all forks are in use' } : undefined;

/** As many hosts at once behind the same bastions as the inventory allows. */
export const withinJumps: Admission = ({ behind }, underway) => {
  if (behind === undefined) return undefined;
  const { jump, forks } = behind;
  if (underway.filter((one) => one.behind?.jump === jump).length < forks) return undefined;
  return { reason: `jumpForks allows ${forks} at once behind ${jump}` };
};

/** Control-plane hosts start one by one, when nothing else is under way. */
export const serversAlone: Admission = (host, underway) =>
  underway.length > 0 && (host.controlPlane || underway.some((one) => one.controlPlane))
    ? { reason: 'control-plane nodes change one at a time' }
    : undefined;

export interface ClusterRoom {
  readonly cluster: Cluster | undefined;
  readonly maxUnavailable?: Amount | undefined;
  /** Nodes that serve the API or its database although their labels may not say so. */
  readonly serversBesides?: ((view: ClusterView) => ReadonlySet<string>) | undefined;
}

/** As many hosts as the cluster can spare; one at a time without the API server. */
export const withinCluster =
  ({ cluster, maxUnavailable, serversBesides }: ClusterRoom): Admission =>
  async (host, underway) => {
    if (cluster === undefined)
      return underway.length >= 1 ? { reason: 'one host at a time without the API server' } : undefined;
    const isPatient = cluster.isLarge() && !host.controlPlane;
    const last = isPatient ? await cluster.view(longViewAge) : undefined;
    const view = last?.ok === true ? last : await cluster.view(viewAge);
    if (!view.ok) return { reason: `the API server does not answer: ${view.error.message}` };
    const reason =
      lackOfNodes(host, underway, view.value, maxUnavailable) ??
      lackOfServers(host, underway, serversBesides?.(view.value) ?? new Set(), view.value);
    return reason === undefined ? undefined : { reason };
  };

function lackOfNodes(
  host: RolloutHost,
  underway: readonly RolloutHost[],
  view: ClusterView,
  maxUnavailable: Amount | undefined,
): string | undefined {
  const ours = new Set(underway.map((one) => one.nodeName));
  const down = [...view.values()]
    .filter((node) => node.ready !== 'True' && !ours.has(node.name))
    .map((node) => node.name);
  const limit = unavailableLimit(maxUnavailable, view.size, down.length);
  // A node that is down already cannot become less available: its own repair must not wait for itself.
  const isDown = host.nodeName !== undefined && down.includes(host.nodeName);
  if (isDown || down.length + underway.length < limit) return undefined;
  const names = down.length === 0 ? '' : ` (${down.slice(0, 5).join(', ')})`;
  return `--max-unavailable allows ${limit} at once: ${down.length} already down${names}, ${underway.length} in progress`;
}

/** A server may be out of service while a majority of the servers, and of etcd's members, stays without it. */
function lackOfServers(
  host: RolloutHost,
  underway: readonly RolloutHost[],
  known: ReadonlySet<string>,
  view: ClusterView,
): string | undefined {
  const ours = new Set(underway.map((one) => one.nodeName));
  const servers = [...view.values()].filter((node) => node.controlPlane || node.etcd === true || known.has(node.name));
  const self = servers.find((node) => node.name === host.nodeName);
  if (!host.controlPlane && self === undefined) return undefined;
  const members = servers.filter((node) => node.etcd === true);
  for (const group of self?.etcd === true ? [servers, members] : [servers]) {
    const down = group.filter((node) => node.name !== host.nodeName && (node.ready !== 'True' || ours.has(node.name)));
    if (mayTouchControlPlane(group.length, down.length)) continue;
    return `control-plane nodes are already down: ${down.map((node) => node.name).join(', ')}`;
  }
  return undefined;
}
