/** Has a node put a change back, over as many connections as it takes, and proves the old configuration. */
import { monotonic, sleep } from '../lib/clock.js';
import { type GateResult, failureOf, proveOld } from './gate.js';
import type { HostTask, RunContext, Track } from './host-task.js';
import { type SwitchTimes, type TxnResult, revert } from './node-transaction.js';
import type { Outcome } from './outcome.js';
import type { Session } from '../ssh/session.js';

export interface Change {
  readonly id: string;
  /** For where no other connection comes about. */
  readonly session: Session;
  /** Its unit was or may have been restarted. */
  readonly restarts: boolean;
  readonly times: SwitchTimes;
}

/** Milliseconds beyond its deadline after which a node's switch must have acted. */
const grace = 30_000;
const pause = 1000;

/** Why a change did not stay, and how the node came out of it: `reverted` once its old configuration is proved. */
export async function putBack(
  because: string,
  change: Change,
  task: HostTask,
  context: RunContext,
  { progress, step, finish }: Track,
): Promise<Outcome> {
  const { id, restarts, times } = change;
  const look = `log in and look: systemctl status ${task.target.unit}, /var/lib/kubelatch/txn/${id}`;
  const said = await step('revert', () => untilDecided(change, `the run: ${because}`, task));
  if (!said.ok) {
    const itself = `its own switch puts it back ${times.deadline} s after the last word from here`;
    return finish(
      'unknown',
      `${because}; ${itself}, but the node cannot be asked: ${said.error.message}`,
      `kubelatch resume ${id}`,
    );
  }
  const { word, detail } = said.value;
  if (word === 'conflict') {
    const hint = `both versions are kept: the old one is in /var/lib/kubelatch/txn/${id}/old`;
    return finish('unknown', `${because}; not put back: ${detail} was edited by somebody else meanwhile`, hint);
  }
  if (word === 'nothing') return finish('failed', because, 'nothing was changed yet; apply again');
  // `none`: the disk was too full to keep a record of a change that was put back.
  if (word !== 'reverted' && word !== 'none')
    return finish('unknown', `${because}; putting back failed: ${word} ${detail}`, look);
  const proof = restarts ? await provenOld(change.session, task, context) : undefined;
  if (proof?.passed === false) {
    progress.log = proof.log;
    return finish('unknown', `${because}; put back, but the node is not healthy: ${failureOf(proof)}`, look);
  }
  return finish('reverted', because, 'the files are as they were; mend the cause and apply again');
}

/** Putting back may be asked for as often as it takes; after the switch's own time there is no use in going on. */
export async function untilDecided(change: Change, by: string, task: HostTask): Promise<TxnResult> {
  const how = change.restarts ? 'restart' : 'files-only';
  const ask = (session: Session): Promise<TxnResult> => revert(session, change.id, how, by);
  const end = monotonic() + change.times.deadline * 1000 + grace;
  for (;;) {
    const fresh = await task.connect();
    const said = await (fresh.ok ? ask(fresh.value).finally(() => fresh.value.close()) : ask(change.session));
    const isFinal = said.ok && said.value.word !== 'error' && said.value.word !== 'broken';
    if (isFinal || monotonic() > end || (!said.ok && said.error.kind === 'aborted')) return said;
    await sleep(pause);
  }
}

async function provenOld(current: Session, task: HostTask, context: RunContext): Promise<GateResult> {
  const fresh = await task.connect();
  if (!fresh.ok) return proveOld(current, task, context);
  return proveOld(fresh.value, task, context).finally(() => fresh.value.close());
}
