/** Removes every trace of this tool from nodes, but never from one with an unfinished change. */
import pLimit from 'p-limit';
import { isPending, uninstall } from '../apply/node-transaction.js';
import { heldBy, refusalOf } from '../apply/refusal.js';
import type { Host } from '../inventory/host.js';
import type { Uninstalled } from '../report/uninstall-text.js';
import type { Kept } from './kept.js';
import type { Run } from './run.js';

/** Hosts that can be asked to forget, and those that cannot, each with its reason. */
export function sortForUninstall(kept: readonly Kept[]): {
  readonly ready: readonly { readonly host: Host; readonly runs: number }[];
  readonly held: readonly Uninstalled[];
} {
  const ready: { host: Host; runs: number }[] = [];
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

export function uninstallHosts(
  hosts: readonly { readonly host: Host; readonly runs: number }[],
  { connector, forks, drain }: Pick<Run, 'connector' | 'forks' | 'drain'>,
): Promise<Uninstalled[]> {
  const limit = pLimit(forks);
  return Promise.all(
    hosts.map(({ host, runs }) =>
      limit(async (): Promise<Uninstalled> => {
        const base = { name: host.name, runs };
        if (drain.aborted) {
          return { ...base, outcome: 'skipped', reason: 'interrupted before its turn', hint: 'uninstall again' };
        }
        const session = await connector.connect(host);
        if (!session.ok) {
          const { message: reason, hint } = session.error;
          return { ...base, outcome: 'unreachable', reason, hint };
        }
        const said = await uninstall(session.value).finally(() => session.value.close());
        const refusal = refusalOf(said, 'uninstalled', host.name);
        if (refusal !== undefined) {
          const outcome = refusal.outcome === 'refused' ? 'refused' : 'failed';
          return { ...base, ...refusal, outcome };
        }
        return { ...base, outcome: said.ok && said.value.detail === 'nothing' ? 'nothing' : 'removed' };
      }),
    ),
  );
}
