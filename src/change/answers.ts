/** What a node's answers mean for its host: the only place that reads them. */
import type { HostError } from '../ssh/errors.js';
import type { OutcomeKind } from '../run/outcome.js';
import { type Holder, type TxnAnswer, type TxnResult, parseHolder } from './transaction.js';
import { nextCommand } from '../lib/next-command.js';

/** An outcome with what a person has to know. */
export interface Verdict {
  readonly outcome: OutcomeKind;
  readonly reason: string;
  readonly hint: string;
}

/** What an answer other than the expected one means; undefined for the expected one. After `broken` alone a node may run what was written. */
export function refusalFor(answer: TxnResult, expected: string, host: string): Verdict | undefined {
  if (!answer.ok) return { outcome: 'failed', reason: answer.error.message, hint: answer.error.hint };
  const { word, detail, ailment } = answer.value;
  if (word === expected) return undefined;
  switch (word) {
    case 'changed':
      return {
        outcome: 'refused',
        reason: `${detail} changed since the plan was made`,
        hint: 'make a new plan, then apply it',
      };
    case 'unsafe':
      return {
        outcome: 'refused',
        reason: detail,
        hint: 'nothing was changed; give the folder to root (chown root, chmod go-w), then apply again',
      };
    case 'pending':
      return { outcome: 'refused', ...heldBy(parseHolder(detail), host) };
    case 'broken':
      return {
        outcome: 'unknown',
        reason: detail,
        hint: 'log in to the node: the old files are in /var/lib/kubelatch/txn',
      };
    case 'put-back':
      return {
        outcome: 'failed',
        reason: `writing failed; the old files were restored: ${detail}`,
        hint: hintFor(ailment),
      };
    default:
      return {
        outcome: 'failed',
        reason: detail === '' ? `unexpected answer from the node: ${word}` : detail,
        hint: hintFor(ailment),
      };
  }
}

/** What a node's answer to `revert` means. */
export type RevertAnswer =
  /** The old files are in place; `already`: they were before this call. */
  | { readonly kind: 'reverted'; readonly already: boolean }
  /** The change had written nothing yet. */
  | { readonly kind: 'nothing' }
  /** The node keeps nothing of this change. */
  | { readonly kind: 'gone' }
  /** The change was confirmed, and this call does not revert those. */
  | { readonly kind: 'confirmed' }
  /** Somebody edited a file after the change wrote it; nothing was reverted. */
  | { readonly kind: 'conflict'; readonly path: string }
  /** Another run holds the node. */
  | { readonly kind: 'held'; readonly reason: string; readonly hint: string }
  /** It tried and could not, or said what no node of ours says. */
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'unanswered'; readonly error: HostError };

export function readRevertAnswer(answer: TxnResult, host: string): RevertAnswer {
  if (!answer.ok) return { kind: 'unanswered', error: answer.error };
  const { word, detail } = answer.value;
  switch (word) {
    case 'reverted':
      return { kind: 'reverted', already: detail === 'already' };
    case 'nothing':
      return { kind: 'nothing' };
    case 'none':
      return { kind: 'gone' };
    case 'conflict':
      return { kind: 'conflict', path: detail };
    case 'pending':
      return { kind: 'held', ...heldBy(parseHolder(detail), host) };
    default:
      return word === 'state' && detail === 'confirmed'
        ? { kind: 'confirmed' }
        : { kind: 'failed', detail: `${word} ${detail}`.trim() };
  }
}

/** Who holds a node, and how to go on with care. */
export function heldBy(
  { run, state, owner, age, left }: Holder,
  host: string,
): { readonly reason: string; readonly hint: string } {
  const since = age === undefined ? '' : `, started ${age} s ago`;
  const ends = left === undefined ? '' : `; the node reverts it in ${Math.max(0, left)} s unless that run checks in`;
  return {
    reason: `run ${run}${owner === '' ? '' : ` of ${owner}`} has an unfinished change on this node (${state}${since})${ends}`,
    hint: `wait for that run; if it died, run where it was started: ${nextCommand('resume', run)}; or revert it from here: ${nextCommand('rollback', run, '--limit', host)}`,
  };
}

function hintFor(ailment: TxnAnswer['ailment']): string {
  switch (ailment) {
    case 'no-space':
      return 'the files are unchanged; free some space on that file system, then apply again';
    case 'read-only':
      return 'the files are unchanged; find out why the file system is read-only, remount it writable, then apply again';
    case undefined:
      return 'the files are unchanged; check the node, then apply again';
  }
}
