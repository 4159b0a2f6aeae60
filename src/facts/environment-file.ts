/** Files named by EnvironmentFile=, read by systemd's rules (src/basic/env-file.c, systemd 252). */
import type { Spanned } from './spanned.js';

export interface Assignment {
  readonly name: string;
  readonly value: Spanned;
  /** Line of the name, from 1. */
  readonly line: number;
}

/** All assignments in file order; lines that are none are passed over, as systemd does. */
export function parseEnvironmentFile(text: string): Assignment[] {
  const found: Assignment[] = [];
  let line = 1;
  let counted = 0;
  for (let index = 0; index < text.length;) {
    const start = skip(text, index, /[ \t\r\n]/);
    const end = endOfLine(text, start);
    const equals = text.indexOf('=', start);
    if ('#;'.includes(text.charAt(start)) || equals < 0 || equals > end) {
      index = end + 1;
      continue;
    }
    const value = readValue(text, equals + 1);
    const name = text.slice(start, equals).trimEnd();
    line += text.slice(counted, start).split('\n').length - 1;
    counted = start;
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) found.push({ name, value: value.span, line });
    index = value.next;
  }
  return found;
}

function skip(text: string, from: number, what: RegExp): number {
  let index = from;
  while (index < text.length && what.test(text.charAt(index))) index += 1;
  return index;
}

const endOfLine = (text: string, from: number): number => skip(text, from, /[^\r\n]/);

/** Quotes count only where a value, or the next piece of a quoted one, begins: in `a="b"` they belong to the value. */
function readValue(text: string, start: number): { span: Spanned; next: number } {
  const chars: string[] = [];
  const at: number[] = [];
  const keep = (index: number): void => {
    chars.push(text.charAt(index));
    at.push(index);
  };
  let state: 'before' | 'plain' | '"' | "'" = 'before';
  let trimTo = 0; // unquoted blanks at the end do not belong to the value
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
