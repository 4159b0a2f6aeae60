/** Replays a journal into a record of its run: which hosts were begun, how far each came, how it ended. Pure. */
import type { ProcessMark } from '../lib/process-mark.js';
import { oneLine } from '../lib/sanitize.js';
import { type PastRun, type PlanFile, type RunKind, runKinds } from './journal.js';
import { type OutcomeKind, outcomeKinds } from './outcome.js';

export interface RecordedStep {
  readonly step: string;
  /** ISO 8601, UTC; of the moment before the step. */
  readonly time: string;
}

export interface HostRecord {
  readonly host: string;
  readonly steps: readonly RecordedStep[];
  readonly paths: readonly string[];
  /** Undefined while the host has not ended. */
  readonly outcome: OutcomeKind | undefined;
  readonly reason: string | undefined;
  readonly endedAt: string | undefined;
  /** The Node that the run cordoned, which nobody had cordoned before. */
  readonly cordon: string | undefined;
}

export interface RunRecord {
  readonly run: string;
  /** Undefined where the first line of the journal is lost. */
  readonly kind: RunKind | undefined;
  /** The run that a rollback takes back. */
  readonly of: string | undefined;
  /** The saved plan that it carried out. */
  readonly plan?: PlanFile | undefined;
  /** Of an apply; empty where the journal does not say. */
  readonly playbooks?: readonly string[] | undefined;
  /** Rules that failed and were to pass. */
  readonly rules?: readonly string[] | undefined;
  /** The only rules of the playbooks that nodes were judged by; undefined for all. */
  readonly onlyRules?: readonly string[] | undefined;
  readonly cluster: string;
  readonly inventory: string;
  readonly operator: string;
  readonly startedAt: string;
  /** Undefined for a run that did not end. */
  readonly endedAt: string | undefined;
  readonly stopped: string | undefined;
  /** Milliseconds in which the run waited for a person: for an answer between waves, or until it was resumed. */
  readonly waitedMs?: number | undefined;
  /** Hosts that are not begun and that the run can go on with; undefined unless it was paused. */
  readonly paused?: readonly string[] | undefined;
  readonly resumed: readonly { readonly time: string; readonly operator: string }[];
  /** The process that wrote the journal last. */
  readonly controller: ProcessMark | undefined;
  /** The name by which that process held the cluster's run lock. */
  readonly lock: string | undefined;
  /** Reported by nodes, not by the run's own journal: hosts may be missing, and earlier steps are unknown. */
  readonly fromNodes: boolean;
  readonly hosts: readonly HostRecord[];
}

/** The host is not done: it has no outcome, or the outcome `unknown`. */
export const isOpen = ({ outcome }: HostRecord): boolean => outcome === undefined || outcome === 'unknown';

/** Something may have been done on it; a connection alone changes nothing. */
export const isBegun = ({ steps, outcome }: HostRecord): boolean =>
  outcome === 'unknown' || steps.some(({ step }) => step !== 'connect');

/** Its files may have been written: the journal says so, or there is no journal on this machine. */
export const mayHaveWritten = ({ steps, outcome }: HostRecord): boolean =>
  (outcome === 'unknown' && steps.length === 0) || steps.some(({ step }) => !beforeWriting.has(step));
const beforeWriting: ReadonlySet<string> = new Set([
  ...['connect', 'certificate', 'prepare', 'prove', 'cordon', 'arm', 'uncordon'],
]);

/** It did not end, or left hosts in an unknown state. An uninstall that ended never counts: it is simply run again. */
export const isUnfinished = ({ kind, endedAt, hosts }: RunRecord): boolean =>
  endedAt === undefined || (kind !== 'uninstall' && hosts.some((host) => isOpen(host) && isBegun(host)));

type Fields = Readonly<Record<string, unknown>>;
type Draft = { -readonly [key in keyof HostRecord]: HostRecord[key] } & { steps: RecordedStep[] };

