/** What the nodes keep of past runs, and which of it a later run has built upon. */
import { type KeptTransaction, newestFirst } from '../apply/node-transaction.js';
import type { Outcome } from '../apply/outcome.js';
import type { Backup, HostBackups } from '../report/backups-text.js';
import type { Kept } from './kept.js';
import { hostOutcome } from './results.js';

export const backupsOf = (kept: readonly Kept[]): HostBackups[] =>
  kept.map(({ host, transactions }) => {
    if (!transactions.ok) return { name: host.name, error: transactions.error, backups: [] };
    return { name: host.name, backups: newestFirst(transactions.value).map(backupOf) };
  });

/** What a node says of itself is checked: any text may stand where a list belongs. */
function backupOf({ id, state, about, verdict, bytes }: KeptTransaction): Backup {
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
 * Hosts on which a later run changed the same files: its backup holds what this one wrote, so it has to be taken back first.
 * What the records do not tell, the node finds out by itself, and calls it a conflict.
 */
export function builtUpon(kept: readonly Kept[], id: string): Outcome[] {
  return kept.flatMap(({ host, transactions }): Outcome[] => {
    const all = transactions.ok ? newestFirst(transactions.value) : [];
    const own = all.find((one) => one.id === id);
    if (own?.state !== 'confirmed') return [];
    const paths = pathsOf(own);
    for (const later of all.slice(0, all.indexOf(own)).filter((one) => one.state === 'confirmed')) {
      const path = pathsOf(later).find((one) => paths.includes(one));
      if (path === undefined) continue;
      const reason = `run ${later.id} changed ${path} after run ${id}: nothing was put back`;
      const hint = `newest first: kubelatch rollback ${later.id} --limit ${host.name}, then this one again`;
      return [hostOutcome(host.name, 'refused', reason, hint)];
    }
    return [];
  });
}

function pathsOf({ about }: Pick<KeptTransaction, 'about'>): readonly string[] {
  const paths: unknown = about.paths;
  return Array.isArray(paths) ? paths.filter((one): one is string => typeof one === 'string') : [];
}
