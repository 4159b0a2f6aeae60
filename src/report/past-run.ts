/** Past runs as JSON, with the duration of the run, of each host and of each step. */
import type { HostRecord, RunRecord } from '../run/record.js';
import type { PastRunResult, RunSummary } from './model.js';
import type { ResultDocument } from './schema.js';
import { between } from './time.js';
import { line } from './words.js';
import { nextCommand } from '../lib/next-command.js';

type ListedRun = ResultDocument<'runs'>['runs'][number];
type PastRun = ResultDocument<'run'>['run'];

export const runsListTree = (summary: RunSummary): ListedRun => ({
  ...summaryTree(summary),
  hosts: summary.record.hosts.map(({ host }) => host),
});

/** Milliseconds from the run's start to its end, without waits for a person; undefined for a run that did not end. */
export function tookMs({ startedAt, endedAt, waitedMs = 0 }: RunRecord): number | undefined {
  const ms = between(startedAt, endedAt);
  return ms === undefined ? undefined : Math.max(0, ms - waitedMs);
}

/** One run with every step. */
export function pastRunTree(summary: RunSummary): PastRun {
  const { inventory, resumed, hosts } = summary.record;
  return { ...summaryTree(summary), inventory, resumed, hosts: hosts.map(hostTree) };
}

/** With the inventory that its journal names: `runs` itself takes none. */
export function resumeCommand({ run, inventory }: Pick<RunRecord, 'run' | 'inventory'>): string {
  const isDefault = ['./inventory.yaml', 'inventory.yaml', '-', '?'].includes(inventory);
  return nextCommand('resume', line(run), ...(isDefault ? [] : ['-i', line(inventory)]));
}

function summaryTree({ record, state, rolledBack = [] }: RunSummary): Omit<ListedRun, 'hosts'> {
  const { run: id, kind, of, plan, cluster, operator, startedAt, endedAt, stopped, hosts } = record;
  const { playbooks = [], rules = [] } = record;
  const outcomes: Partial<Record<keyof ListedRun['outcomes'], number>> = {};
  for (const { outcome } of hosts) if (outcome !== undefined) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return {
    id,
    kind: kind ?? null,
    ...(of === undefined ? {} : { of }),
    ...(plan === undefined ? {} : { plan }),
    cluster,
    operator,
    startedAt,
    finishedAt: endedAt ?? null,
    durationMs: tookMs(record) ?? null,
    state,
    next: state === 'left' ? resumeCommand(record) : null,
    stopped: stopped ?? null,
    outcomes,
    rolledBack: rolledBack.map((one) => ({ run: one.run, hosts: [...one.hosts] })),
    playbooks: [...playbooks],
    rules: [...rules],
  };
}

function hostTree({ host, steps, paths, outcome, reason, endedAt }: HostRecord): PastRun['hosts'][number] {
  const ends = [...steps.slice(1).map(({ time }) => time), endedAt];
  return {
    host,
    outcome: outcome ?? null,
    ...(reason === undefined ? {} : { reason }),
    finishedAt: endedAt ?? null,
    durationMs: between(steps[0]?.time, endedAt) ?? null,
    files: paths,
    steps: steps.map(({ step, time }, at) => ({
      step,
      startedAt: time,
      durationMs: between(time, ends[at]) ?? null,
    })),
  };
}

/** A past run whose JSON was read back: of its process and its lock nothing is known. */
export function pastRunOf({ run: read, ...head }: ResultDocument<'run'>): PastRunResult {
  const { id, kind, of, plan, cluster, operator, startedAt, finishedAt, durationMs, state, stopped } = read;
  const { inventory, resumed } = read;
  const ms = between(startedAt, finishedAt ?? undefined);
  const hosts = read.hosts.map(({ host, outcome, reason, finishedAt: endedAt, files, steps }): HostRecord => ({
    ...{ host, outcome: outcome ?? undefined, reason, endedAt: endedAt ?? undefined, paths: files, cordon: undefined },
    steps: steps.map(({ step, startedAt: time }) => ({ step, time })),
  }));
  const record = {
    ...{ run: id, kind: kind ?? undefined, of, plan, cluster, inventory, operator, startedAt, resumed, hosts },
    ...{ endedAt: finishedAt ?? undefined, stopped: stopped ?? undefined },
    waitedMs: ms === undefined || durationMs === null ? 0 : ms - durationMs,
    ...{ controller: undefined, lock: undefined, fromNodes: false },
  };
  return { ...head, run: { record, state } };
}
