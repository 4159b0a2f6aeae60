/** Results put together: what every one holds, and the outcome of hosts that nothing was done on. */
import { type Outcome, type OutcomeKind, outcomeKinds } from '../apply/outcome.js';
import { isoTime } from '../lib/clock.js';
import type { Run } from './run.js';
import type { HostPlanned, RunResult } from '../report/model.js';

/** Hosts that no change is made on: unchanged, refused, or not judged. */
export function outcomeWithoutChange(host: HostPlanned): Outcome[] {
  const { name, error, refused, plan } = host;
  if (error !== undefined) {
    return [hostOutcome(name, host.status === 'unreachable' ? 'unreachable' : 'failed', error.message, error.hint)];
  }
  if (refused !== undefined) return [hostOutcome(name, 'refused', refused.reason, refused.hint)];
  return plan !== undefined && plan.edits.length === 0 && !plan.restart ? [hostOutcome(name, 'unchanged')] : [];
}

export const hostOutcome = (host: string, outcome: OutcomeKind, reason?: string, hint?: string): Outcome => ({
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

export function baseOf(run: Run, startedAt: string) {
  return {
    schemaVersion: 1 as const,
    tool: 'kubelatch' as const,
    version: run.version,
    cluster: run.inventory.cluster.name,
    playbooks: run.playbooks.map((playbook) => playbook.name),
    startedAt,
  };
}

export const notesOf = (missing: string | undefined): string[] =>
  missing === undefined ? [] : [`without the API server: ${missing}`];

export function runResult(
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
