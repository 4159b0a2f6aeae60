/** systemd unit files and drop-ins, as text with places (systemd.syntax(7), systemd 252). */
import type { Spanned } from './spanned.js';

export interface Directive {
  readonly section: string;
  readonly key: string;
  /** Continuation lines joined by one blank each. */
  readonly value: Spanned;
  readonly line: number;
  /** Extent of the whole directive in the file, its last line end not included. */
  readonly start: number;
  readonly end: number;
}

interface Line {
  readonly text: string;
  readonly start: number;
  readonly number: number;
}

export function parseUnitFile(text: string): Directive[] {
  const found: Directive[] = [];
  let section = '';
  let pending: Line[] = [];
  for (const line of linesOf(text)) {
    if (/^\s*[#;]/.test(line.text)) continue; // also between continuation lines
    pending.push(line);
    if (continues(line.text)) continue;
    const joined = join(pending);
    const header = /^\s*\[([^\]]+)\]\s*$/.exec(joined.text);
    if (header !== null) section = header[1] ?? '';
    else found.push(...directive(section, joined, pending));
    pending = [];
  }
  return pending.length === 0 ? found : [...found, ...directive(section, join(pending), pending)];
}

function* linesOf(text: string): Generator<Line> {
  let number = 0;
  for (const match of text.matchAll(/([^\r\n]*)(\r\n|\n\r|\n|\r|$)/g)) {
    number += 1;
    if (match[0] !== '') yield { text: match[1] ?? '', start: match.index, number };
  }
}

/** Ends in a backslash that no other one escapes. */
const continues = (line: string): boolean => /(?<!\\)(\\\\)*\\$/.test(line);

/** The backslash becomes a blank; blanks that begin the next line go. */
function join(lines: readonly Line[]): Spanned {
  const chars: string[] = [];
  const at: number[] = [];
  for (const { text, start } of lines) {
    const body = continues(text) ? `${text.slice(0, -1)} ` : text;
    for (let index = body.length - body.trimStart().length; index < body.length; index += 1) {
      chars.push(body.charAt(index));
      at.push(start + index);
    }
  }
  return { text: chars.join(''), at };
}

function directive(section: string, { text, at }: Spanned, lines: readonly Line[]): Directive[] {
  const head = /^\s*([A-Za-z0-9_-]+)\s*=\s*/.exec(text);
  const [first] = lines;
  const last = lines.at(-1);
  if (head === null || first === undefined || last === undefined) return [];
  const from = head[0].length;
  const to = Math.max(from, text.trimEnd().length);
  return [
    {
      section,
      key: head[1] ?? '',
      value: { text: text.slice(from, to), at: at.slice(from, to) },
      line: first.number,
      start: first.start,
      end: last.start + last.text.length,
    },
  ];
}
