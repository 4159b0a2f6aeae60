/** What a node's answer means for its host, where it is not the hoped-for one. */
import { type Holder, type TxnResult, parseHolder } from './node-transaction.js';
import type { OutcomeKind } from './outcome.js';

/** What an answer other than the hoped-for one means; nothing was changed in all of these cases but `broken`. */
export function refusalOf(
  answer: TxnResult,
  hoped: string,
  host: string,
): { readonly outcome: OutcomeKind; readonly reason: string; readonly hint: string } | undefined {
  if (!answer.ok) return { outcome: 'failed', reason: answer.error.message, hint: answer.error.hint };
  const { word, detail } = answer.value;
  if (word === hoped) return undefined;
  switch (word) {
    case 'changed':
      return { outcome: 'refused', reason: `${detail} changed since the plan was made`, hint: 'plan again' };
    case 'pending':
      return { outcome: 'refused', ...heldBy(parseHolder(detail), host) };
    case 'broken':
      return {
        outcome: 'unknown',
        reason: detail,
        hint: 'log in and look: /var/lib/kubelatch/txn holds the old files',
      };
    case 'put-back':
      return {
        outcome: 'failed',
        reason: `writing failed, all files are as they were: ${detail}`,
        hint: hintFor(detail),
      };
    default:
      return { outcome: 'failed', reason: detail === '' ? `the node answered ${word}` : detail, hint: hintFor(detail) };
  }
}

/** What a person has to know of the one who holds a node, and how to go on with care. */
export function heldBy(
  { run, state, owner, age, left }: Holder,
  host: string,
): { readonly reason: string; readonly hint: string } {
  const since = age === undefined ? '' : ` since ${age} s`;
  const ends = left === undefined ? '' : `; without a word from there the node puts it back in ${Math.max(0, left)} s`;
  return {
    reason: `${owner === '' ? 'somebody' : owner} holds this node${since} for run ${run} (${state})${ends}`,
    hint: `wait for it; where it was started: kubelatch resume ${run}; to end it from here: kubelatch rollback ${run} --limit ${host}`,
  };
}

/** errno texts are stable across libcs for these two, and only the hint hangs on them. */
function hintFor(detail: string): string {
  if (detail.includes('No space left'))
    return 'nothing was changed; free some space on that file system and apply again';
  if (detail.includes('Read-only file system'))
    return 'nothing was changed; remount it writable (and find out why it is not) and apply again';
  return 'nothing was changed; look at the node';
}
