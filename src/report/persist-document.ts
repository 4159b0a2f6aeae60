/** The result of `persist` as its JSON holds it. */
import type { PersistChange, PersistResult } from './persist-model.js';
import { line } from './words.js';

/** The keys that are its own, in an order that does not change. */
export const persistTree = ({ to, changes, commands, places, warnings, notes, notJudged }: PersistResult) => ({
  to: to ?? null,
  changes: changes.map(changeTree),
  commands,
  places,
  warnings,
  notes,
  notJudged,
});

const changeTree = ({ target, outcome, reason, hint, settings, leftOut, diff, text }: PersistChange) => ({
  target,
  outcome,
  ...(reason === undefined ? {} : { reason: line(reason) }),
  ...(hint === undefined ? {} : { hint }),
  settings,
  leftOut,
  diff,
  ...(text === undefined ? {} : { text }),
});
