/** Results put together: what every one holds, and the outcome of hosts that nothing was done on. */
import type { HookResult } from '../run/hooks.js';
import { type Outcome, type OutcomeKind, hostOutcome, outcomeKinds } from '../run/outcome.js';
import { isoTime } from '../lib/clock.js';
import type { Run } from './context.js';
import { namesFor } from '../playbook/audience.js';
import type { FindingStatus } from '../playbook/assess.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { AuditResult, HostAudit, HostPlanned, RunInfo, RunResult } from '../report/model.js';

/** Hosts that no change is made on: unchanged, refused, or not judged. */
export function outcomeWithoutChange(host: HostPlanned): Outcome[] {
  const { host: name, error, refused, plan } = host;
  if (error !== undefined) {
    return [hostOutcome(name, host.status === 'unreachable' ? 'unreachable' : 'failed', error.message, error.hint)];
  }
  if (refused !== undefined) return [hostOutcome(name, 'refused', refused.reason, refused.hint)];
  return plan !== undefined && plan.edits.length === 0 && !plan.restart ? [hostOutcome(name, 'unchanged')] : [];
}

/** `hosts`: those that were judged, which decide what a family of playbooks was for them. */
export function baseOf(run: Run, startedAt: string, hosts: readonly JudgedKind[] = []) {
  return {
    schemaVersion: 1 as const,
    tool: 'kubelatch' as const,
    version: run.version,
    cluster: run.inventory.cluster.name,
    playbooks: playbookNames(run, hosts),
    startedAt,
    finishedAt: isoTime(),
  };
}

type JudgedKind = Pick<HostAudit, 'status' | 'distro' | 'kubeletVersion'>;

/** The names of the playbooks that hosts were judged by. */
export const playbookNames = ({ playbooks }: Run, hosts: readonly JudgedKind[]): readonly string[] =>
  namesFor(
    playbooks,
    hosts.filter(({ status }) => status === 'judged'),
  );

/** The counts are of findings about hosts and about the cluster. */
export function auditSummary(
  hosts: readonly HostAudit[],
  clusterFindings: readonly ClusterFinding[],
): AuditResult['summary'] {
  const all = [clusterFindings, ...hosts.map(({ findings }) => findings)];
  const count = (status: FindingStatus): number =>
    all.reduce((sum, findings) => sum + findings.filter((one) => one.status === status).length, 0);
  return {
    hosts: hosts.length,
    judged: hosts.filter((host) => host.status === 'judged').length,
    pass: count('pass'),
    fail: count('fail'),
    unknown: count('unknown'),
    notApplicable: count('not-applicable'),
  };
}

/** `missing`: why the API server is not asked. */
export const notesOf = ({ onlyRules }: Pick<Run, 'onlyRules'>, missing: string | undefined): string[] => [
  ...(missing === undefined ? [] : [`without the API server: ${missing}`]),
  ...(onlyRules === undefined ? [] : [`only these rules of the playbooks were judged: ${onlyRules.join(', ')}`]),
];

/** A sentence for after hooks that failed in the same way; those before a host or a wave are the reason of what did not start. */
export function hookNotes(hooks: readonly HookResult[]): string[] {
  const failed = hooks.filter(({ hook, failure }) => failure !== undefined && hook.startsWith('after'));
  const groups = new Map<string, string[]>();
  for (const { hook, host, wave, failure = '' } of failed) {
    const what = `the ${hook} hook ${failure}`;
    groups.set(what, [...(groups.get(what) ?? []), host ?? `wave ${wave}`]);
  }
  return [...groups].map(([what, places]) => {
    const more = places.length > 5 ? ` and ${places.length - 5} more` : '';
    return `${what} (${places.slice(0, 5).join(', ')}${more}); what it was to do may have to be done by hand`;
  });
}

type RunAbout = Pick<RunResult, 'startedAt'> & {
  readonly notes?: readonly string[] | undefined;
  /** Those of a saved plan; otherwise the run's own. */
  readonly playbooks?: readonly string[] | undefined;
} & Pick<RunInfo, 'of' | 'plan'> & { readonly run: string } & (
    | { readonly kind: 'apply' | 'rollback' }
    /** `runKind`: of the run that it continues. */
    | { readonly kind: 'resume'; readonly runKind: RunInfo['kind'] }
  );

export function runResult(
  run: Run,
  about: RunAbout,
  outcomes: readonly Outcome[],
  stopped: string | undefined,
): RunResult {
  const { kind, run: id, of, plan, startedAt, notes = [] } = about;
  const base = baseOf(run, startedAt);
  const order = new Map(run.hosts.map((host, index) => [host.name, index]));
  const sorted = outcomes.toSorted((left, right) => (order.get(left.host) ?? 0) - (order.get(right.host) ?? 0));
  const count = (wanted: OutcomeKind): number => outcomes.filter((one) => one.outcome === wanted).length;
  return {
    ...base,
    playbooks: about.playbooks ?? base.playbooks,
    kind,
    run: { id, kind: about.kind === 'resume' ? about.runKind : about.kind, of, plan },
    stopped,
    hosts: sorted,
    notes,
    summary: Object.fromEntries(outcomeKinds.map((one) => [one, count(one)])) as Record<OutcomeKind, number>,
  };
}
