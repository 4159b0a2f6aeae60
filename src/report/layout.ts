/** Measures, cuts and wraps text by terminal columns. Expects text without escape sequences. */
import type { RolloutPace } from '../plan/rollout-time.js';
import type { Style } from './style.js';

/** How a text writer formats its output. */
export interface TextOptions {
  /** Columns; with Infinity nothing is cut or wrapped. */
  readonly width: number;
  readonly style: Style;
  /** Show everything, at any width. */
  readonly wide?: boolean | undefined;
  /** What the findings of an audit are grouped by; undefined: by rule. */
  readonly groupBy?: 'rule' | 'host' | undefined;
  /** How a plan would be rolled out, to tell how long it takes; undefined: not told. */
  readonly pace?: RolloutPace | undefined;
  /** The command that a reader may run after this result. */
  readonly next?: string | undefined;
}

const wideChars =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** The width of a text in columns. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

const charWidth = (char: string): number => (/^\p{M}|\p{Cf}$/u.test(char) ? 0 : wideChars.test(char) ? 2 : 1);

/** Cuts a text to `max` columns; `…` replaces the rest. */
export function cut(text: string, max: number): string {
  return widthOf(text) <= max ? text : `${head(text, Math.max(max - 1, 0))}…`;
}

/** Pads a text with spaces to `width` columns. */
export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(width - widthOf(text), 0));

/**
 * Breaks a text into lines of at most `columns` (minimum 2) after a space or comma. A word that is longer than a line breaks after
 * a slash, or anywhere if there is none.
 */
export function wrap(text: string, columns: number): string[] {
  const width = Math.max(columns, 2);
  if (widthOf(text) <= width) return [text];
  const words = text.split(/(?<=[ ,])/);
  return fill(
    words.flatMap((word) => (widthOf(word.trimEnd()) <= width ? [word] : word.split(/(?<=\/)/))),
    width,
  );
}

/** Columns of the longest word; a comma ends one, too. */
export const longestWord = (text: string): number =>
  Math.max(...text.split(/(?<=[ ,])/).map((word) => widthOf(word.trimEnd())));

function fill(pieces: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces) {
    let rest = piece;
    if (line !== '' && widthOf(line + rest.trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    while (line === '' && widthOf(rest.trimEnd()) > width) {
      const part = head(rest, width);
      lines.push(part);
      rest = rest.slice(part.length);
    }
    line += line === '' ? rest.trimStart() : rest;
  }
  return line.trimEnd() === '' ? lines : [...lines, line.trimEnd()];
}

/** A list of names with commas, as many on a line as fit; a name is never broken, even if it is longer than the line. */
export function listLines(first: string, list: string, width: number): string[] {
  const indent = widthOf(first);
  const lines: string[] = [];
  for (const name of list.split(/(?<=,)/)) {
    const last = lines.at(-1);
    if (last === undefined || indent + widthOf(last + name) > width) lines.push(name);
    else lines[lines.length - 1] = last + name;
  }
  return lines.map((line, at) => (at === 0 ? first : ' '.repeat(indent)) + line);
}

/** What ends a text and is to be copied: it stands on a line of its own, and is never broken, even if it is longer than the line. */
const commandAtEnd =
  /^(.*[^ ]:) ((?:[A-Z_]+=\S+ )*(?:kubelatch (?:audit|plan|apply|verify|rollback|resume|init|inventory|runs|csr|persist|netpol|uninstall|report|explain|rules|completion|node-helper|--help)\b|kubectl (?:get|describe|logs|apply|delete|auth|config|certificate|drain|cordon|uncordon|label)\b|ssh-keygen |sudo )[^]*)$/;

/** A wrapped paragraph: `first` starts the first line, spaces indent the others. A name too long for that stands below it. */
export function paragraph(first: string, text: string, width: number): string[] {
  const indent = widthOf(first);
  const step = (/^ */.exec(first)?.[0].length ?? 0) + 2;
  const longest = longestWord(text);
  if (indent + longest > width && step < indent && step + longest <= width && first.trim() !== '')
    return [first.trimEnd(), ...paragraph(' '.repeat(step), text, width)];
  const [, before, command] = indent + widthOf(text) <= width ? [] : (commandAtEnd.exec(text) ?? []);
  const lines = before === undefined ? wrap(text, width - indent) : wrap(before, width - indent);
  return [...lines, ...(command === undefined ? [] : [command])].map(
    (line, i) => (i === 0 ? first : ' '.repeat(indent)) + line,
  );
}

/** What is said on stderr: on a terminal each line is wrapped at words below itself; in a pipe (Infinity) it stays whole. */
export const messageLines = (text: string, width: number): string[] =>
  text.split('\n').flatMap((line) => {
    const [indent = ''] = /^ *(?:kubelatch: |hint: |[!+-] )?/.exec(line) ?? [];
    const hang = /^ *kubelatch: $/.test(indent) ? '  ' : ' '.repeat(widthOf(indent));
    // Stands for what is before the text on the first line alone.
    const filler = indent.length === hang.length ? '' : `${'x'.repeat(indent.length - hang.length - 1)} `;
    const [first = '', ...rest] = paragraph(hang, filler + line.slice(indent.length), width);
    return [indent + first.slice(indent.length), ...rest];
  });

function head(text: string, max: number): string {
  let used = 0;
  let taken = '';
  for (const char of text) {
    used += charWidth(char);
    if (used > max) break;
    taken += char;
  }
  return taken;
}

/** `1 host`, `2 hosts`. */
export const count = (number: number, noun: string, plural = `${noun}s`): string =>
  `${number} ${number === 1 ? noun : plural}`;

/** Sections with a blank line between them; those without lines are left out. Ends with a line feed. */
export const sectionsText = (sections: readonly (readonly string[])[]): string =>
  `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
