/** The backups of past runs on the nodes, and which of them a later run changed again. */
import { type NodeTransaction, newestFirst } from '../change/transaction.js';
import type { Host } from '../inventory/host.js';
import type { HostPlan } from '../plan/host-plan.js';
import type { UndoneRun } from '../report/undo-text.js';
import type { Outcome } from '../run/outcome.js';
import type { Backup, HostBackups } from '../report/model.js';
import { type HostTransactions, createdOf, pathsOf } from './node-transactions.js';
import { hostOutcome } from '../run/outcome.js';
import { nextCommand } from '../lib/next-command.js';

export const backupsOf = (kept: readonly HostTransactions[]): HostBackups[] =>
  kept.map(({ host, transactions }) => {
    if (!transactions.ok) return { host: host.name, error: transactions.error, backups: [] };
    return { host: host.name, backups: newestFirst(transactions.value).map(backupOf) };
  });

/** What a node says of itself is checked: any text may stand where a list belongs. */
function backupOf({ id, state, about, verdict, bytes }: NodeTransaction): Backup {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    run: id,
    state,
    startedAt: text(about.startedAt),
    operator: text(about.operator),
    files: pathsOf({ about }),
    verdict,
    bytes,
  };
}

/**
 * Hosts on which a later run changed the same files: that run has to be rolled back first, because its backup has what this one wrote.
 * If the records do not show it, the node itself reports a conflict.
 */
export function builtUpon(kept: readonly HostTransactions[], id: string): Outcome[] {
  return kept.flatMap(({ host, transactions }): Outcome[] => {
    const all = transactions.ok ? newestFirst(transactions.value) : [];
    const own = all.find((one) => one.id === id);
    if (own?.state !== 'confirmed') return [];
    const paths = pathsOf(own);
    for (const later of all.slice(0, all.indexOf(own)).filter((one) => one.state === 'confirmed')) {
      const path = pathsOf(later).find((one) => paths.includes(one));
      if (path === undefined) continue;
      const reason = `run ${later.id} changed ${path} after run ${id}, so it must be rolled back first`;
      const hint = `run ${nextCommand('rollback', later.id, '--limit', host.name)}, then run this rollback again`;
      return [hostOutcome(host.name, 'refused', reason, hint)];
    }
    return [];
  });
}

/** What a rollback of run `id` undoes on these hosts, as their nodes tell it. */
export function undoneRun(kept: readonly HostTransactions[], id: string, found: readonly UndoableHost[]): UndoneRun {
  const backups = found.map(({ host, plan }) => {
    const of = kept.find((one) => one.host.name === host.name)?.transactions;
    const own = of?.ok === true ? of.value.find((one) => one.id === id) : undefined;
    const removes = own === undefined ? [] : createdOf(own);
    return { host: host.name, fixes: plan.fixes, backup: own && backupOf(own), removes };
  });
  const told = backups.flatMap(({ backup }) => backup ?? []);
  return {
    run: id,
    startedAt: told.find(({ startedAt }) => startedAt !== '')?.startedAt ?? '',
    operator: told.find(({ operator }) => operator !== '')?.operator ?? '',
    hosts: backups.map(({ host, fixes, backup, removes }) => {
      const restores = (backup?.files ?? []).filter((path) => !removes.includes(path));
      return { host, fixes, restores, removes };
    }),
  };
}

interface UndoableHost {
  readonly host: Host;
  readonly plan: Pick<HostPlan, 'fixes'>;
}
