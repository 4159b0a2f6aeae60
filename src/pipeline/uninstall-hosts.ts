/** Which hosts an uninstall can change, and the outcome of each. */
import { heldBy } from '../change/answers.js';
import { isPending } from '../change/transaction.js';
import type { Host } from '../inventory/host.js';
import { isReached } from '../lib/is-reached.js';
import type { Uninstalled } from '../report/model.js';
import type { Outcome, OutcomeKind } from '../run/outcome.js';
import type { HostTransactions } from './node-transactions.js';

export interface ReadyHost {
  readonly host: Host;
  /** How many runs it has backups of. */
  readonly runs: number;
}

/** Hosts that kubelatch can be removed from, and those that it cannot, each with its reason. */
export function sortForUninstall(kept: readonly HostTransactions[]): {
  readonly ready: readonly ReadyHost[];
  readonly held: readonly Uninstalled[];
} {
  const ready: ReadyHost[] = [];
  const held: Uninstalled[] = [];
  for (const { host, transactions } of kept) {
    if (!transactions.ok) {
      const { message: reason, hint } = transactions.error;
      const outcome = isReached(transactions.error) ? 'failed' : 'unreachable';
      held.push({ host: host.name, outcome, reason, hint, backupCount: 0 });
      continue;
    }
    const runs = transactions.value.length;
    const pending = transactions.value.find(({ state }) => isPending(state));
    if (pending === undefined) ready.push({ host, runs });
    else {
      const { id: run, state, left, about } = pending;
      const owner = typeof about.operator === 'string' ? about.operator : '';
      const holder = heldBy({ run, state, age: undefined, left, owner }, host.name);
      held.push({ host: host.name, outcome: 'refused', ...holder, backupCount: runs });
    }
  }
  return { ready, held };
}

/** `unknown`: some of it may be gone. */
const outcomes: Readonly<Record<OutcomeKind, Uninstalled['outcome']>> = {
  confirmed: 'removed',
  unchanged: 'nothing',
  refused: 'refused',
  failed: 'failed',
  reverted: 'failed',
  unknown: 'failed',
  unreachable: 'unreachable',
  skipped: 'skipped',
};

/** In the order in which the hosts were asked for. */
export const uninstalledHosts = (ready: readonly ReadyHost[], done: readonly Outcome[]): Uninstalled[] =>
  ready.flatMap(({ host: { name }, runs }) =>
    done
      .filter(({ host }) => host === name)
      .map(({ host, outcome, reason, hint }) => ({
        host,
        outcome: outcomes[outcome],
        reason,
        hint,
        backupCount: runs,
      })),
  );
