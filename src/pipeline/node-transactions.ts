/** What the nodes keep of earlier runs: enough to take one back from any machine. */
import { type NodeTransaction, listTransactions, newestFirst } from '../change/transaction.js';
import type { Outcome } from '../run/outcome.js';
import type { Host } from '../inventory/host.js';
import type { Result } from '../lib/result.js';
import type { HostPlan } from '../plan/host-plan.js';
import { readStoredPlan } from '../plan/saved-plan.js';
import type { HostError } from '../ssh/errors.js';
import { hostOutcome } from '../run/outcome.js';
import type { Run } from './context.js';
import { hostLimit } from './host-limit.js';

export interface HostTransactions {
  readonly host: Host;
  readonly transactions: Result<readonly NodeTransaction[], HostError>;
}

export function fetchTransactions({ hosts, connector, forks, report }: Run): Promise<HostTransactions[]> {
  const limit = hostLimit(forks);
  return Promise.all(
    hosts.map((host) =>
      limit(host, async () => {
        report({ event: 'connecting', host: host.name });
        const session = await connector.connect(host);
        if (!session.ok) {
          report({ event: 'unreachable', host: host.name, reason: session.error.message });
          return { host, transactions: session };
        }
        const transactions = await listTransactions(session.value);
        await session.value.close();
        report({ event: 'read', host: host.name });
        return { host, transactions };
      }),
    ),
  );
}

/** The newest run that can be rolled back on some node: of the newest runs of all nodes, the last by name. */
export function newestRunOnNodes(kept: readonly HostTransactions[]): string | undefined {
  const newest = kept.flatMap(({ transactions }) => {
    const open = (transactions.ok ? transactions.value : []).filter(
      ({ state }) => state !== 'reverted' && state !== 'prepared',
    );
    return newestFirst(open)[0]?.id ?? [];
  });
  return newest.sort().at(-1);
}

/** Hosts that could not be asked. */
export const unansweredHosts = (kept: readonly HostTransactions[]): Outcome[] =>
  kept.flatMap(({ host, transactions: asked }) =>
    asked.ok ? [] : [hostOutcome(host.name, 'unreachable', asked.error.message, asked.error.hint)],
  );

export interface KeptRun {
  readonly host: Host;
  readonly plan: HostPlan;
  /** The files that it changed. */
  readonly paths: readonly string[];
  /** Those of `paths` that it created. */
  readonly created: readonly string[];
}

/** As its node tells them: any text may stand where a list belongs. */
export const pathsOf = ({ about }: Pick<NodeTransaction, 'about'>): readonly string[] => textsOf(about.paths);

/** Those of `pathsOf` that were not there before. */
export const createdOf = (transaction: Pick<NodeTransaction, 'about'>): readonly string[] => {
  const created = textsOf(transaction.about.created);
  return pathsOf(transaction).filter((path) => created.includes(path));
};

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

/** The hosts that have backups of a run, and those that did not answer. */
export function hostsWithRun(
  kept: readonly HostTransactions[],
  id: string,
): { readonly found: readonly KeptRun[]; readonly unusable: readonly Outcome[] } {
  const found: KeptRun[] = [];
  const unusable: Outcome[] = unansweredHosts(kept);
  for (const { host, transactions } of kept) {
    if (!transactions.ok) continue;
    const transaction = transactions.value.find((one) => one.id === id);
    if (transaction === undefined) continue;
    const plan = readStoredPlan(transaction.about.plan);
    if (plan !== undefined) {
      const files = { paths: pathsOf(transaction), created: createdOf(transaction) };
      found.push({ host, plan: { ...plan, host: host.name }, ...files });
    } else {
      const hint = `the old files are on the node, in /var/lib/kubelatch/txn/${id}/old`;
      unusable.push(hostOutcome(host.name, 'unknown', `the backup of run ${id} on the node cannot be read`, hint));
    }
  }
  return { found, unusable };
}
