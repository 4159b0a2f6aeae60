/** Removes or replaces arguments in the text of a command line. All other bytes stay the same. */

/** [start, end) in the text, including quotes. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Removes words, each with the blanks before it, or with those after it if it comes first. */
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

/** Replaces a word with `replacement`. */
export function replaceWord(text: string, { start, end }: Extent, replacement: string): string {
  return text.slice(0, wholeStart(text, start)) + replacement + text.slice(end);
}

/** For a word that begins with an escape, the word starts at the backslash. */
const wholeStart = (text: string, start: number): number => (text[start - 1] === '\\' ? start - 1 : start);

const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\t';
