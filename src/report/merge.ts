/** Saved results as one: of a host that is in several, the newest result counts, and what that leaves out is told. Pure. */
import { ToolError } from '../lib/errors.js';
import { unique } from '../lib/lists.js';
import { clusterFingerprintOf } from './fingerprint.js';
import { groupBy } from './group.js';
import { hostList } from './host-list.js';
import { inSelectedOrder, isShard, missingHosts, notesOfWhole, shardFindings } from './merge-shards.js';
import type { AuditResult, HostAudit, PlanResult, Result, ResultHead, RunResult, ShownHost } from './model.js';
import { momentText } from './time.js';
import type { VerifyResult } from './verify-model.js';
import { line } from './words.js';

export interface Source {
  /** As the user gave it: the path of a file, or a run. */
  readonly name: string;
  readonly result: Result;
}

export interface Merged {
  /** One for each kind, and for each run. */
  readonly results: readonly Result[];
  /** One sentence each, for a person. */
  readonly conflicts: readonly string[];
}

type Mergeable = AuditResult | VerifyResult | PlanResult<ShownHost> | RunResult;
interface Dated<T extends Mergeable = Mergeable> {
  readonly name: string;
  readonly result: T;
}

/** Throws ToolError `usage` for results of different clusters: hosts of one name are not one host there. */
export function mergeResults(sources: readonly Source[], head: ResultHead): Merged {
  const clusters = unique(sources.flatMap(({ result }) => ('cluster' in result ? [result.cluster] : [])));
  if (clusters.length > 1) {
    const names = clusters.map((one) => line(one, 80)).join(' and ');
    throw new ToolError('usage', `the results are of different clusters: ${names}`, {
      hint: 'make a report for each cluster',
    });
  }
  const conflicts: string[] = [];
  const groups = groupBy([...sources.entries()], ([at, { result }]) => keyOf(result) ?? String(at));
  const results = groups.map((group): Result => {
    const [[, first] = [], second] = group;
    if (first === undefined) throw new RangeError('an empty group');
    if (second === undefined && !isShard(first.result)) return first.result;
    const dated = group.map(([, one]) => one as Dated);
    return mergeGroup(dated, head, conflicts);
  });
  return { results, conflicts };
}

/** Results with the same key become one; undefined for a result that stays on its own. */
function keyOf(result: Result): string | undefined {
  switch (result.kind) {
    case 'audit':
    case 'verify':
    case 'plan':
      return result.kind;
    case 'apply':
    case 'rollback':
    case 'resume':
      return result.run === undefined ? undefined : `run ${result.run.id}`;
    default:
      return undefined;
  }
}

function mergeGroup(group: readonly Dated[], head: ResultHead, conflicts: string[]): Result {
  // Of two with one time, the later argument is the newer.
  const newestFirst = group.toReversed().toSorted((one, other) => timeOf(other) - timeOf(one));
  const owners = new Map<string, Dated>();
  for (const one of newestFirst) for (const { host } of one.result.hosts) if (!owners.has(host)) owners.set(host, one);
  conflicts.push(...newestFirst.flatMap((one) => leftOut(one, owners)));
  const missing = missingHosts(
    group.map(({ result }) => result),
    new Set(owners.keys()),
  );
  conflicts.push(...missing.sentences);
  const used = group.filter((one) => one.result.hosts.length === 0 || [...owners.values()].includes(one));
  const playbooks = unique(used.map(({ result }) => result.playbooks.toSorted().join(',')));
  if (playbooks.length > 1)
    conflicts.push(
      `The hosts were not all judged by the same playbooks: ${playbooks.map((one) => line(one)).join('; ')}.`,
    );
  const [newest] = newestFirst;
  if (newest === undefined) throw new RangeError('an empty group');
  const base = {
    ...head,
    playbooks: unique(used.flatMap(({ result }) => result.playbooks)),
    startedAt: earliest(used.map(({ result }) => result.startedAt)),
    finishedAt: newest.result.finishedAt,
    notes: unique([...used.flatMap(({ result }) => notesOfWhole(result)), ...conflicts]),
  };
  switch (newest.result.kind) {
    case 'audit':
      return mergedAudit(newest.result, base, used as Dated<AuditResult>[], owners, missing.hosts);
    case 'verify': {
      const { hosts } = kept(used as Dated<VerifyResult>[], owners);
      const summary = judgedSummary(
        hosts,
        hosts.flatMap(({ checks }) => checks),
      );
      return { ...newest.result, ...base, hosts, summary };
    }
    case 'plan':
      return mergedPlan(newest.result, base, used as Dated<PlanResult<ShownHost>>[], owners);
    case 'apply':
    case 'rollback':
    case 'resume': {
      const { hosts } = kept(used as Dated<RunResult>[], owners);
      return { ...newest.result, ...base, hosts, summary: outcomeSummary(newest.result, hosts) };
    }
  }
}

type Owners = ReadonlyMap<string, Dated>;
type Base = Pick<AuditResult, 'playbooks' | 'startedAt' | 'finishedAt' | 'notes' | keyof ResultHead>;

