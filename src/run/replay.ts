/** Replays a journal into a record of its run. Pure. */
import type { ProcessMark } from '../lib/process-mark.js';
import { oneLine } from '../lib/sanitize.js';
import { type PastRun, type PlanFile, runKinds } from './journal.js';
import { outcomeKinds } from './outcome.js';
import { type HostRecord, type RecordedStep, type RunRecord, isBegun } from './record.js';

type Fields = Readonly<Record<string, unknown>>;
type Draft = { -readonly [key in keyof HostRecord]: HostRecord[key] } & { steps: RecordedStep[] };

/** What the entries said so far. */
interface Replay {
  readonly hosts: Map<string, Draft>;
  readonly resumed: { readonly time: string; readonly operator: string }[];
  start: Fields | undefined;
  endedAt: string | undefined;
  stopped: string | undefined;
  paused: readonly string[] | undefined;
  controller: ProcessMark | undefined;
  lock: string | undefined;
  waitedMs: number;
  /** The time of the entry before. */
  before: string;
}

/** Values that are not strings are ignored, and every text becomes one line. */
export function replayJournal({ run, entries }: PastRun): RunRecord {
  const replay: Replay = {
    ...{ hosts: new Map(), resumed: [], start: undefined, endedAt: undefined, stopped: undefined },
    ...{ paused: undefined, controller: undefined, lock: undefined, waitedMs: 0, before: '' },
  };
  for (const one of entries as readonly unknown[] as readonly Fields[]) {
    const time = textOf(one['time']) ?? '';
    readers.get(one['entry'])?.(replay, one, time);
    replay.before = time;
  }
  const startedAt = textOf((entries[0] as Fields | undefined)?.['time']) ?? '';
  return { run: oneLine(run), startedAt, ...startOf(replay.start), ...endOf(replay) };
}

/** Reads one kind of entry. */
type Reader = (replay: Replay, entry: Fields, time: string) => void;

const readers: ReadonlyMap<unknown, Reader> = new Map<string, Reader>([
  ['run', readRun],
  ['resumed', readResumed],
  ['step', readStep],
  ['host', readHost],
  ['pause', (replay, { waitedMs }) => (replay.waitedMs += typeof waitedMs === 'number' ? Math.max(0, waitedMs) : 0)],
  ['cordon', ({ hosts }, entry) => withHost(hosts, entry, (host) => (host.cordon = textOf(entry['node'])))],
  ['stopped', (replay, { reason }) => (replay.stopped = textOf(reason))],
  ['paused', (replay, { hosts }) => (replay.paused = textsOf(hosts))],
  ['end', (replay, _, time) => (replay.endedAt = time)],
]);

function readRun(replay: Replay, entry: Fields): void {
  if (replay.start !== undefined) return;
  replay.start = entry;
  replay.controller = markOf(entry['controller']);
  replay.lock = textOf(entry['lock']);
  for (const name of textsOf(entry['hosts'])) hostNamed(replay.hosts, name);
}

function readResumed(replay: Replay, entry: Fields, time: string): void {
  replay.endedAt = undefined;
  // It goes on where it was paused. If it dies, the hosts that it has not begun still wait.
  if (replay.paused !== undefined) replay.stopped = undefined;
  replay.controller = markOf(entry['controller']);
  replay.lock = textOf(entry['lock']);
  replay.resumed.push({ time, operator: textOf(entry['operator']) ?? '?' });
  replay.waitedMs += Math.max(0, Date.parse(time) - Date.parse(replay.before) || 0);
}

function readStep({ hosts }: Replay, entry: Fields, time: string): void {
  const step = textOf(entry['step']);
  if (step === undefined) return;
  withHost(hosts, entry, (host) => {
    host.steps.push({ step, time });
    const paths = textsOf(entry['paths']);
    if (paths.length > 0) host.paths = paths;
  });
}

function readHost({ hosts }: Replay, entry: Fields, time: string): void {
  const outcome = outcomeKinds.find((kind) => kind === entry['outcome']);
  if (outcome === undefined) return;
  withHost(hosts, entry, (host) => {
    Object.assign(host, { outcome, reason: textOf(entry['reason']), endedAt: time });
  });
}

function withHost(hosts: Replay['hosts'], entry: Fields, change: (host: Draft) => void): void {
  const name = textOf(entry['host']);
  if (name !== undefined) change(hostNamed(hosts, name));
}

function hostNamed(hosts: Replay['hosts'], name: string): Draft {
  const known = hosts.get(name);
  if (known !== undefined) return known;
  const nothing = { outcome: undefined, reason: undefined, endedAt: undefined, cordon: undefined };
  const made: Draft = { host: name, steps: [], paths: [], ...nothing };
  hosts.set(name, made);
  return made;
}

type Start =
  | 'kind'
  | 'of'
  | 'plan'
  | 'playbooks'
  | 'rules'
  | 'onlyRules'
  | 'cluster'
  | 'inventory'
  | 'operator'
  | 'fromNodes';

/** What the first entry says; it may be lost. */
function startOf(start: Fields = {}): Pick<RunRecord, Start> {
  return {
    kind: runKinds.find((kind) => kind === start['kind']),
    of: textOf(start['of']),
    plan: planOf(start['plan']),
    playbooks: textsOf(start['playbooks']),
    rules: textsOf(start['rules']),
    ...(Array.isArray(start['onlyRules']) ? { onlyRules: textsOf(start['onlyRules']) } : {}),
    cluster: textOf(start['cluster']) ?? '?',
    inventory: textOf(start['inventory']) ?? '?',
    operator: textOf(start['operator']) ?? '?',
    fromNodes: start['fromNodes'] === true,
  };
}

function endOf({
  hosts,
  endedAt,
  stopped,
  waitedMs,
  paused,
  resumed,
  controller,
  lock,
}: Replay): Omit<RunRecord, Start | 'run' | 'startedAt'> {
  const isWaiting = (name: string): boolean => {
    const host = hosts.get(name);
    return host === undefined || (host.outcome === undefined && !isBegun(host));
  };
  const waiting = paused?.filter(isWaiting) ?? [];
  return {
    ...{ endedAt, stopped, resumed, controller, lock, hosts: [...hosts.values()] },
    waitedMs: waitedMs === 0 ? undefined : waitedMs,
    paused: waiting.length === 0 ? undefined : waiting,
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
