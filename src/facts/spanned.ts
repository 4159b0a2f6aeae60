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

/** What the characters behind a backslash mean in a unit file, and how many they are; undefined where they mean nothing. */
function unescape(rest: string): { readonly text: string; readonly length: number } | undefined {
  const name = rest.charAt(0);
  if (name !== '' && escapeNames.includes(name)) {
    return { text: escapeChars.charAt(escapeNames.indexOf(name)), length: 1 };
  }
  const [code, hexadecimal, octal] = /^(?:x([0-9A-Fa-f]{2})|([0-3][0-7]{2}))/.exec(rest) ?? [];
  if (code === undefined) return undefined;
  const number = hexadecimal === undefined ? parseInt(octal ?? '', 8) : parseInt(hexadecimal, 16);
  return { text: String.fromCharCode(number), length: code.length };
}

/**
 * Splits at blanks as systemd does (src/basic/extract-word.c): quotes of both kinds hold words together, a backslash escapes within
 * them too. In units `\n` and its like have a meaning; an unknown one keeps its backslash in ExecStart=, and in Environment= ends the
 * list, as an open quote does. In the value of a variable a backslash only takes the next character as it is.
 */
export function splitWords(source: Spanned, from: 'exec' | 'environment' | 'variable'): Word[] {
  const words: Word[] = [];
  let text = '';
  let at: number[] = [];
  let first = -1;
  let quote = '';
  const { text: chars } = source;
  const keep = (piece: string, index: number): void => {
    text += piece;
    for (let count = 0; count < piece.length; count += 1) at.push(source.at[index] ?? 0);
  };
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
    if (char === '\\' && from === 'variable') {
      index += 1;
      keep(chars.charAt(index), index);
    } else if (char === '\\') {
      const escaped = unescape(chars.slice(index + 1, index + 4));
      if (escaped === undefined && from === 'environment') return words;
      index += escaped?.length ?? 1;
      keep(escaped?.text ?? char + chars.charAt(index), index);
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
    } else if (char === quote) {
      quote = '';
    } else {
      keep(char, index);
    }
  }
  if (quote === '' || from !== 'environment') finish(chars.length);
  return words;
}

/** The line (from 1) of an offset. */
export function lineAt(file: string, offset: number): number {
  let line = 1;
  for (let at = file.indexOf('\n'); at >= 0 && at < offset; at = file.indexOf('\n', at + 1)) line += 1;
  return line;
}
