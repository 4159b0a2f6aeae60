/** Cuts arguments out of a command line's text, or puts others in their place; all other bytes stay. */

/** [start, end) in the text, quotes included. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Removes words and, for each, the blanks before it, or those behind it where it stands first in its value. */
export function removeWords(text: string, words: readonly Extent[]): string {
  let result = text;
  for (const { start, end } of words.toSorted((left, right) => right.start - left.start)) {
    let from = wholeStart(text, start);
    let to = end;
    const begin = from;
    while (isBlank(result[from - 1])) from -= 1;
    const first = from === 0 || /["'=\n]/.test(result[from - 1] ?? '');
    if (first) {
      from = begin;
      while (isBlank(result[to])) to += 1;
    }
    result = result.slice(0, from) + result.slice(to);
  }
  return result;
}

/** Puts `replacement` where a word stands. */
export function replaceWord(text: string, { start, end }: Extent, replacement: string): string {
  return text.slice(0, wholeStart(text, start)) + replacement + text.slice(end);
}

/** A word that begins with an escaped character begins with the backslash. */
const wholeStart = (text: string, start: number): number => (text[start - 1] === '\\' ? start - 1 : start);

const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\t';
