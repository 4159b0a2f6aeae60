/** The unified diff of a file's full content, without masking. Pure. */
import { createTwoFilesPatch } from 'diff';

/** Limit on removed and added lines per diff, because the work grows with their square. Beyond it the diff replaces whole ranges. */
const maxDifferences = 1000;

/** Correct for any two texts, and minimal if they do not differ too much. `old` is undefined for a new file. */
export function unifiedDiff(path: string, old: string | undefined, after: string): string {
  const [from, before] = old === undefined ? ['/dev/null', ''] : [path, old];
  const shortest = createTwoFilesPatch(from, path, before, after, '', '', {
    context: 3,
    maxEditLength: maxDifferences,
  });
  return (shortest ?? replacingDiff(from, path, before, after)).replace(/^(Index:.*\n)?=+\n/, '');
}

/** Removes and adds everything between the first and the last line that differ. */
function replacingDiff(from: string, to: string, before: string, after: string): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  const most = Math.min(old.length, now.length);
  let head = 0;
  while (head < most && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const [first, behind] = [Math.max(head - 3, 0), Math.max(tail - 3, 0)];
  const hunk = [
    ...prefixed(' ', old.slice(first, head)),
    ...prefixed('-', old.slice(head, old.length - tail)),
    ...prefixed('+', now.slice(head, now.length - tail)),
    ...prefixed(' ', old.slice(old.length - tail, old.length - behind)),
  ];
  const range = (lines: readonly string[]): string => {
    const count = lines.length - behind - first;
    return `${count === 0 ? first : first + 1},${count}`;
  };
  const header = `${'='.repeat(67)}\n--- ${from}\n+++ ${to}\n`;
  return `${header}@@ -${range(old)} +${range(now)} @@\n${hunk.join('')}`;
}

/** Lines with their line ends; the last may have none. */
const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const prefixed = (mark: string, lines: readonly string[]): readonly string[] =>
  lines.map((line) => `${mark}${line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`}`);
