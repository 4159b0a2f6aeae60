/** Parses systemd unit files and drop-ins, with offsets (config_parse in systemd's src/shared/conf-parser.c; tested with systemd
 * 252 and 257).
 */
import { memoize } from '../lib/memoize.js';
import { type Spanned, isBlank, sliceSpan } from './spanned.js';

export interface Directive {
  readonly section: string;
  readonly key: string;
  /** Continuation lines are joined; each backslash at a line's end becomes a blank. */
  readonly value: Spanned;
  readonly line: number;
  /** The extent of the whole directive in the file, without its last line end. */
  readonly start: number;
  readonly end: number;
}

export interface UnitText {
  readonly directives: readonly Directive[];
  /** Where systemd stops reading the file, and why. */
  readonly stop?: { readonly line: number; readonly message: string } | undefined;
  /** Lines with bytes that are not text, so their content is uncertain. */
  readonly unclear: readonly number[];
}

interface Line {
  readonly text: string;
  readonly start: number;
  readonly number: number;
}

export const parseUnitFile = (text: string): readonly Directive[] => readUnitFile(text).directives;

export const readUnitFile = memoize(parseUnitText, 12);

function parseUnitText(text: string): UnitText {
  const directives: Directive[] = [];
  const unclear: number[] = [];
  let section = '';
  for (const lines of logicalLines(text)) {
    const joined = join(lines);
    const line = lines[0]?.number ?? 0;
    if (/[\uFFFD\0]/.test(joined.text)) unclear.push(line);
    if (joined.text.startsWith('[')) {
      const name = joined.text.slice(1, -1);
      if (!joined.text.endsWith(']') || joined.text.length < 2) return { directives, stop: badSection(line), unclear };
      if (!isSafe(name)) return { directives, stop: badSection(line), unclear };
      section = name;
    } else {
      directives.push(...directive(section, joined, lines));
    }
  }
  return { directives, unclear };
}

const badSection = (line: number): NonNullable<UnitText['stop']> => ({
  line,
  message: 'systemd stops reading the file at this line, because it is not a valid [Section] header',
});

/** No control characters, quotes or backslashes. */
export const isSafe = (text: string): boolean => !/[\x00-\x1f\x7f"'\\]/.test(text);

/** Joins continued lines. Comments are dropped, even between continued lines. */
function* logicalLines(text: string): Generator<readonly Line[]> {
  let pending: Line[] = [];
  let hasMark = false;
  for (const found of linesOf(text)) {
    if (/^[ \t]*[#;]/.test(found.text)) continue;
    let line = found;
    if (!hasMark && line.text.startsWith('\uFEFF')) {
      hasMark = true;
      line = { ...line, text: line.text.slice(1), start: line.start + 1 };
    }
    pending.push(line);
    if (continues(line.text)) continue;
    yield pending;
    pending = [];
  }
  if (pending.length > 0) yield pending;
}

function* linesOf(text: string): Generator<Line> {
  let number = 0;
  for (const match of text.matchAll(/([^\r\n]*)(\r\n|\n\r|\n|\r|$)/g)) {
    number += 1;
    if (match[0] !== '') yield { text: match[1] ?? '', start: match.index, number };
  }
}

/** Ends in a backslash that is not escaped itself. */
function continues(line: string): boolean {
  let count = 0;
  while (line.charAt(line.length - 1 - count) === '\\') count += 1;
  return count % 2 === 1;
}

/** Each line-end backslash becomes a blank. Blanks at both ends of the result are removed; those at the start of a continued line stay. */
function join(lines: readonly Line[]): Spanned {
  const chars: string[] = [];
  const at: number[] = [];
  for (const { text, start } of lines) {
    const body = continues(text) ? `${text.slice(0, -1)} ` : text;
    for (let index = 0; index < body.length; index += 1) {
      chars.push(body.charAt(index));
      at.push(start + index);
    }
  }
  return strip({ text: chars.join(''), at });
}

/** Removes the blanks at both ends. */
function strip(span: Spanned): Spanned {
  let [from, to] = [0, span.text.length];
  while (from < to && isBlank(span.text.charAt(from))) from += 1;
  while (to > from && isBlank(span.text.charAt(to - 1))) to -= 1;
  return sliceSpan(span, from, to);
}

function directive(section: string, joined: Spanned, lines: readonly Line[]): Directive[] {
  const equals = joined.text.indexOf('=');
  const [first] = lines;
  const last = lines.at(-1);
  if (equals <= 0 || first === undefined || last === undefined) return [];
  return [
    {
      section,
      key: strip(sliceSpan(joined, 0, equals)).text,
      value: strip(sliceSpan(joined, equals + 1)),
      line: first.number,
      start: first.start,
      end: last.start + last.text.length,
    },
  ];
}
