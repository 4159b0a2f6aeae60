/** The story: what audit, plan, apply, rollback and resume do, stage by stage. A dry run is a shorter list of stages. */
import type { RunStory } from './apply/run-story.js';
import type { Cluster } from './cluster/cluster.js';
import type { Host } from './inventory/host.js';
import { isoTime, newRunId } from './lib/clock.js';
import { ToolError } from './lib/errors.js';
import type { SavedPlan } from './plan/saved-plan.js';
import { planWaves } from './plan/waves.js';
import type { AuditResult, PlanResult, RunResult } from './report/model.js';
import type { Uninstalled } from './report/uninstall-text.js';
import { builtUpon } from './stages/backups.js';
import { applyTask, contextFor, rollOutWaves, rollbackTask, withJournal } from './stages/change.js';
import { askKept, keptOf, newestKept, unaskedOf } from './stages/kept.js';
import { changingPlans, judgeHost, planFor } from './stages/judge.js';
import { reachCluster } from './stages/reach-cluster.js';
import { baseOf, notesOf, outcomeWithoutChange, runResult } from './stages/results.js';
import {
  endHosts,
  goalOf,
  leftForLater,
  remainsOf,
  storyFromNodes,
  toBeChanged,
  unheardOf,
  withResumedJournal,
} from './stages/resume.js';
import type { RolloutFlags, Run } from './stages/run.js';
import { clientCaEvidence, survey } from './stages/survey.js';
import { type ReadyHost, sortForUninstall, uninstallHosts } from './stages/uninstall.js';

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
  const hosts = surveyed.map((one) => planFor(one, run.playbooks, evidence, run.wishes));
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
    for (const { host, outcome, reason } of settled) {
      if (outcome === 'refused') run.report({ event: 'host-done', host, outcome, reason });
    }
    const names = plans.map((one) => one.host);
    if (names.length > 0 && !(await approve(planned, missing, names))) return undefined;
    if (names.length === 0) return runResult(run, { kind: 'apply', run: newRunId(), startedAt }, settled, undefined);
    return withJournal(run, cluster, 'apply', undefined, names, async (journal, lease) => {
      const context = contextFor(run, cluster, journal, flags);
      const tasks = plans.map((one) => applyTask(one, hostNamed(run, one.host), run, context));
      const detected = (planned?.hosts ?? []).flatMap(({ role, nodeName }) =>
        role === 'control-plane' && nodeName !== undefined ? [nodeName] : [],
      );
      const { outcomes, stopped } = await rollOutWaves(tasks, run, cluster, journal, flags, lease, detected);
      return runResult(run, { kind: 'apply', run: journal.run, startedAt }, [...outcomes, ...settled], stopped);
    });
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
    const kept = await askKept(run);
    const id = wanted ?? newestKept(kept);
    if (id === undefined) {
      throw new ToolError('usage', 'no node keeps a run that could be taken back', { hint: 'kubelatch runs list' });
    }
    const { found, unusable } = keptOf(kept, id);
    if (found.length === 0 && unusable.length === 0) {
      const hint = 'kubelatch runs list shows the runs of this machine; an uninstall removes what nodes keep';
      throw new ToolError('usage', `no node keeps anything of run ${id}`, { hint });
    }
    const blocked = builtUpon(kept, id);
    const free = found.filter(({ host }) => !blocked.some((one) => one.host === host.name));
    const names = free.map(({ host }) => host.name);
    if (names.length > 0 && !(await approve(undefined, missing, names))) return undefined;
    return withJournal(run, cluster, 'rollback', id, names, async (journal, lease) => {
      const context = contextFor(run, cluster, journal, flags);
      const tasks = free.map(({ host, plan }) => rollbackTask(plan, id, host, run, context));
      const { outcomes, stopped } = await rollOutWaves(tasks, run, cluster, journal, flags, lease);
      return runResult(
        run,
        { kind: 'rollback', of: id, run: journal.run, startedAt },
        [...outcomes, ...blocked, ...unusable],
        stopped,
      );
    });
  });
}

/** Ends what a run left behind whose controller died: by its journal, or by the nodes alone where that is elsewhere. */
export async function resume(
  run: Run,
  wanted: {
    readonly run: string;
    /** By the journal of this machine. */
    readonly story: RunStory | undefined;
  },
  flags: RolloutFlags,
  approve: Approve,
): Promise<RunResult | undefined> {
  const startedAt = isoTime();
  const { story: told } = wanted;
  if (told !== undefined) goalOf(told, run);
  return withCluster(run, async (cluster, missing) => {
    const byJournal = told === undefined || told.fromNodes ? undefined : told;
    const known = byJournal && remainsOf(run, byJournal);
    const kept = await askKept(known === undefined ? run : { ...run, hosts: known.begun.map(({ host }) => host) });
    const story = byJournal ?? storyFromNodes(wanted.run, run.inventory.cluster.name, kept, told);
    if (story === undefined) {
      const hint = 'kubelatch runs list shows the runs of this machine';
      throw new ToolError('usage', `neither this machine nor any node knows of run ${wanted.run}`, { hint });
    }
    const goal = goalOf(story, run);
    const unheard = known === undefined ? unheardOf(run, story, kept) : [];
    const base = known ?? remainsOf(run, story);
    const remains = { ...base, later: [...base.later, ...unheard] };
    const unasked = unaskedOf(kept).filter(({ host }) => unheard.includes(host));
    const deselected = unheard.filter((name) => !isSelected(run, name)).map((name) => leftForLater(name, story.run));
    const names = toBeChanged(remains, goal, kept);
    if (names.length > 0 && !(await approve(undefined, missing, names))) return undefined;
    const how = { isHere: told !== undefined, asksNodes: remains.begun.length > 0 };
    return withResumedJournal(run, cluster, story, how, async (journal, lease) => {
      const context = contextFor(run, cluster, journal, flags);
      const { outcomes, stopped } = await endHosts(goal, remains, run, context, story.fromNodes, lease);
      const all = [...outcomes, ...remains.outcomes, ...unasked, ...deselected];
      return runResult(run, { kind: 'resume', of: story.of, run: story.run, startedAt }, all, stopped);
    });
  });
}

/** Removes every trace of this tool from nodes without an unfinished change. `undefined`: the person said no. */
export async function uninstall(
  run: Run,
  approve: (ready: readonly ReadyHost[], withoutCluster: string | undefined) => Promise<boolean>,
): Promise<readonly Uninstalled[] | undefined> {
  return withCluster(run, async (cluster, missing) => {
    const { ready, held } = sortForUninstall(await askKept(run));
    if (ready.length === 0) return held;
    if (!(await approve(ready, missing))) return undefined;
    const names = ready.map(({ host }) => host.name);
    return withJournal(run, cluster, 'uninstall', undefined, names, async (journal, lease) => [
      ...held,
      ...(await uninstallHosts(ready, run, journal, lease)),
    ]);
  });
}

/** How a run ended of which nothing is left to do, by its journal. */
export function ended(run: Run, story: RunStory): RunResult {
  const { startedAt, endedAt: finishedAt = startedAt } = story;
  const { outcomes } = remainsOf(run, story);
  return {
    ...runResult(run, { kind: 'resume', of: story.of, run: story.run, startedAt }, outcomes, undefined),
    finishedAt,
  };
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
