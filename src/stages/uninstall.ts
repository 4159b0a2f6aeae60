/** Removes every trace of this tool from nodes, but never from one with an unfinished change. */
import pLimit from 'p-limit';
import type { Journal } from '../apply/journal.js';
import { isPending, uninstall } from '../apply/node-transaction.js';
import { heldBy, refusalOf } from '../apply/refusal.js';
import type { OutcomeKind } from '../apply/outcome.js';
import type { RunLease } from '../cluster/run-lease.js';
import type { Host } from '../inventory/host.js';
import { messageOf } from '../lib/errors.js';
import type { Uninstalled } from '../report/uninstall-text.js';
import type { Kept } from './kept.js';
import type { Run } from './run.js';

export interface ReadyHost {
  readonly host: Host;
  /** Of which it keeps backups. */
  readonly runs: number;
}

/** Hosts that can be asked to forget, and those that cannot, each with its reason. */
export function sortForUninstall(kept: readonly Kept[]): {
  readonly ready: readonly ReadyHost[];
  readonly held: readonly Uninstalled[];
} {
  const ready: ReadyHost[] = [];
  const held: Uninstalled[] = [];
  for (const { host, transactions } of kept) {
    if (!transactions.ok) {
      const { kind, message: reason, hint } = transactions.error;
      held.push({ name: host.name, outcome: kind === 'script' ? 'failed' : 'unreachable', reason, hint, runs: 0 });
      continue;
    }
    const runs = transactions.value.length;
    const pending = transactions.value.find(({ state }) => isPending(state));
    if (pending === undefined) ready.push({ host, runs });
    else {
      const { id: run, state, left, about } = pending;
      const owner = typeof about.operator === 'string' ? about.operator : '';
      held.push({
        name: host.name,
        outcome: 'refused',
        ...heldBy({ run, state, age: undefined, left, owner }, host.name),
        runs,
      });
    }
  }
  return { ready, held };
}

/** What the journal calls it: the node's word is all the proof there is. */
const outcomeOf: Readonly<Record<Uninstalled['outcome'], OutcomeKind>> = {
  removed: 'confirmed',
  nothing: 'unchanged',
  refused: 'refused',
  failed: 'unknown', // some of it may be gone
  unreachable: 'unreachable',
  skipped: 'skipped',
};

export function uninstallHosts(
  hosts: readonly ReadyHost[],
  { connector, forks, drain, report }: Pick<Run, 'connector' | 'forks' | 'drain' | 'report'>,
  journal: Journal,
  lease: Pick<RunLease, 'doubt'> | undefined,
): Promise<Uninstalled[]> {
  const limit = pLimit(forks);
  report({ event: 'run-started', run: journal.run, hosts: hosts.length, waves: 1 });
  return Promise.all(
    hosts.map(({ host, runs }) =>
      limit(async (): Promise<Uninstalled> => {
        const base = { name: host.name, runs };
        const stop = drain.aborted ? 'interrupted before its turn' : lease?.doubt()?.reason;
        const done: Uninstalled =
          stop === undefined
            ? { ...base, ...(await uninstallHost(host)) }
            : { ...base, outcome: 'skipped', reason: stop, hint: 'uninstall again' };
        const { outcome, reason } = done;
        report({ event: 'host-done', host: host.name, outcome: outcomeOf[outcome], reason });
        // What was done is done, whatever becomes of the record.
        await journal
          .write({ entry: 'host', host: host.name, outcome: outcomeOf[outcome], reason })
          .catch(() => undefined);
        return done;
      }),
    ),
  );

  async function uninstallHost(host: Host): Promise<Omit<Uninstalled, 'name' | 'runs'>> {
    const session = await connector.connect(host);
    if (!session.ok) return { outcome: 'unreachable', reason: session.error.message, hint: session.error.hint };
    try {
      await journal.write({ entry: 'step', host: host.name, step: 'uninstall' });
      report({ event: 'step', host: host.name, step: 'uninstall' });
    } catch (error) {
      await session.value.close();
      const hint = 'nothing was removed; make room for the journal, or set XDG_STATE_HOME';
      return { outcome: 'failed', reason: `the journal cannot be written: ${messageOf(error)}`, hint };
    }
    const said = await uninstall(session.value).finally(() => session.value.close());
    const refusal = refusalOf(said, 'uninstalled', host.name);
    if (refusal?.outcome === 'refused') return { ...refusal, outcome: 'refused' };
    if (refusal !== undefined)
      return { outcome: 'failed', reason: refusal.reason, hint: 'some of it may be gone already; uninstall again' };
    return { outcome: said.ok && said.value.detail === 'nothing' ? 'nothing' : 'removed' };
  }
}
