/** The node's side of a change, called step by step: what src/node/txn.sh does, with its answers as values. */
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
  | 'listed';

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
}

export interface KeptTransaction {
  readonly id: string;
  readonly state: string;
  readonly about: Partial<TxnAbout>;
}

export type TxnResult = Result<TxnAnswer, HostError>;

/** Seconds that a restart of the unit may take on the node. */
const restartPatience = 90;
const quick = 30_000;

export interface PrepareOptions {
  readonly unit: string;
  readonly restart: boolean;
  readonly reload: boolean;
  readonly about: TxnAbout;
  readonly edits: readonly FileEdit[];
}

export function prepare(session: Session, id: string, options: PrepareOptions): Promise<TxnResult> {
  const files = options.edits.flatMap(({ action, path, before, after, text }) => [
    action,
    path,
    before === null ? '-' : (before.sha256 ?? '?'),
    before?.mode ?? '0',
    before === null ? '0:0' : `${before.uid}:${before.gid}`,
    text === undefined ? '-' : Buffer.from(text, 'utf8').toString('base64'),
    after.mode,
    `${after.uid}:${after.gid}`,
  ]);
  const about = Buffer.from(JSON.stringify(options.about), 'utf8').toString('base64');
  const units = options.restart ? options.unit : '';
  return call(session, 'prepare', id, quick, [
    units,
    options.reload ? 'yes' : 'no',
    String(restartPatience),
    about,
    ...files,
  ]);
}

export const write = (session: Session, id: string): Promise<TxnResult> => call(session, 'write', id, quick);
export const confirm = (session: Session, id: string): Promise<TxnResult> => call(session, 'confirm', id, quick);
export const restart = (session: Session, id: string): Promise<TxnResult> =>
  call(session, 'restart', id, quick + restartPatience * 1000);
/** Puts the files back; `how` says whether the units are restarted too. */
export const revert = (session: Session, id: string, how: 'restart' | 'files-only'): Promise<TxnResult> =>
  call(session, 'revert', id, quick + restartPatience * 1000, [how]);

/** All transactions that a node keeps. */
export async function listTransactions(session: Session): Promise<Result<KeptTransaction[], HostError>> {
  const ran = await session.run(script('txn'), ['list', 'all'], { deadline: quick });
  if (!ran.ok) return ran;
  if (!/^result listed/m.test(ran.value.stdout.toString('utf8'))) return fail(ended('list', ran.value));
  const kept = ran.value.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith('transaction '))
    .map((line): KeptTransaction => {
      const [, id = '', state = '', about = ''] = line.split(' ');
      return { id: decode(id), state, about: parseAbout(decode(about)) };
    });
  return ok(kept.filter(({ id }) => /^[A-Za-z0-9-]+$/.test(id)));
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
  const last = stdout.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
  const match = /^result ([a-z-]+) ?([A-Za-z0-9+/=]*)/.exec(last);
  if (code !== 0 || match === null) return fail(ended(verb, ran.value));
  return ok({ word: match[1] as TxnWord, detail: oneLine(decode(match[2] ?? '')) });
}

function ended(verb: string, { code, stderr }: RunResult): HostError {
  const said = oneLine(stderr);
  const message = `${verb} ended with status ${code ?? 'none'}${said === '' ? '' : `: ${said}`}`;
  return { kind: 'script', message, hint: 'look at /var/lib/kubelatch/txn on the node' };
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

function parseAbout(text: string): Partial<TxnAbout> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
