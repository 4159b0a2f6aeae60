/** What is done with one host in a run, as the rollout takes it. */
import { applyToHost } from '../change/apply.js';
import type { HostTask, RunContext } from '../change/host-task.js';
import { type RecoveryGoal, recoverHost } from '../change/recovery.js';
import { rollbackHost } from '../change/rollback.js';
import { uninstallHost } from '../change/uninstall.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Host } from '../inventory/host.js';
import { isoTime } from '../lib/clock.js';
import type { HostPlan } from '../plan/host-plan.js';
import { type LongestTime, longestChange, longestRevert, longestUninstall, totalOf } from '../plan/rollout-time.js';
import type { Journal } from '../run/journal.js';
import { operator } from '../run/open.js';
import type { Outcome } from '../run/outcome.js';
import { type HostRecord, mayHaveWritten } from '../run/record.js';
import type { RolloutHost } from '../run/rollout.js';
import type { RolloutFlags, Run } from './context.js';
import { jumpShareOf } from './host-limit.js';
import type { KeptRun } from './node-transactions.js';
import { issuer } from './issue-certificate.js';
import { disputedClaim } from './node-claim.js';

export function contextFor(
  run: Run,
  cluster: Cluster | undefined,
  journal: Journal,
  flags: Pick<RolloutFlags, 'drain' | 'cordon' | 'keep' | 'deadline' | 'settle' | 'notReadyGrace'>,
): RunContext {
  const cordonMode = flags.drain ? 'drain' : flags.cordon ? 'cordon' : 'none';
  const timing = { gate: flags.deadline, settle: flags.settle, notReadyGrace: flags.notReadyGrace };
  const issue = issuer(run, cluster);
  const { report, shutdown } = run;
  return { journal, cluster, cordonMode, keep: flags.keep, timing, report, shutdown, issue };
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
    seclusion: plan.restart && context.cordonMode !== 'none' ? context.cordonMode : undefined,
  };
  const task = taskFor(plan, host, run, context);
  const mayTake = totalOf(changeTime(plan, { deadline: context.timing.gate, drain: context.cordonMode === 'drain' }));
  return {
    ...task,
    mayTake,
    run: async () => withSkippedRules(await applyToHost(plan, about, task, context), plan),
  };
}

/** What the change of a host can need at most. */
const changeTime = (
  { restart }: HostPlan,
  { deadline, drain }: Pick<RolloutFlags, 'deadline' | 'drain'>,
): LongestTime => longestChange(deadline, { restarts: restart, drains: drain });

/** What the host that starts first can need at most: with less time than that, no host starts. */
export function firstChangeTime(
  plans: readonly HostPlan[],
  flags: Pick<RolloutFlags, 'deadline' | 'drain'>,
): LongestTime {
  const first = plans.find(({ role }) => role !== 'control-plane') ?? plans[0];
  return first === undefined ? [] : changeTime(first, flags);
}

/** What a confirmed host still lacks is said where the outcome is read. */
function withSkippedRules(outcome: Outcome, { skippedRules = [] }: HostPlan): Outcome {
  const [first] = skippedRules;
  if (first === undefined || outcome.outcome !== 'confirmed') return outcome;
  const reasons = skippedRules.map(({ rule, reason }) => `${rule}: ${reason}`);
  return { ...outcome, reason: `skipped rules: ${reasons.join('; ')}`, hint: first.hint };
}

/** `id`: the run that is rolled back. */
export function rollbackTask(
  { host, plan, ...files }: KeptRun,
  id: string,
  run: Run,
  context: RunContext,
): RolloutHost {
  const task = taskFor(plan, host, run, context);
  const mayTake = totalOf(longestRevert(context.timing.gate));
  return {
    ...task,
    mayTake,
    run: () => rollbackHost({ id, ...files, restarts: plan.restart }, task, context),
  };
}

export function recoveryTask(
  goal: RecoveryGoal,
  { host, record, fromNodes }: { readonly host: Host; readonly record: HostRecord; readonly fromNodes: boolean },
  run: Run,
  context: RunContext,
): RolloutHost {
  const begun = {
    host: host.name,
    mayHaveWritten: mayHaveWritten(record),
    cordon: record.cordon,
    fromNodes,
    connect: () => run.connector.fresh(host),
    onWait: tellWait(host, run),
    isOwn: async (name: string, session: Parameters<typeof disputedClaim>[2]) =>
      (await disputedClaim(name, host, session, context.cluster)) === undefined,
  };
  const controlPlane = host.role === 'control-plane';
  const mayTake = totalOf(longestRevert(context.timing.gate));
  const about = { host: host.name, nodeName: undefined, controlPlane, behind: jumpShareOf(host), mayTake };
  return { ...about, run: () => recoverHost(goal, begun, context) };
}

export function uninstallTask(
  host: Host,
  { connector }: Pick<Run, 'connector'>,
  context: Pick<RunContext, 'journal' | 'report'>,
): RolloutHost {
  const task = { host: host.name, nodeName: undefined, connect: () => connector.connect(host) };
  const about = { controlPlane: false, behind: jumpShareOf(host), mayTake: totalOf(longestUninstall) };
  return { ...task, ...about, run: () => uninstallHost(task, context) };
}

function taskFor(
  plan: HostPlan,
  host: Host,
  run: Run,
  { cluster }: RunContext,
): HostTask & Pick<RolloutHost, 'behind'> {
  return {
    host: host.name,
    nodeName: plan.nodeName,
    controlPlane: plan.role === 'control-plane',
    behind: jumpShareOf(host),
    target: plan.watch,
    ports: plan.ports,
    connect: () => run.connector.fresh(host),
    onWait: tellWait(host, run),
    dispute: (session) => disputedClaim(plan.nodeName, host, session, cluster),
  };
}

/** The progress of every run says for which health check a host waits. */
const tellWait =
  (host: Host, run: Run): NonNullable<HostTask['onWait']> =>
  ({ check, expected, seen, held }) =>
    run.report({ event: 'gate', host: host.name, check, expected, seen, heldMs: held?.ms, wantedMs: held?.of });
