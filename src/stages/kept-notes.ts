/** What a node keeps of changes, as far as a person has to know of it. Pure. */
import { isPending } from '../apply/node-transaction.js';
import type { TransactionFact } from '../facts/node-facts.js';

/** One sentence each: a change that is unfinished, and one that the node put back by itself and that nothing came after. */
export function notesOnTransactions(transactions: readonly TransactionFact[]): string[] {
  const newest = transactions
    .map(({ id }) => id)
    .sort()
    .at(-1);
  return transactions.flatMap((one) => {
    const { id, state, verdict = '' } = one;
    if (isPending(state))
      return [`the change of ${whose(one)} is unfinished on this node (${state}): kubelatch resume ${id}`];
    if (id !== newest || state !== 'reverted' || !byItself.test(verdict)) return [];
    return [`run ${id} was ${verdict}`];
  });
}

/** How the switch and the boot unit sign; a person who took a change back knows of it. */
const byItself = /^(put back|ended) by (its own switch|the start of the machine)\b/;

/** `run X of root@ops, begun 3 min ago`. */
export function whose({ id, owner = '', age }: TransactionFact): string {
  const since = age === undefined ? '' : `, begun ${age < 120 ? `${age} s` : `${Math.round(age / 60)} min`} ago,`;
  return `run ${id}${owner === '' ? '' : ` of ${owner}`}${since}`;
}
