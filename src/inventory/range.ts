/** Ranges in host names: `node[01:40]`, `rack[a:c]-n[1:3]`. */
import { fail, ok } from '../lib/result.js';
import type { Result } from '../lib/result.js';

/** The names that a text with ranges stands for. */
export interface NameRange {
  readonly count: number;
  /** All names in order; the last range changes fastest. Check `count` first: it may be huge. */
  expand(): readonly string[];
}

/** Parses a text with any number of ranges; without a range it is one name. The error is a message for the user. */
export function parseRange(text: string): Result<NameRange, string> {
  const parts = text.split(/\[([^[\]]*)\]/);
  const choices: (readonly [length: number, item: (i: number) => string])[] = [];
  for (const [i, part] of parts.entries()) {
    if (i % 2 === 0) {
      if (/[[\]]/.test(part)) return fail('unbalanced brackets');
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
  if (rest.length > 0 || (!numbers && !letters)) return fail(`[${text}] is not a range: write [1:3], [01:40] or [a:c]`);
  const [from, to] = numbers ? [Number(first), Number(last)] : [first.charCodeAt(0), last.charCodeAt(0)];
  if (to < from) return fail(`[${text}] ends before it starts`);
  if (letters) return ok([to - from + 1, (i) => String.fromCharCode(from + i)]);
  const padded = [first, last].some((bound) => bound.length > 1 && bound.startsWith('0'));
  if (padded && first.length !== last.length)
    return fail(`[${text}]: start and end must have the same number of digits`);
  return ok([to - from + 1, (i) => String(from + i).padStart(padded ? first.length : 1, '0')]);
}
