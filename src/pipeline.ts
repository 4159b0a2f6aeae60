/** The story: what audit, plan, apply and rollback do, stage by stage. A dry run is a shorter list of stages. */
import { listTransactions } from './apply/node-transaction.js';
import { type Outcome, type OutcomeKind, type Report, outcomeKinds } from './apply/outcome.js';
import type { Cluster } from './cluster/cluster.js';
import type { Host, Inventory } from './inventory/host.js';
import { isoTime, newRunId } from './lib/clock.js';
import { ToolError } from './lib/errors.js';
import type { SavedPlan } from './plan/saved-plan.js';
import { type Amount, planWaves } from './plan/waves.js';
import type { Playbook } from './playbook/schema.js';
import type { AuditResult, HostPlanned, PlanResult, RunResult } from './report/model.js';
import type { Connector } from './ssh/connect.js';
import { applyTask, contextFor, rollOutWaves, rollbackTask, withJournal } from './stages/change.js';
import { changingPlans, judgeHost, planFor } from './stages/judge.js';
import { type ClusterChoice, reachCluster } from './stages/reach-cluster.js';
import { clientCaEvidence, survey } from './stages/survey.js';

/** What every verb needs. */
export interface Run {
  readonly version: string;
  readonly inventory: Inventory;
  /** The selected hosts. */
  readonly hosts: readonly Host[];
  readonly playbooks: readonly Playbook[];
  readonly connector: Connector;
  readonly clusterChoice: ClusterChoice;
  readonly forks: number;
  /** Milliseconds for one call over SSH. */
  readonly timeout: number;
  readonly runsFolder: string;
  readonly report: Report;
  readonly drain: AbortSignal;
}

export interface RolloutFlags {
  readonly waves: readonly Amount[];
  readonly maxUnavailable?: Amount | undefined;
  readonly maxFailures: Amount;
  /** Milliseconds. */
  readonly settle: number;
  /** Milliseconds. */
  readonly deadline: number;
  readonly cordon: boolean;
  /** Cordons too. */
  readonly drain: boolean;
}

/** Shown the plan (undefined for a saved one) and what the API server cannot vouch for; false ends the run with nothing changed. */
export type Approve = (
  plan: PlanResult | undefined,
  withoutCluster: string | undefined,
  hosts: readonly string[],
) => Promise<boolean>;

export async function audit(run: Run): Promise<AuditResult> {
  const startedAt = isoTime();
  return withCluster(run, async (cluster, missing) => {
    const surveyed = await survey(run.hosts, { ...run, cluster });
    const hosts = surveyed.map((one) => judgeHost(one, run.playbooks));
    const count = (status: string): number =>
      hosts.flatMap((host) => host.findings).filter((one) => one.status === status).length;
    const summary = {
      hosts: hosts.length,
      judged: hosts.filter((host) => host.status === 'judged').length,
      pass: count('pass'),
      fail: count('fail'),
      unknown: count('unknown'),
      notApplicable: count('not-applicable'),
    };
    return { ...baseOf(run, startedAt), kind: 'audit', hosts, summary, notes: notesOf(missing) };
  });
}

export async function plan(run: Run, flags: Pick<RolloutFlags, 'waves'>): Promise<PlanResult> {
  return withCluster(run, (cluster, missing) => planWith(run, flags, cluster, missing));
}

async function planWith(
  run: Run,
  flags: Pick<RolloutFlags, 'waves'>,
  cluster: Cluster | undefined,
  missing: string | undefined,
): Promise<PlanResult> {
  const startedAt = isoTime();
  const surveyed = await survey(run.hosts, { ...run, cluster });
  const evidence = await clientCaEvidence(surveyed, cluster);
  const hosts = surveyed.map((one) => planFor(one, run.playbooks, evidence));
  const changing = changingPlans(hosts);
  const restarting = changing.filter((one) => one.restart);
  const [servers, workers] = [true, false].map((wanted) =>
    changing.filter((one) => (one.role === 'control-plane') === wanted).map((one) => one.host),
  );
  const summary = {
    hosts: hosts.length,
    change: changing.length,
    restarts: restarting.length,
    controlPlaneRestarts: restarting.filter((one) => one.role === 'control-plane').length,
    unchanged: hosts.filter((host) => host.plan !== undefined && !changing.includes(host.plan)).length,
    refused: hosts.filter((host) => host.refused !== undefined).length,
    notJudged: hosts.filter((host) => host.status !== 'judged').length,
  };
  const waves = planWaves(workers ?? [], servers ?? [], flags.waves);
  return { ...baseOf(run, startedAt), kind: 'plan', hosts, waves, summary, notes: notesOf(missing) };
}

/** Applies the very plan that is shown, or a saved one. `undefined`: the person said no. */
export async function apply(
  run: Run,
  flags: RolloutFlags,
  saved: SavedPlan | undefined,
  approve: Approve,
): Promise<RunResult | undefined> {
  const startedAt = isoTime();
  return withCluster(run, async (cluster, missing) => {
    const planned = saved === undefined ? await planWith(run, flags, cluster, missing) : undefined;
    const plans =
      saved === undefined
        ? changingPlans(planned?.hosts ?? [])
        : saved.hosts.filter((one) => isSelected(run, one.host));
    const settled = (planned?.hosts ?? []).flatMap(outcomeWithoutChange);
    if (
      plans.length > 0 &&
      !(await approve(
        planned,
        missing,
        plans.map((one) => one.host),
      ))
    )
      return undefined;
    if (plans.length === 0) return runResult(run, { kind: 'apply', run: newRunId(), startedAt }, settled, undefined);
    return withJournal(
      run,
      'apply',
      undefined,
      plans.map((one) => one.host),
      async (journal) => {
        const context = contextFor(run, cluster, journal, flags);
        const tasks = plans.map((one) => applyTask(one, hostNamed(run, one.host), run, context));
        const rolled = await rollOutWaves(tasks, run, cluster, journal, flags);
        return runResult(
          run,
          { kind: 'apply', run: journal.run, startedAt },
          [...rolled.outcomes, ...settled],
          rolled.stopped,
        );
      },
    );
  });
}

