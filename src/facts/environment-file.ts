/** Files named by EnvironmentFile=, read by systemd's rules (parse_env_file_internal in src/basic/env-file.c; tested with 252 and 257). */
import { type Spanned, isBlank } from './spanned.js';

export interface Assignment {
  readonly name: string;
  readonly value: Spanned;
  /** Line of the name, starting at 1. */
  readonly line: number;
}

/** From this systemd version on, a backslash at the end of a comment does not continue the comment (tested with 252 and 257). */
const commentsEnd = 254;
/** Passed as the version to read comments as a shell does: they end with their line. */
export const likeShell = commentsEnd;

/**
 * All assignments in file order. Like systemd, ignores lines that are not assignments.
 * @param systemd its version, such as 252
 */
export const parseEnvironmentFile = (text: string, systemd: number): Assignment[] =>
  candidates(text, systemd).filter(({ name }) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));

/** Whether systemd versions read this text differently. */
export function dependsOnVersion(text: string): boolean {
  const read = (systemd: number): string =>
    JSON.stringify(parseEnvironmentFile(text, systemd).map(({ name, value }) => [name, value.text]));
  return /^[ \t]*[#;].*\\/m.test(text) && read(commentsEnd) !== read(commentsEnd - 1);
}

/** Whether a name or value has bytes that are not text. systemd then uses nothing from the file. */
export const hasBytes = (text: string, systemd: number): boolean =>
  text.includes('\0') ||
  (text.includes('\uFFFD') &&
    candidates(text, systemd).some(({ name, value }) => name.includes('\uFFFD') || value.text.includes('\uFFFD')));

function candidates(text: string, systemd: number): Assignment[] {
  const found: Assignment[] = [];
  let line = 1;
  let counted = 0;
  for (let index = 0; index < text.length;) {
    const start = skip(text, index, /[ \t\r\n]/);
    if ('#;'.includes(text.charAt(start))) {
      index = endOfComment(text, start, systemd < commentsEnd);
      continue;
    }
    const equals = skip(text, start, /[^=\r\n]/);
    if (text.charAt(equals) !== '=') {
      index = equals + 1;
      continue;
    }
    const value = readValue(text, equals + 1);
    line += text.slice(counted, start).split(/\r\n|\n\r|\n|\r/).length - 1;
    counted = start;
    found.push({ name: text.slice(start, endOfName(text, start, equals)), value: value.span, line });
    index = value.next;
  }
  return found;
}

/** Blanks before the = are not part of the name. */
function endOfName(text: string, start: number, equals: number): number {
  let end = equals;
  while (end > start && isBlank(text.charAt(end - 1))) end -= 1;
  return end;
}

function skip(text: string, from: number, what: RegExp): number {
  let index = from;
  while (index < text.length && what.test(text.charAt(index))) index += 1;
  return index;
}

/** Before 254 a backslash makes the next character part of the comment, even a line end. */
function endOfComment(text: string, start: number, continues: boolean): number {
  for (let index = start; index < text.length; index += 1) {
    if (/[\r\n]/.test(text.charAt(index))) return index + 1;
    if (text.charAt(index) === '\\' && (continues || !/[\r\n]/.test(text.charAt(index + 1)))) index += 1;
  }
  return text.length;
}

/** A quote counts only where a value or a continuation of it begins: in `A=b"c"` it is part of the value. */
function readValue(text: string, start: number): { span: Spanned; next: number } {
  const chars: string[] = [];
  const at: number[] = [];
  const keep = (index: number): void => {
    chars.push(text.charAt(index));
    at.push(index);
  };
  let state: 'before' | 'plain' | '"' | "'" = 'before';
  let trimTo = 0; // unquoted blanks at the end are not part of the value
  let index = start;
  for (; index < text.length; index += 1) {
    const char = text.charAt(index);
    if ((state === 'before' || state === 'plain') && /[\r\n]/.test(char)) break;
    if (state === 'before' && /[ \t]/.test(char)) continue;
    if (state === 'before' && (char === '"' || char === "'")) {
      state = char;
    } else if (char === state) {
      state = 'before';
    } else if (char === '\\' && state !== "'") {
      const next = text.charAt(index + 1);
      if (state === '"' && !'"\\`$\n'.includes(next)) keep(index);
      if (state === 'before') state = 'plain';
      index += 1;
      const isLineEnd = next === '\n' || (next === '\r' && state === 'plain');
      if (!isLineEnd && index < text.length) keep(index);
      trimTo = chars.length;
      continue;
    } else {
      if (state === 'before') state = 'plain';
      keep(index);
      if (state === 'plain' && /[ \t]/.test(char)) continue;
    }
    trimTo = chars.length;
  }
  return { span: { text: chars.slice(0, trimTo).join(''), at: at.slice(0, trimTo) }, next: index + 1 };
}
