/** Text that records each character's offset in its file, so that a word found after unquoting can be cut out of the file. */
import { memoize } from '../lib/memoize.js';

export interface Spanned {
  readonly text: string;
  /** The file offset of each character of `text`. */
  readonly at: readonly number[];
  /** The end offset of each character. Undefined if every character is one character in the file. */
  readonly ends?: readonly number[] | undefined;
}

export interface Word extends Spanned {
  /** The extent of the word in the file, including quotes and escapes: [start, end). */
  readonly start: number;
  readonly end: number;
  /** Its escapes stand for raw bytes, which `text` does not show. */
  readonly hasBytes?: boolean | undefined;
}

export const spanOf = (text: string, offset: number): Spanned => ({
  text,
  at: Array.from({ length: text.length }, (_, index) => offset + index),
});

export const sliceSpan = (from: Spanned, start: number, end?: number): Spanned => ({
  text: from.text.slice(start, end),
  at: from.at.slice(start, end),
  ends: from.ends?.slice(start, end),
});

/** The end offset in the file of the character at `index`. */
export const endAt = (span: Spanned, index: number): number => span.ends?.[index] ?? (span.at[index] ?? 0) + 1;

/** The characters that systemd treats as blanks. Others, such as a no-break space, are not blanks. */
export const isBlank = (char: string): boolean => char === ' ' || char === '\t' || char === '\n' || char === '\r';

const [escapeNames, escapeChars] = ['abfnrstv\\"\'', '\x07\b\f\n\r \t\v\\"\''];
const escapeCode = /^(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2}))/;

interface Escape {
  readonly text: string;
  /** Characters after the backslash. */
  readonly length: number;
  readonly isByte: boolean;
}

/** The meaning of an escape in a unit file. Undefined if the characters are not an escape (cunescape_one of systemd). */
function unescape(rest: string): Escape | undefined {
  const name = rest.charAt(0);
  if (name !== '' && escapeNames.includes(name)) {
    return { text: escapeChars.charAt(escapeNames.indexOf(name)), length: 1, isByte: false };
  }
  const [code, byte, short, long, octal] = escapeCode.exec(rest) ?? [];
  if (code === undefined) return undefined;
  const number = parseInt(byte ?? short ?? long ?? octal ?? '', octal === undefined ? 16 : 8);
  if (number === 0 || number > 0x10ffff) return undefined;
  const isSurrogate = number >= 0xd800 && number <= 0xdfff;
  if (isSurrogate && long !== undefined) return undefined;
  const isByte = isSurrogate || (number > 0x7f && short === undefined && long === undefined);
  return { text: isByte ? '\uFFFD' : String.fromCodePoint(number), length: code.length, isByte };
}

/**
 * How a backslash is read. `exec` keeps an unknown escape as it is, and `environment` ends the list there. `list` and `variable`
 * take the next character literally, whatever it is. An unclosed quote is an error, except in `variable`, where it ends with the
 * text.
 */
export type Syntax = 'exec' | 'environment' | 'list' | 'variable';

/** The next word and where to continue. `word` is undefined at the end, and if the text cannot be split. */
export interface NextWord {
  readonly word: Word | undefined;
  readonly next: number;
  readonly failed: boolean;
}

/** Reads one word as systemd does (extract_first_word). Both kinds of quotes group it, and a backslash escapes inside them too. */
export function nextWord(source: Spanned, from: number, syntax: Syntax): NextWord {
  const chars = source.text;
  let index = from;
  while (index < chars.length && isBlank(chars.charAt(index))) index += 1;
  if (index >= chars.length) return { word: undefined, next: index, failed: false };
  const first = index;
  const word = { text: '', at: [] as number[], ends: [] as number[], hasBytes: false };
  const keep = (text: string, where: number): void => {
    word.text += text;
    for (let count = 0; count < text.length; count += 1) {
      word.at.push(source.at[where] ?? 0);
      word.ends.push(endAt(source, where));
    }
  };
  let quote = '';
  for (; index < chars.length && (quote !== '' || !isBlank(chars.charAt(index))); index += 1) {
    const char = chars.charAt(index);
    if (char === '\\') {
      const escaped = escapeAt(chars, index + 1, syntax, quote);
      if (escaped === undefined) return { word: undefined, next: index, failed: true };
      keep(escaped.text, Math.min(index + escaped.length, chars.length - 1));
      word.hasBytes ||= escaped.isByte;
      index += escaped.length;
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
    } else if (char === quote) {
      quote = '';
    } else {
      keep(char, index);
    }
  }
  if (quote !== '' && syntax !== 'variable') return { word: undefined, next: index, failed: true };
  const end = endAt(source, Math.min(index, chars.length) - 1);
  while (index < chars.length && isBlank(chars.charAt(index))) index += 1;
  return { word: { ...word, start: source.at[first] ?? 0, end }, next: index, failed: false };
}

function escapeAt(chars: string, index: number, syntax: Syntax, quote: string): Escape | undefined {
  const plain = (text: string): Escape => ({ text, length: 1, isByte: false });
  if (index >= chars.length) {
    if (syntax === 'variable') return plain('');
    return syntax === 'exec' && quote === '' ? plain('\\') : undefined;
  }
  if (syntax === 'variable' || syntax === 'list') return plain(chars.charAt(index));
  const known = unescape(chars.slice(index, index + 9));
  if (known !== undefined || syntax === 'environment') return known;
  return plain(`\\${chars.charAt(index)}`);
}

/** All words up to the end, or up to the first that cannot be read. */
export function splitWords(source: Spanned, syntax: Syntax): Word[] {
  const words: Word[] = [];
  for (let from = 0; ;) {
    const { word, next } = nextWord(source, from, syntax);
    if (word === undefined) return words;
    words.push(word);
    from = next;
  }
}

/** Returns a function from an offset to its line number, starting at 1. */
export const lineIndex = memoize(lineIndexOf, 12);

function lineIndexOf(file: string): (offset: number) => number {
  const starts = [0, ...[...file.matchAll(/\r\n|\n\r|\n|\r/g)].map((end) => end.index + end[0].length)];
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** The line number of one offset, starting at 1. */
export const lineAt = (file: string, offset: number): number => lineIndex(file)(offset);
