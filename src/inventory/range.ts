/** Ranges in host names: `node[01:40]`, `rack[a:c]-n[1:3]`. */
import { fail, ok } from '../lib/result.js';
import type { Result } from '../lib/result.js';

/** How many names a text with ranges stands for, and how to make them. */
export interface NameRange {
  readonly count: number;
  /** All names in order, the last range running fastest. Call it only when `count` is bearable. */
  expand(): readonly string[];
}

/** Reads a text with any number of ranges in it (none: one name). The error is a message for the author. */
export function parseRange(text: string): Result<NameRange, string> {
  const parts = text.split(/\[([^[\]]*)\]/);
  const choices: (readonly [length: number, item: (i: number) => string])[] = [];
  for (const [i, part] of parts.entries()) {
    if (i % 2 === 0) {
      if (/[[\]]/.test(part)) return fail('a bracket has no partner');
      choices.push([1, () => part]);
      continue;
    }
    const choice = readBounds(part);
    if (!choice.ok) return choice;
    choices.push(choice.value);
  }
  return ok({
    count: choices.reduce((product, [length]) => product * length, 1),
    expand: () =>
      choices.reduce<string[]>(
        (names, [length, item]) => names.flatMap((name) => Array.from({ length }, (_, i) => name + item(i))),
        [''],
      ),
  });
}

function readBounds(text: string): Result<readonly [number, (i: number) => string], string> {
  const [first = '', last = '', ...rest] = text.split(':');
  const numbers = /^\d{1,9}$/.test(first) && /^\d{1,9}$/.test(last);
  const letters = /^([a-z]{2}|[A-Z]{2})$/.test(first + last) && first.length === 1;
  if (rest.length > 0 || (!numbers && !letters)) return fail(`[${text}] is no range: write [1:3], [01:40] or [a:c]`);
  const [from, to] = numbers ? [Number(first), Number(last)] : [first.charCodeAt(0), last.charCodeAt(0)];
  if (to < from) return fail(`[${text}] runs backwards`);
  if (letters) return ok([to - from + 1, (i) => String.fromCharCode(from + i)]);
  const padded = [first, last].some((bound) => bound.length > 1 && bound.startsWith('0'));
  if (padded && first.length !== last.length) return fail(`[${text}]: both ends need the same number of digits`);
  return ok([to - from + 1, (i) => String(from + i).padStart(padded ? first.length : 1, '0')]);
}
