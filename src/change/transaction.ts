/** The node's side of a change, called step by step: what src/node/txn.sh does, with its answers as values. */
import type { WatchTarget } from '../facts/kubelet-setup.js';
import type { FileEdit } from '../plan/file-edit.js';
import type { HostPlan } from '../plan/host-plan.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { script } from '../node/scripts.js';
import type { HostError } from '../ssh/errors.js';
import type { RunResult, Session } from '../ssh/session.js';

/** Words that txn.sh answers with; `detail` says more. */
export type TxnWord =
  | 'prepared'
  | 'pending'
  | 'exists'
  | 'changed'
  | 'unsafe'
  | 'error'
  | 'armed'
  | 'beating'
  | 'applied'
  | 'put-back'
  | 'broken'
  | 'restarted'
  | 'restart-failed'
  | 'confirmed'
  | 'reverted'
  | 'conflict'
  | 'nothing'
  | 'state'
  | 'none'
  | 'pruned'
  | 'uninstalled';

export interface TxnAnswer {
  readonly word: TxnWord;
  readonly detail: string;
  /** What ails a disk that the change writes to, where the verb failed and one is so. */
  readonly ailment?: 'no-space' | 'read-only' | undefined;
}

/** What is written on the node beside the copies, so that it can be undone from any machine. */
export interface TxnAbout {
  readonly run: string;
  readonly cluster: string;
  readonly host: string;
  /** ISO 8601, the controller's clock. */
  readonly startedAt: string;
  readonly tool: string;
  readonly operator: string;
  /** The plan without its edits: what a rollback has to know of the node. */
  readonly plan: HostPlan;
  /** Of the files that were changed. */
  readonly paths?: readonly string[] | undefined;
  /** Those of `paths` that the change creates, so that a rollback removes them; undefined in records of older versions. */
  readonly created?: readonly string[] | undefined;
  /** The node was to be cordoned for the change; undefined: left as it is. */
  readonly seclusion?: 'cordon' | 'drain' | undefined;
}

export interface NodeTransaction {
  readonly id: string;
  readonly state: string;
  readonly about: Partial<TxnAbout>;
  /** Who ended it and when, by the node's clock; empty while nobody did. */
  readonly verdict: string;
  /** Why the node gave up putting it back; empty where it did not. */
  readonly stuck: string;
  /** Seconds until the node reverts on its own; undefined if no switch is armed. */
  readonly left: number | undefined;
  /** As the node counts its changes, from 1; 0 for those from before it did. Names have the times of clocks that differ. */
  readonly order: number;
  /** Of the node's disk; undefined where it does not say. */
  readonly bytes: number | undefined;
}

/** States in which a change holds its node. */
export const isPending = (state: string): boolean =>
  ['armed', 'writing', 'applied', 'reverting', 'unreadable'].includes(state);

export type TxnResult = Result<TxnAnswer, HostError>;

/** Seconds that a restart of the unit may take on the node. */
const restartTimeout = 90;
const quick = 30_000;

export interface PrepareOptions {
  readonly unit: string;
  readonly restart: boolean;
  readonly reload: boolean;
  readonly watch: WatchTarget;
  readonly about: TxnAbout;
  readonly edits: readonly FileEdit[];
  /** Seconds for which others leave the change alone while no switch is armed yet. */
  readonly hold: number;
  /** Known to this run alone: nobody else can confirm its change. */
  readonly nonce: string;
}

/** Times of the switch on the node, in whole seconds. */
export interface SwitchTimes {
  /** Without a heartbeat for this long, the node reverts the change. */
  readonly deadline: number;
  /** The node reverts after this long even with heartbeats. */
  readonly cap: number;
}

/** For a gate of so many milliseconds. */
export function switchTimes(gate: number): SwitchTimes {
  const deadline = Math.max(10, Math.ceil(gate / 1000));
  return { deadline, cap: 2 * deadline + restartTimeout + 60 };
}

export function prepare(session: Session, id: string, options: PrepareOptions): Promise<TxnResult> {
  const files = options.edits.flatMap(({ action, path, before, after, text, isNodeKey }) => [
    action,
    path,
    before === null ? '-' : (before.sha256 ?? '?'),
    before?.mode ?? '0',
    before === null ? '0:0' : `${before.uid}:${before.gid}`,
    isNodeKey === true ? '@key' : text === undefined ? '-' : encode(text),
    after.mode,
    `${after.uid}:${after.gid}`,
  ]);
  return call(
    session,
    [
      'prepare',
      id,
      options.unit,
      options.restart ? 'yes' : 'no',
      options.reload ? 'yes' : 'no',
      String(restartTimeout),
      options.watch.child === true ? options.watch.processName : '-',
      String(options.hold),
      options.nonce,
      encode(oneLine(options.about.operator)),
      encode(JSON.stringify(options.about)),
      encode(script('txn')),
      ...files,
    ],
    quick,
  );
}

