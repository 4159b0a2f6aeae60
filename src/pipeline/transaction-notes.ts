/** What a node keeps of changes, as far as a person has to know of it. Pure. */
import { isPending } from '../change/transaction.js';
import type { TransactionFact } from '../facts/node-facts.js';
import { nextCommand } from '../lib/next-command.js';

/** One sentence each: a change that is unfinished, and one that the node reverted by itself and that nothing followed. */
export function transactionNotes(transactions: readonly TransactionFact[]): string[] {
  const newest = transactions
    .map(({ id }) => id)
    .sort()
    .at(-1);
  return transactions.flatMap((one) => {
    const { id, state, ender, verdict = '' } = one;
    if (isPending(state))
      return [
        `${describeOwner(one)} has an unfinished change on this node (${state}); wait for that run; if it died: ${nextCommand('resume', id)}`,
      ];
    // A person who took a change back knows of it; where the record does not say who did, it is told too.
    if (id !== newest || state !== 'reverted' || ender === 'run' || verdict === '') return [];
    return [`run ${id} was ${verdict}`];
  });
}

/** `run X of root@ops, started 3 min ago,`. */
export function describeOwner({ id, owner = '', age }: TransactionFact): string {
  const since = age === undefined ? '' : `, started ${age < 120 ? `${age} s` : `${Math.round(age / 60)} min`} ago,`;
  return `run ${id}${owner === '' ? '' : ` of ${owner}`}${since}`;
}
