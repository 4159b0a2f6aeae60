/** Carries plans to their nodes, wave by wave, with a journal; and takes a run back the same way. */
import { hostname, userInfo } from 'node:os';
import { applyToHost } from '../apply/host.js';
import type { HostTask, RunContext } from '../apply/host-task.js';
import { type Journal, type JournalEntry, type RunKind, openJournal } from '../apply/journal.js';
import type { Outcome } from '../apply/outcome.js';
import { rollBackHost } from '../apply/rollback.js';
import { type RolloutHost, type RolloutResult, rollOut } from '../apply/rollout.js';
import { type Cluster, type ClusterView, findNode } from '../cluster/cluster.js';
import type { RunLease } from '../cluster/run-lease.js';
import type { Host } from '../inventory/host.js';
import { isoTime, newRunId } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { ownMark } from '../lib/process-mark.js';
import type { HostPlan } from '../plan/host-plan.js';
import { planWaves } from '../plan/waves.js';
import { withRunLock } from './run-lock.js';
import type { RolloutFlags, Run } from './run.js';

/** What is known of this machine's user, for the node's and the journal's records. */
export function operator(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return hostname();
  }
}

/** Starts a run: with the cluster's run lock, and from here on the journal is written before every effect. */
export async function withJournal<T>(
  run: Run,
  cluster: Cluster | undefined,
  kind: RunKind,
  of: string | undefined,
  hosts: readonly string[],
  work: (journal: Journal, lease: RunLease | undefined) => Promise<T>,
): Promise<T> {
  const id = newRunId();
  return withRunLock(run, cluster, { operator: operator(), run: id }, (lease) =>
    withOpenJournal(run, id, { kind, of, hosts, lock: lease?.identity }, (journal) => work(journal, lease)),
  );
}

async function withOpenJournal<T>(
  run: Run,
  id: string,
  about: Pick<Extract<JournalEntry, { entry: 'run' }>, 'kind' | 'of' | 'hosts' | 'lock'>,
  work: (journal: Journal) => Promise<T>,
): Promise<T> {
  const journal = await openJournal(run.runsFolder, id);
  try {
    const { cluster, path } = run.inventory;
    await journal.write({
      entry: 'run',
      ...about,
      cluster: cluster.name,
      inventory: path,
      operator: operator(),
      controller: ownMark(),
    });
    const result = await work(journal);
    // The hosts' outcomes matter more than this line.
    await journal.write({ entry: 'end' }).catch(() => undefined);
    return result;
  } finally {
    await journal.close();
  }
}

export function contextFor(run: Run, cluster: Cluster | undefined, journal: Journal, flags: RolloutFlags): RunContext {
  const seclusion = flags.drain ? 'drain' : flags.cordon ? 'cordon' : 'none';
  return {
    journal,
    cluster,
    seclusion,
    keep: flags.keep,
    timing: { gate: flags.deadline, settle: flags.settle },
    report: run.report,
  };
}

export function applyTask(plan: HostPlan, host: Host, run: Run, context: RunContext): RolloutHost {
  const about = {
    run: context.journal.run,
    cluster: run.inventory.cluster.name,
    host: host.name,
    startedAt: isoTime(),
    tool: run.version,
    operator: operator(),
    plan: { ...plan, edits: [], expect: [] },
    paths: plan.edits.map(({ path }) => path),
    seclusion: plan.restart && context.seclusion !== 'none' ? context.seclusion : undefined,
  };
  const task = taskFor(plan, host, run);
  const noting = { ...context, cluster: notingCordons(context, host.name) };
  return rolloutHost(task, async () => withLeftOut(await applyToHost(plan, about, task, noting), plan));
}

/** What a confirmed host still lacks is said where the outcome is read. */
function withLeftOut(outcome: Outcome, { leftOut = [] }: HostPlan): Outcome {
  const [first] = leftOut;
  if (first === undefined || outcome.outcome !== 'confirmed') return outcome;
  return {
    ...outcome,
    reason: `left out: ${leftOut.map(({ rule, reason }) => `${rule}: ${reason}`).join('; ')}`,
    hint: first.hint,
  };
}

/** A cordon is asked for only where nobody had set one: what is noted here is the run's own, to be lifted should it die. */
function notingCordons({ cluster, journal }: RunContext, host: string): Cluster | undefined {
  if (cluster === undefined) return undefined;
  return {
    ...cluster,
    async cordon(node, on) {
      if (on) await journal.write({ entry: 'cordon', host, node });
      return cluster.cordon(node, on);
    },
  };
}

export function rollbackTask(plan: HostPlan, id: string, host: Host, run: Run, context: RunContext): RolloutHost {
  const task = taskFor(plan, host, run);
  return rolloutHost(task, () => rollBackHost(id, plan.restart, task, context));
}

function taskFor(plan: HostPlan, host: Host, run: Run): HostTask {
  return {
    host: host.name,
    nodeName: plan.nodeName,
    controlPlane: plan.role === 'control-plane',
    target: plan.watch,
    ports: plan.ports,
    connect: () => run.connector.fresh(host),
  };
}

/** A fault of the tool itself on one host ends as `unknown` for this host, and the others under way are finished. */
function rolloutHost({ host, nodeName, controlPlane }: HostTask, run: () => Promise<Outcome>): RolloutHost {
  const unknown = (error: unknown): Outcome => ({
    host,
    nodeName,
    outcome: 'unknown',
    reason: messageOf(error),
    hint: 'look at the node: /var/lib/kubelatch/txn says how far the change came',
    edits: [],
    gate: [],
    log: [],
    timings: {},
  });
  return { host, nodeName, controlPlane, run: () => run().catch(unknown) };
}

/** Nodes of the inventory's control plane, as far as the API server knows them. */
function serversOf({ hosts }: Run['inventory'], view: ClusterView): string[] {
  return hosts
    .filter(({ role }) => role === 'control-plane')
    .flatMap(({ name, nodeName, address }) => findNode(view, [nodeName ?? name], address)?.name ?? []);
}

/** `detected`: nodes that were found to be servers, whether they change or not. */
export async function rollOutWaves(
  hosts: readonly RolloutHost[],
  run: Run,
  cluster: Cluster | undefined,
  journal: Journal,
  flags: RolloutFlags,
  lease: RunLease | undefined,
  detected: readonly string[] = [],
): Promise<RolloutResult> {
  const workers = hosts.filter((one) => !one.controlPlane);
  const servers = hosts.filter((one) => one.controlPlane);
  const waves = planWaves(workers, servers, flags.waves);
  run.report({ event: 'run-started', run: journal.run, hosts: hosts.length, waves: waves.length });
  const { forks, report, drain } = run;
  const { maxUnavailable, maxFailures, deadline: patience } = flags;
  const named = servers.flatMap((one) => one.nodeName ?? []);
  const serversBesides = (view: ClusterView): ReadonlySet<string> =>
    new Set([...detected, ...named, ...serversOf(run.inventory, view)]);
  const limits = { forks, maxUnavailable, maxFailures, patience };
  return rollOut({ waves, cluster, serversBesides, lease, ...limits, journal, report, drain });
}