function outcomeSummary({ summary }: RunResult, hosts: RunResult['hosts']): RunResult['summary'] {
  const number = (wanted: string): number => hosts.filter(({ outcome }) => outcome === wanted).length;
  return Object.fromEntries(Object.keys(summary).map((kind) => [kind, number(kind)])) as RunResult['summary'];
}

/** Hosts in the order of the arguments. */
const kept = <T extends Mergeable>(
  used: readonly Dated<T>[],
  owners: Owners,
): { readonly hosts: readonly T['hosts'][number][] } => ({
  hosts: used.flatMap((one) => one.result.hosts.filter(({ host }) => owners.get(host)?.result === one.result)),
});

/** Drift describes one audit alone. `missing`: hosts of shards that were not given. */
function mergedAudit(
  newest: AuditResult,
  base: Base,
  used: readonly Dated<AuditResult>[],
  owners: Owners,
  missing: readonly HostAudit[],
): AuditResult {
  const { drift, ...rest } = newest;
  const shards = used.map(({ result }) => result).filter(isShard);
  const isWhole = shards.length < used.length;
  const all = [...kept(used, owners).hosts, ...missing];
  const hosts = isWhole ? all : inSelectedOrder(all, shards);
  const notes = drift === undefined ? base.notes : [...base.notes, 'The comparison with a baseline is left out.'];
  const clusterFindings = isWhole ? clusterFindingsOf(used) : shardFindings(shards, hosts);
  const summary = judgedSummary(hosts, [...hosts.flatMap(({ findings }) => findings), ...clusterFindings]);
  return { ...rest, ...base, shard: undefined, notes, hosts, clusterFindings, summary };
}

function mergedPlan(
  { saved, ...newest }: PlanResult<ShownHost>,
  base: Base,
  used: readonly Dated<PlanResult<ShownHost>>[],
  owners: Owners,
): PlanResult<ShownHost> {
  const { hosts } = kept(used, owners);
  const waves = used.flatMap((one) =>
    one.result.waves.map((names) => names.filter((name) => owners.get(name)?.result === one.result)),
  );
  const changing = hosts.filter(({ plan }) => plan !== undefined && (plan.edits.length > 0 || plan.restart));
  const restarts = changing.filter(({ plan }) => plan?.restart === true);
  const notes =
    saved === undefined ? base.notes : [...base.notes, `Saved plans are applied one by one: ${line(saved.path)}.`];
  return {
    ...{ ...newest, ...base, notes, hosts, clusterFindings: clusterFindingsOf(used) },
    waves: waves.filter((names) => names.length > 0),
    summary: {
      ...{ hosts: hosts.length, change: changing.length, restarts: restarts.length },
      controlPlaneRestarts: restarts.filter(({ role }) => role === 'control-plane').length,
      unchanged: hosts.filter(({ plan }) => plan !== undefined).length - changing.length,
      refused: hosts.filter(({ refused }) => refused !== undefined).length,
      notJudged: hosts.filter(({ status }) => status !== 'judged').length,
    },
  };
}

/** Each finding as the newest result that has it. */
function clusterFindingsOf(used: readonly Dated<AuditResult | PlanResult<ShownHost>>[]) {
  const oldestFirst = used.toSorted((one, other) => timeOf(one) - timeOf(other));
  const all = oldestFirst.flatMap(({ result }) => result.clusterFindings);
  return [...new Map(all.map((one) => [clusterFingerprintOf(one), one])).values()];
}

type Status = { readonly status: string };
function judgedSummary(hosts: readonly Status[], all: readonly Status[]): AuditResult['summary'] {
  const number = (wanted: string): number => all.filter(({ status }) => status === wanted).length;
  return {
    ...{ hosts: hosts.length, judged: hosts.filter(({ status }) => status === 'judged').length },
    ...{ pass: number('pass'), fail: number('fail'), unknown: number('unknown') },
    notApplicable: number('not-applicable'),
  };
}

/** What of a result does not count, since a newer one has it. */
function leftOut(one: Dated, owners: Owners): string[] {
  const lost = one.result.hosts.filter(({ host }) => owners.get(host) !== one);
  return groupBy(lost, ({ host }) => owners.get(host)?.name ?? '').map((group) => {
    const newer = owners.get(group[0]?.host ?? '');
    const names = hostList(group.map(({ host }) => host));
    const when = newer === undefined ? '' : ` (${momentText(newer.result.finishedAt)} UTC)`;
    const unread = group.filter((host) => isJudged(host) && !isJudged(hostIn(newer, host.host)));
    const now = unread.length === 0 ? '' : `, where ${hostList(unread.map(({ host }) => host))} could not be judged`;
    return `${names}: taken from ${line(newer?.name ?? '')}${when}${now}, not from the older ${line(one.name)}.`;
  });
}

type AnyHost = Mergeable['hosts'][number];
const hostIn = (one: Dated | undefined, name: string): AnyHost | undefined =>
  one?.result.hosts.find(({ host }) => host === name);
const isJudged = (host: AnyHost | undefined): boolean =>
  host !== undefined && (!('status' in host) || host.status === 'judged');

const timeOf = ({ result }: Dated): number => Date.parse(result.finishedAt) || 0;
const earliest = (times: readonly string[]): string =>
  times.reduce((first, one) => (Date.parse(one) < Date.parse(first) ? one : first));
