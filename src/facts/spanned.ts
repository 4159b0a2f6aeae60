/** Text that remembers where in its file each character stands, so that a word found after unquoting can be cut out of the file. */
export interface Spanned {
  readonly text: string;
  /** For each character of `text`: its offset in the file. */
  readonly at: readonly number[];
}

export interface Word extends Spanned {
  /** The word's whole extent in the file, quotes and escapes included: [start, end). */
  readonly start: number;
  readonly end: number;
}

export const spanOf = (text: string, offset: number): Spanned => ({
  text,
  at: Array.from({ length: text.length }, (_, index) => offset + index),
});

export const sliceSpan = (from: Spanned, start: number, end?: number): Spanned => ({
  text: from.text.slice(start, end),
  at: from.at.slice(start, end),
});

const [escapeNames, escapeChars] = ['abfnrstv\\"\'', '\x07\b\f\n\r \t\v\\"\''];

/** What a unit file means by a backslash and this character; unknown ones keep their backslash. */
const unescape = (char: string): string =>
  escapeNames.includes(char) ? escapeChars.charAt(escapeNames.indexOf(char)) : `\\${char}`;

/**
 * Splits at blanks as systemd does (src/basic/extract-word.c): quotes of both kinds hold words together, a backslash escapes within
 * them too. In unit files `\n` and its like have a meaning, and a backslash before any other character stays; in the value of a
 * variable each stands for the character behind it.
 */
export function splitWords(source: Spanned, from: 'unit' | 'variable' = 'unit'): Word[] {
  const words: Word[] = [];
  let text = '';
  let at: number[] = [];
  let first = -1;
  let quote = '';
  const { text: chars } = source;
  const finish = (endIndex: number): void => {
    if (first < 0) return;
    words.push({ text, at, start: source.at[first] ?? 0, end: (source.at[endIndex - 1] ?? 0) + 1 });
    text = '';
    at = [];
    first = -1;
  };
  for (let index = 0; index < chars.length; index += 1) {
    const char = chars.charAt(index);
    if (quote === '' && /\s/.test(char)) {
      finish(index);
      continue;
    }
    if (first < 0) first = index;
    if (char === '\\' && index + 1 < chars.length) {
      index += 1;
      const escaped = chars.charAt(index);
      const meant = from === 'unit' ? unescape(escaped) : escaped;
      text += meant;
      for (let count = 0; count < meant.length; count += 1) at.push(source.at[index] ?? 0);
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
    } else if (char === quote) {
      quote = '';
    } else {
      text += char;
      at.push(source.at[index] ?? 0);
    }
  }
  finish(chars.length);
  return words;
}

/** The line (from 1) of an offset. */
export function lineAt(file: string, offset: number): number {
  let line = 1;
  for (let at = file.indexOf('\n'); at >= 0 && at < offset; at = file.indexOf('\n', at + 1)) line += 1;
  return line;
}
