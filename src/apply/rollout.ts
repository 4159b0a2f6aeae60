/** Takes a fleet through its waves: how many at once, when to wait, and when to stop. */
import type { Cluster, ClusterView } from '../cluster/cluster.js';
import type { RunLease } from '../cluster/run-lease.js';
import { sleep } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { type Amount, mayTouchControlPlane, resolveAmount, unavailableLimit } from '../plan/waves.js';
import type { Journal, JournalEntry } from './journal.js';
import type { Outcome, OutcomeKind, Report } from './outcome.js';

export interface RolloutHost {
  readonly host: string;
  readonly nodeName: string | undefined;
  readonly controlPlane: boolean;
  run(): Promise<Outcome>;
}

export interface RolloutOptions {
  readonly waves: readonly (readonly RolloutHost[])[];
  readonly cluster: Cluster | undefined;
  /** Nodes that serve the API or its database although their labels may not say so. */
  readonly serversBesides?: ((view: ClusterView) => ReadonlySet<string>) | undefined;
  /** The cluster's run lock; undefined without the API server. */
  readonly lease: Pick<RunLease, 'doubt'> | undefined;
  /** Hosts at once, whatever the cluster allows. */
  readonly forks: number;
  readonly maxUnavailable?: Amount | undefined;
  /** Failed hosts beyond which no further one is started. */
  readonly maxFailures: Amount;
  /** Milliseconds for which nodes that others made unavailable are waited for. */
  readonly patience: number;
  readonly journal: Journal;
  readonly report: Report;
  /** Fires on the first signal: no new host is started, those under way are finished. */
  readonly drain: AbortSignal;
}

export interface RolloutResult {
  readonly outcomes: readonly Outcome[];
  /** Why it ended before the last wave. */
  readonly stopped: string | undefined;
}

/** Outcomes that use up the failure budget. A host that is merely unreachable costs itself. */
const failures: readonly OutcomeKind[] = ['reverted', 'unknown', 'failed'];
const roomPause = 1000;

export async function rollOut(options: RolloutOptions): Promise<RolloutResult> {
  const { waves, journal, report } = options;
  const outcomes: Outcome[] = [];
  const total = waves.reduce((sum, wave) => sum + wave.length, 0);
  const budget = resolveAmount(options.maxFailures, total);
  const state: { stopped: string | undefined } = { stopped: undefined };
  const isStopped = (): boolean => state.stopped !== undefined;
  const stop = (reason: string): void => {
    if (state.stopped !== undefined) return;
    state.stopped = reason;
    report({ event: 'stopped', reason });
  };
  /** A journal that fails ends the run, but never those under way. */
  const note = (entry: JournalEntry): Promise<void> =>
    journal.write(entry).catch((error: unknown) => stop(`the journal cannot be written: ${messageOf(error)}`));
  const settle = async (outcome: Outcome): Promise<void> => {
    outcomes.push(outcome);
    await note({ entry: 'host', host: outcome.host, outcome: outcome.outcome, reason: outcome.reason });
    report({ event: 'host-done', host: outcome.host, outcome: outcome.outcome, reason: outcome.reason });
    const failed = outcomes.filter((one) => failures.includes(one.outcome));
    if (failed.length > budget) {
      stop(
        `${failed.length} ${failed.length === 1 ? 'host' : 'hosts'} failed (${failed.map((one) => one.host).join(', ')}), ${budget} allowed`,
      );
    }
  };

  for (const [index, wave] of waves.entries()) {
    if (state.stopped !== undefined) break;
    report({ event: 'wave-started', wave: index + 1, waves: waves.length, hosts: wave.map((one) => one.host) });
    const underway = new Map<RolloutHost, Promise<void>>();
    for (const host of wave) {
      const refusal = await waitForRoom(host, underway, options, isStopped);
      if (refusal !== undefined) stop(refusal);
      if (options.drain.aborted) stop('interrupted: hosts under way were finished, no other was started');
      if (isStopped()) break;
      const work = host
        .run()
        .then(settle)
        .finally(() => underway.delete(host));
      underway.set(host, work);
    }
    await Promise.all(underway.values());
  }
  if (state.stopped !== undefined) await note({ entry: 'stopped', reason: state.stopped });
  const done = new Set(outcomes.map((one) => one.host));
  for (const host of waves.flat().filter((one) => !done.has(one.host))) outcomes.push(skipped(host));
  return { outcomes, stopped: state.stopped };
}

const skipped = ({ host, nodeName }: RolloutHost): Outcome => ({
  host,
  nodeName,
  outcome: 'skipped',
  reason: 'the run stopped before its turn',
  hint: undefined,
  edits: [],
  gate: [],
  log: [],
  timings: {},
});

/** Waits until one more node may be out of service; a reason when that does not come. */
async function waitForRoom(
  host: RolloutHost,
  underway: ReadonlyMap<RolloutHost, Promise<void>>,
  options: RolloutOptions,
  isStopped: () => boolean,
): Promise<string | undefined> {
  let told = false;
  for (let waited = 0; ; waited += roomPause) {
    if (isStopped() || options.drain.aborted) return undefined;
    const room = await lackOfRoom(host, [...underway.keys()], options);
    const doubt = options.lease?.doubt();
    if (doubt?.final === true) return doubt.reason;
    const lack = doubt?.reason ?? room;
    if (lack === undefined) return undefined;
    if (underway.size > 0) {
      await Promise.race(underway.values());
      waited = 0;
      continue;
    }
    if (waited >= options.patience) return lack;
    if (!told) options.report({ event: 'waiting', reason: lack });
    told = true;
    await sleep(roomPause, options.drain);
  }
}

async function lackOfRoom(
  host: RolloutHost,
  underway: readonly RolloutHost[],
  options: RolloutOptions,
): Promise<string | undefined> {
  if (underway.length >= options.forks) return 'all forks are in use';
  if (options.cluster === undefined)
    return underway.length >= 1 ? 'one host at a time without the API server' : undefined;
  const view = await options.cluster.view(roomPause);
  if (!view.ok) return `the API server does not answer: ${view.error.message}`;
  const down = downNodes(view.value, underway);
  const limit = unavailableLimit(options.maxUnavailable, view.value.size, down.length);
  // A node that is down already cannot be made less available: putting it back must not wait for itself.
  const isDown = host.nodeName !== undefined && down.includes(host.nodeName);
  if (!isDown && down.length + underway.length >= limit) {
    const names = down.length === 0 ? '' : ` (down already: ${down.slice(0, 5).join(', ')})`;
    return `${down.length} nodes are down and ${underway.length} under way, ${limit} may be unavailable${names}; see --max-unavailable`;
  }
  return lackOfServers(host, underway, options.serversBesides?.(view.value) ?? new Set(), view.value);
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
    return `control-plane nodes are down already: ${down.map((node) => node.name).join(', ')}`;
  }
  return undefined;
}

/** Nodes that are not Ready, besides those this run is working on. */
function downNodes(view: ClusterView, underway: readonly RolloutHost[]): string[] {
  const ours = new Set(underway.map((one) => one.nodeName));
  return [...view.values()].filter((node) => node.ready !== 'True' && !ours.has(node.name)).map((node) => node.name);
}