/** Takes back a run: what the nodes themselves keep decides, so that it works from any machine. */
export async function rollback(
  run: Run,
  wanted: string | undefined,
  flags: RolloutFlags,
  approve: Approve,
): Promise<RunResult | undefined> {
  const startedAt = isoTime();
  return withCluster(run, async (cluster, missing) => {
    const kept = await Promise.all(
      run.hosts.map(async (host) => {
        const session = await run.connector.connect(host);
        if (!session.ok) return { host, error: session.error, transactions: [] };
        const listed = await listTransactions(session.value);
        await session.value.close();
        return listed.ok ? { host, transactions: listed.value } : { host, error: listed.error, transactions: [] };
      }),
    );
    const open = kept
      .flatMap(({ transactions }) => transactions)
      .filter(({ state }) => state !== 'reverted' && state !== 'prepared');
    const id =
      wanted ??
      open
        .map((one) => one.id)
        .sort()
        .at(-1);
    if (id === undefined)
      throw new ToolError('usage', 'no node keeps a run that could be taken back', { hint: 'kubelatch runs list' });
    const found = kept.flatMap(({ host, transactions }) => {
      const plan = transactions.find((one) => one.id === id)?.about.plan;
      return plan === undefined ? [] : [{ host, plan: { ...plan, host: host.name } }];
    });
    if (found.length === 0 && kept.every((one) => one.error === undefined)) {
      throw new ToolError('usage', `no node keeps anything of run ${id}`, {
        hint: 'kubelatch runs list shows the runs of this machine',
      });
    }
    if (
      found.length > 0 &&
      !(await approve(
        undefined,
        missing,
        found.map(({ host }) => host.name),
      ))
    )
      return undefined;
    const lost = kept.flatMap(({ host, error }) =>
      error === undefined ? [] : [hostOutcome(host.name, 'unreachable', error.message, error.hint)],
    );
    return withJournal(
      run,
      'rollback',
      id,
      found.map(({ host }) => host.name),
      async (journal) => {
        const context = contextFor(run, cluster, journal, flags);
        const tasks = found.map(({ host, plan }) => rollbackTask(plan, id, host, run, context));
        const rolled = await rollOutWaves(tasks, run, cluster, journal, flags);
        return runResult(
          run,
          { kind: 'rollback', of: id, run: journal.run, startedAt },
          [...rolled.outcomes, ...lost],
          rolled.stopped,
        );
      },
    );
  });
}

async function withCluster<T>(
  run: Run,
  work: (cluster: Cluster | undefined, missing: string | undefined) => Promise<T>,
): Promise<T> {
  const reached = await reachCluster(run.inventory, run.clusterChoice, run.connector);
  if (!reached.ok) return work(undefined, reached.error);
  try {
    return await work(reached.value, undefined);
  } finally {
    await reached.value.close();
  }
}

const isSelected = (run: Run, name: string): boolean => run.hosts.some((host) => host.name === name);

function hostNamed(run: Run, name: string): Host {
  const host = run.hosts.find((one) => one.name === name);
  if (host === undefined)
    throw new ToolError('plan', `the plan names ${name}, which is not in the inventory`, { hint: 'plan again' });
  return host;
}

/** Hosts that no change is made on: unchanged, refused, or not judged. */
function outcomeWithoutChange(host: HostPlanned): Outcome[] {
  const { name, error, refused, plan } = host;
  if (error !== undefined) {
    return [hostOutcome(name, host.status === 'unreachable' ? 'unreachable' : 'failed', error.message, error.hint)];
  }
  if (refused !== undefined) return [hostOutcome(name, 'refused', refused.reason, refused.hint)];
  return plan !== undefined && plan.edits.length === 0 && !plan.restart ? [hostOutcome(name, 'unchanged')] : [];
}

const hostOutcome = (host: string, outcome: OutcomeKind, reason?: string, hint?: string): Outcome => ({
  host,
  nodeName: undefined,
  outcome,
  reason,
  hint,
  edits: [],
  gate: [],
  log: [],
  timings: {},
});

function baseOf(run: Run, startedAt: string) {
  return {
    schemaVersion: 1 as const,
    tool: 'kubelatch' as const,
    version: run.version,
    cluster: run.inventory.cluster.name,
    playbooks: run.playbooks.map((playbook) => playbook.name),
    startedAt,
  };
}

const notesOf = (missing: string | undefined): string[] =>
  missing === undefined ? [] : [`without the API server: ${missing}`];

function runResult(
  run: Run,
  { startedAt, ...what }: Pick<RunResult, 'kind' | 'run' | 'of' | 'startedAt'>,
  outcomes: readonly Outcome[],
  stopped: string | undefined,
): RunResult {
  const order = new Map(run.hosts.map((host, index) => [host.name, index]));
  const sorted = outcomes.toSorted((left, right) => (order.get(left.host) ?? 0) - (order.get(right.host) ?? 0));
  const count = (kind: OutcomeKind): number => outcomes.filter((one) => one.outcome === kind).length;
  return {
    ...baseOf(run, startedAt),
    ...what,
    finishedAt: isoTime(),
    stopped,
    hosts: sorted.map((outcome) => ({ name: outcome.host, ...outcome })),
    summary: Object.fromEntries(outcomeKinds.map((kind) => [kind, count(kind)])) as Record<OutcomeKind, number>,
  };
}
