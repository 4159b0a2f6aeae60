/** Text in columns of a terminal: how wide it is, cut or wrapped to fit. Works on text without escape sequences. */
import type { Style } from './style.js';

/** What a text writer needs to know of its reader. */
export interface TextOptions {
  /** Columns; Infinity: nothing is cut or wrapped. */
  readonly width: number;
  readonly style: Style;
  /** Everything, at any width. */
  readonly wide?: boolean | undefined;
}

const wideChars =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns a text takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

const charWidth = (char: string): number => (/^\p{M}|\p{Cf}$/u.test(char) ? 0 : wideChars.test(char) ? 2 : 1);

/** At most `max` columns, the rest replaced by `…`. */
export function cut(text: string, max: number): string {
  return widthOf(text) <= max ? text : `${head(text, Math.max(max - 1, 0))}…`;
}

export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(width - widthOf(text), 0));

/** Lines of at most `columns` (never less than 2), broken at blanks, commas and slashes, and anywhere where there is none of them. */
export function wrap(text: string, columns: number): string[] {
  const width = Math.max(columns, 2);
  if (widthOf(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const piece of text.split(/(?<=[ ,/])/)) {
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

/** A paragraph: `first` before its first line, as many blanks before the others. */
export function paragraph(first: string, text: string, width: number): string[] {
  const indent = widthOf(first);
  return wrap(text, width - indent).map((line, i) => (i === 0 ? first : ' '.repeat(indent)) + line);
}

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
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