/** Values that are not strings are ignored, and every text becomes one line. */
export function replayJournal({ run, entries }: PastRun): RunRecord {
  const hosts = new Map<string, Draft>();
  const hostNamed = (name: string): Draft => {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    const nothing = { outcome: undefined, reason: undefined, endedAt: undefined, cordon: undefined };
    const made: Draft = { host: name, steps: [], paths: [], ...nothing };
    hosts.set(name, made);
    return made;
  };
  let start: Fields | undefined;
  let endedAt: string | undefined;
  let stopped: string | undefined;
  let paused: readonly string[] | undefined;
  let controller: ProcessMark | undefined;
  let lock: string | undefined;
  const resumed: { time: string; operator: string }[] = [];
  let waitedMs = 0;
  let before = '';
  for (const one of entries as readonly unknown[] as readonly Fields[]) {
    const time = textOf(one['time']) ?? '';
    const host = textOf(one['host']);
    switch (one['entry']) {
      case 'run':
        if (start !== undefined) break;
        start = one;
        controller = markOf(one['controller']);
        lock = textOf(one['lock']);
        for (const name of textsOf(one['hosts'])) hostNamed(name);
        break;
      case 'resumed':
        endedAt = undefined;
        // It goes on where it was paused. If it dies, the hosts that it has not begun still wait.
        if (paused !== undefined) stopped = undefined;
        controller = markOf(one['controller']);
        lock = textOf(one['lock']);
        resumed.push({ time, operator: textOf(one['operator']) ?? '?' });
        waitedMs += Math.max(0, Date.parse(time) - Date.parse(before) || 0);
        break;
      case 'pause':
        waitedMs += typeof one['waitedMs'] === 'number' ? Math.max(0, one['waitedMs']) : 0;
        break;
      case 'step': {
        const step = textOf(one['step']);
        if (host === undefined || step === undefined) break;
        const draft = hostNamed(host);
        draft.steps.push({ step, time });
        const paths = textsOf(one['paths']);
        if (paths.length > 0) draft.paths = paths;
        break;
      }
      case 'cordon':
        if (host !== undefined) hostNamed(host).cordon = textOf(one['node']);
        break;
      case 'host': {
        const outcome = outcomeKinds.find((kind) => kind === one['outcome']);
        if (host === undefined || outcome === undefined) break;
        Object.assign(hostNamed(host), { outcome, reason: textOf(one['reason']), endedAt: time });
        break;
      }
      case 'stopped':
        stopped = textOf(one['reason']);
        break;
      case 'paused':
        paused = textsOf(one['hosts']);
        break;
      case 'end':
        endedAt = time;
        break;
    }
    before = time;
  }
  const isWaiting = (name: string): boolean => {
    const host = hosts.get(name);
    return host === undefined || (host.outcome === undefined && !isBegun(host));
  };
  const waiting = paused?.filter(isWaiting) ?? [];
  return {
    run: oneLine(run),
    kind: runKinds.find((kind) => kind === start?.['kind']),
    of: textOf(start?.['of']),
    plan: planOf(start?.['plan']),
    playbooks: textsOf(start?.['playbooks']),
    rules: textsOf(start?.['rules']),
    ...(Array.isArray(start?.['onlyRules']) ? { onlyRules: textsOf(start['onlyRules']) } : {}),
    cluster: textOf(start?.['cluster']) ?? '?',
    inventory: textOf(start?.['inventory']) ?? '?',
    operator: textOf(start?.['operator']) ?? '?',
    startedAt: textOf((entries[0] as Fields | undefined)?.['time']) ?? '',
    endedAt,
    stopped,
    waitedMs: waitedMs === 0 ? undefined : waitedMs,
    paused: waiting.length === 0 ? undefined : waiting,
    resumed,
    controller,
    lock,
    fromNodes: start?.['fromNodes'] === true,
    hosts: [...hosts.values()],
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? oneLine(value) : undefined);
const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.flatMap((one) => textOf(one) ?? []) : []);

function planOf(value: unknown): PlanFile | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { digest, signers } = value as Fields;
  const known = textOf(digest);
  return known === undefined
    ? undefined
    : { digest: known, signers: signers === undefined ? undefined : textsOf(signers) };
}

function markOf(value: unknown): ProcessMark | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { machine, pid, started, namespace } = value as Fields;
  if (typeof machine !== 'string' || typeof pid !== 'number' || typeof started !== 'string') return undefined;
  return { machine: oneLine(machine), pid, started, namespace: textOf(namespace) };
}