/** Starts the switch; the answer's detail is the time until it acts, as systemd on the node tells it. */
export const arm = (session: Session, id: string, { deadline, cap }: SwitchTimes): Promise<TxnResult> =>
  call(session, ['arm', id, String(deadline), String(cap)], 2 * quick);
export const write = (session: Session, id: string): Promise<TxnResult> => call(session, ['write', id], quick);
/** A heartbeat: extends the deadline of the switch. */
export const beat = (session: Session, id: string, nonce: string): Promise<TxnResult> =>
  call(session, ['beat', id, nonce], quick / 3);
/** Confirms the change; answers `state` if the node has already decided otherwise. */
export const confirm = (session: Session, id: string, nonce: string): Promise<TxnResult> =>
  call(session, ['confirm', id, nonce], 2 * quick);
export const restart = (session: Session, id: string): Promise<TxnResult> =>
  call(session, ['restart', id], quick + restartTimeout * 1000);
/** Restores the old files, from any state; can be repeated. `how` says whether the units are restarted too. */
export const revert = (session: Session, id: string, how: 'restart' | 'files-only', by: string): Promise<TxnResult> =>
  call(session, ['revert', id, how, by], 2 * quick + restartTimeout * 1000);
/** Removes finished changes except the newest `keep`, and never that of `id`. */
export const prune = (session: Session, id: string, keep: number): Promise<TxnResult> =>
  call(session, ['prune', id, String(keep)], quick);
/** Removes every trace of this tool from the node, unless a change is unfinished there. */
export const uninstall = (session: Session): Promise<TxnResult> => call(session, ['uninstall', 'all'], 2 * quick);

/** The newest first. */
export const newestFirst = (transactions: readonly NodeTransaction[]): NodeTransaction[] =>
  transactions.toSorted((left, right) => right.order - left.order || (left.id < right.id ? 1 : -1));

/** Who holds a node, by the detail of `pending`. */
export interface Holder {
  readonly run: string;
  readonly state: string;
  /** Seconds since it began; undefined where the node was started since. */
  readonly age: number | undefined;
  /** Seconds until the node reverts on its own. */
  readonly left: number | undefined;
  readonly owner: string;
}

export function parseHolder(detail: string): Holder {
  const [id = '', state = '', age = '', left = '', ...owner] = detail.split(' ');
  // It appears in commands that people copy.
  const run = isRunId(id) ? id : '?';
  return { run, state, age: wholeSeconds(age), left: wholeSeconds(left), owner: owner.join(' ') };
}

const isRunId = (id: string): boolean => /^[A-Za-z0-9-]{1,64}$/.test(id);
const wholeSeconds = (text: string): number | undefined => (/^-?\d{1,9}$/.test(text) ? Number(text) : undefined);

/** All transactions that a node keeps. */
export async function listTransactions(session: Session): Promise<Result<NodeTransaction[], HostError>> {
  const ran = await session.run(script('txn'), ['list', 'all'], { deadline: quick });
  if (!ran.ok) return ran;
  const lines = ran.value.stdout.toString('utf8').split('\n');
  if (!lines.some((line) => line.startsWith('result listed'))) return fail(ended('list', ran.value));
  const kept = lines
    .filter((line) => line.startsWith('transaction '))
    .map((line): NodeTransaction => {
      const [, id = '', state = '', about = '', verdict = '', stuck = '', left = '', order = '', size = ''] =
        line.split(' ');
      return {
        id: decode(id),
        state,
        about: parseAbout(decode(about)),
        verdict: oneLine(decode(verdict.slice(1))),
        stuck: oneLine(decode(stuck.slice(1))),
        left: wholeSeconds(left),
        order: wholeSeconds(order) ?? 0,
        bytes: /^\d{1,9}$/.test(size) ? Number(size) * 1024 : undefined,
      };
    });
  return ok(kept.filter(({ id }) => isRunId(id)));
}

/** `words`: the verb, the id of the transaction, and further arguments. */
async function call(
  session: Session,
  words: readonly [verb: string, id: string, ...args: string[]],
  deadline: number,
): Promise<TxnResult> {
  const ran = await session.run(script('txn'), words, { deadline });
  if (!ran.ok) return ran;
  const { code, stdout } = ran.value;
  // Without the end of its line an answer may be the first part of another one.
  const match = /(?:^|\n)result ([a-z-]+) ?([A-Za-z0-9+/=]*)(?: ([a-z-]+))?\n$/.exec(stdout.toString('utf8'));
  if (code !== 0 || match === null) return fail(ended(words[0], ran.value));
  const ailment = match[3] === 'no-space' || match[3] === 'read-only' ? match[3] : undefined;
  return ok({ word: match[1] as TxnWord, detail: oneLine(decode(match[2] ?? '')), ailment });
}

function ended(verb: string, { code, stderr }: RunResult): HostError {
  const said = oneLine(stderr);
  const message = `the ${verb} step on the node ended with exit status ${code ?? 'none'}${said === '' ? '' : `: ${said}`}`;
  return { kind: 'script', message, hint: 'check /var/lib/kubelatch/txn on the node' };
}

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

function parseAbout(text: string): Partial<TxnAbout> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
