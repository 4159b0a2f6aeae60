/** What the nodes keep of earlier runs: enough to take one back from any machine. */
import pLimit from 'p-limit';
import { type KeptTransaction, listTransactions, newestFirst } from '../apply/node-transaction.js';
import type { Outcome } from '../apply/outcome.js';
import type { Host } from '../inventory/host.js';
import type { Result } from '../lib/result.js';
import type { HostPlan } from '../plan/host-plan.js';
import { readKeptPlan } from '../plan/saved-plan.js';
import type { HostError } from '../ssh/errors.js';
import { hostOutcome } from './results.js';
import type { Run } from './run.js';

export interface Kept {
  readonly host: Host;
  readonly transactions: Result<readonly KeptTransaction[], HostError>;
}

export function askKept({ hosts, connector, forks, report }: Run): Promise<Kept[]> {
  const limit = pLimit(forks);
  return Promise.all(
    hosts.map((host) =>
      limit(async () => {
        report({ event: 'connecting', host: host.name });
        const session = await connector.connect(host);
        if (!session.ok) {
          report({ event: 'unreachable', host: host.name, reason: session.error.message });
          return { host, transactions: session };
        }
        const transactions = await listTransactions(session.value);
        await session.value.close();
        report({ event: 'judged', host: host.name });
        return { host, transactions };
      }),
    ),
  );
}

/** The newest run that could be taken back somewhere: one that is the newest on its nodes, and of those the last by name. */
export function newestKept(kept: readonly Kept[]): string | undefined {
  const newest = kept.flatMap(({ transactions }) => {
    const open = (transactions.ok ? transactions.value : []).filter(
      ({ state }) => state !== 'reverted' && state !== 'prepared',
    );
    return newestFirst(open)[0]?.id ?? [];
  });
  return newest.sort().at(-1);
}

/** Hosts that could not be asked. */
export const unaskedOf = (kept: readonly Kept[]): Outcome[] =>
  kept.flatMap(({ host, transactions: asked }) =>
    asked.ok ? [] : [hostOutcome(host.name, 'unreachable', asked.error.message, asked.error.hint)],
  );

/** The hosts that keep a run, and those of which nothing is known. */
export function keptOf(
  kept: readonly Kept[],
  id: string,
): { readonly found: readonly { host: Host; plan: HostPlan }[]; readonly unusable: readonly Outcome[] } {
  const found: { host: Host; plan: HostPlan }[] = [];
  const unusable: Outcome[] = unaskedOf(kept);
  for (const { host, transactions } of kept) {
    if (!transactions.ok) continue;
    const transaction = transactions.value.find((one) => one.id === id);
    if (transaction === undefined) continue;
    const plan = readKeptPlan(transaction.about.plan);
    if (plan !== undefined) found.push({ host, plan: { ...plan, host: host.name } });
    else {
      const hint = `look at /var/lib/kubelatch/txn/${id} on the node: old holds the old files`;
      unusable.push(hostOutcome(host.name, 'unknown', `what the node keeps of run ${id} cannot be read`, hint));
    }
  }
  return { found, unusable };
}
