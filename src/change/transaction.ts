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
  /** The node was to be cordoned for the change; undefined: left as it is. */
  readonly seclusion?: 'cordon' | 'drain' | undefined;
}

export interface KeptTransaction {
  readonly id: string;
  readonly state: string;
  readonly about: Partial<TxnAbout>;
  /** Who ended it and when, by the node's clock; empty while nobody did. */
  readonly verdict: string;
  /** Why the node gave up putting it back; empty where it did not. */
  readonly stuck: string;
  /** Seconds until the node puts it back by itself; undefined where no switch is armed. */
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
const restartPatience = 90;
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
  /** Without a word from here for so long, the node puts the change back. */
  readonly deadline: number;
  /** However often there is a word: after so long it puts it back. */
  readonly cap: number;
}

/** For a gate of so many milliseconds. */
export function switchTimes(gate: number): SwitchTimes {
  const deadline = Math.max(10, Math.ceil(gate / 1000));
  return { deadline, cap: 2 * deadline + restartPatience + 60 };
}

export function prepare(session: Session, id: string, options: PrepareOptions): Promise<TxnResult> {
  const files = options.edits.flatMap(({ action, path, before, after, text }) => [
    action,
    path,
    before === null ? '-' : (before.sha256 ?? '?'),
    before?.mode ?? '0',
    before === null ? '0:0' : `${before.uid}:${before.gid}`,
    text === undefined ? '-' : encode(text),
    after.mode,
    `${after.uid}:${after.gid}`,
  ]);
  return call(session, 'prepare', id, quick, [
    options.unit,
    options.restart ? 'yes' : 'no',
    options.reload ? 'yes' : 'no',
    String(restartPatience),
    options.watch.child === true ? options.watch.processName : '-',
    String(options.hold),
    options.nonce,
    encode(oneLine(options.about.operator)),
    encode(JSON.stringify(options.about)),
    encode(script('txn')),
    ...files,
  ]);
}

/** Starts the switch; the answer's detail is the time until it acts, as systemd on the node tells it. */
export const arm = (session: Session, id: string, { deadline, cap }: SwitchTimes): Promise<TxnResult> =>
  call(session, 'arm', id, 2 * quick, [String(deadline), String(cap)]);
export const write = (session: Session, id: string): Promise<TxnResult> => call(session, 'write', id, quick);
/** Says that this side lives: the switch acts later. */
export const beat = (session: Session, id: string, nonce: string): Promise<TxnResult> =>
  call(session, 'beat', id, quick / 3, [nonce]);
/** Ends the change for good; `state` where the node decided otherwise before. */
export const confirm = (session: Session, id: string, nonce: string): Promise<TxnResult> =>
  call(session, 'confirm', id, 2 * quick, [nonce]);
export const restart = (session: Session, id: string): Promise<TxnResult> =>
  call(session, 'restart', id, quick + restartPatience * 1000);
/** Puts the files back, from any state, as often as it takes; `how` says whether the units are restarted too. */
export const revert = (session: Session, id: string, how: 'restart' | 'files-only', by: string): Promise<TxnResult> =>
  call(session, 'revert', id, 2 * quick + restartPatience * 1000, [how, by]);
/** Removes finished changes but the newest `keep`, and never that of `id`. */
export const prune = (session: Session, id: string, keep: number): Promise<TxnResult> =>
  call(session, 'prune', id, quick, [String(keep)]);
/** Removes every trace of this tool from the node, unless a change is unfinished there. */
export const uninstall = (session: Session): Promise<TxnResult> => call(session, 'uninstall', 'all', 2 * quick);

/** The newest first. */
export const newestFirst = (transactions: readonly KeptTransaction[]): KeptTransaction[] =>
  transactions.toSorted((left, right) => right.order - left.order || (left.id < right.id ? 1 : -1));

/** Who holds a node, by the detail of `pending`. */
export interface Holder {
  readonly run: string;
  readonly state: string;
  /** Seconds since it began; undefined where the node was started since. */
  readonly age: number | undefined;
  /** Seconds until the node puts it back by itself. */
  readonly left: number | undefined;
  readonly owner: string;
}

export function parseHolder(detail: string): Holder {
  const [id = '', state = '', age = '', left = '', ...owner] = detail.split(' ');
  // It stands in commands that are there to be copied.
  const run = isRunId(id) ? id : '?';
  return { run, state, age: wholeSeconds(age), left: wholeSeconds(left), owner: owner.join(' ') };
}

const isRunId = (id: string): boolean => /^[A-Za-z0-9-]{1,64}$/.test(id);
const wholeSeconds = (text: string): number | undefined => (/^-?\d{1,9}$/.test(text) ? Number(text) : undefined);

/** All transactions that a node keeps. */
export async function listTransactions(session: Session): Promise<Result<KeptTransaction[], HostError>> {
  const ran = await session.run(script('txn'), ['list', 'all'], { deadline: quick });
  if (!ran.ok) return ran;
  const lines = ran.value.stdout.toString('utf8').split('\n');
  if (!lines.some((line) => line.startsWith('result listed'))) return fail(ended('list', ran.value));
  const kept = lines
    .filter((line) => line.startsWith('transaction '))
    .map((line): KeptTransaction => {
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

async function call(
  session: Session,
  verb: string,
  id: string,
  deadline: number,
  args: readonly string[] = [],
): Promise<TxnResult> {
  const ran = await session.run(script('txn'), [verb, id, ...args], { deadline });
  if (!ran.ok) return ran;
  const { code, stdout } = ran.value;
  // Without the end of its line an answer may be the first part of another one.
  const match = /(?:^|\n)result ([a-z-]+) ?([A-Za-z0-9+/=]*)\n$/.exec(stdout.toString('utf8'));
  if (code !== 0 || match === null) return fail(ended(verb, ran.value));
  return ok({ word: match[1] as TxnWord, detail: oneLine(decode(match[2] ?? '')) });
}

function ended(verb: string, { code, stderr }: RunResult): HostError {
  const said = oneLine(stderr);
  const message = `${verb} ended with status ${code ?? 'none'}${said === '' ? '' : `: ${said}`}`;
  return { kind: 'script', message, hint: 'look at /var/lib/kubelatch/txn on the node' };
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
