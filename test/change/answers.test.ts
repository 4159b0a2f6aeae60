import { expect, it } from 'vitest';
import type { TxnAnswer } from '../../src/change/transaction.js';
import { refusalFor } from '../../src/change/answers.js';
import { ok } from '../../src/lib/result.js';

const hintOf = (answer: TxnAnswer): string | undefined => refusalFor(ok(answer), 'prepared', 'n1')?.hint;

it.each<[Partial<TxnAnswer>, RegExp]>([
  [{ ailment: 'no-space' }, /free some space/],
  [{ ailment: 'read-only' }, /remount it writable/],
  [{}, /check the node/],
  // The words of a tool are for people: they decide nothing.
  [{ detail: 'cp: No space left on device' }, /check the node/],
  [{ detail: 'Das Dateisystem ist nur lesbar', ailment: 'read-only' }, /remount it writable/],
])('says what to do by what ails the disk: %j', (over, hint) => {
  expect(hintOf({ word: 'error', detail: 'cannot write', ...over })).toMatch(hint);
  expect(hintOf({ word: 'put-back', detail: 'cannot write', ...over })).toMatch(hint);
});
