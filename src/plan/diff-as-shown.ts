/** How an edit is shown. Review, saved plans, and the comparison before apply all use this text. */
import type { FileState } from './file-edit.js';
import { diffWithValues, maskDiff } from './diff-masking.js';
import { unifiedDiff } from './unified-diff.js';

/**
 * The unified diff of a file's content. `before` is undefined for a new file. Values must be hidden here, line by line and with
 * `***`: apply calls this again with the node's bytes, and equal bytes must give an equal text.
 */
export function diffAsShown(path: string, before: string | undefined, after: string, showValues = false): string {
  const diff = unifiedDiff(path, before, after);
  return showValues ? diffWithValues(diff) : maskDiff(path, diff);
}

/** Both forms in which a plan may store it: with `--show-values` and without. */
export const shownForms = (path: string, before: string | undefined, after: string): readonly string[] =>
  [false, true].map((showValues) => diffAsShown(path, before, after, showValues));

/** One line for a change of mode or owner. Empty if they stay the same, and for a new file. */
export function metaAsShown(
  path: string,
  before: Pick<FileState, 'mode' | 'owner'> | null,
  after: Pick<FileState, 'mode' | 'owner'>,
): string {
  if (before === null || (before.mode === after.mode && before.owner === after.owner)) return '';
  return `${path}: mode ${before.mode} -> ${after.mode}, owner ${before.owner} -> ${after.owner}\n`;
}
