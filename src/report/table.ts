/** Tables as kubectl prints them: upper-case headers, no borders, fitted to the terminal. A row that does not fit is a list of its fields. */
import { longestWord, pad, paragraph, widthOf, wrap } from './layout.js';
import type { Paint } from './style.js';

export interface Column {
  readonly header: string;
  /** If the column does not fit: `wrap` breaks cells between words (default), `keep` never does. */
  readonly overflow?: 'wrap' | 'keep' | undefined;
}

/** One line of plain text. Colour is added after fitting, because escape sequences have no width. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

export interface Row {
  readonly cells: readonly Cell[];
  /** Lines below the row, starting at the left edge. */
  readonly below?: readonly string[] | undefined;
}

const gap = 2;
/** Prose in a narrower column is hard to read; shorter cells may be narrower. */
const readable = 12;

/** The lines of the table, without line feeds; empty if there are no rows. No word is cut or broken that fits a line. */
export function table(columns: readonly Column[], rows: readonly Row[], width: number): string[] {
  if (rows.length === 0) return [];
  const { fitting, widths } = fit(columns, rows, width);
  const first = columns.map(({ header }) => header);
  const lines = fitting.size === 0 ? [] : rowLines(columns, widths, first);
  for (const [at, row] of rows.entries()) {
    if (fitting.has(at)) lines.push(...rowLines(columns, widths, row.cells), ...(row.below ?? []));
    else
      lines.push(...(at === 0 ? [] : ['']), ...fieldLines(columns, row, width), ...(fitting.has(at + 1) ? [''] : []));
  }
  return lines;
}

interface Fit {
  /** Indexes of rows. */
  readonly fitting: ReadonlySet<number>;
  readonly widths: readonly number[];
}

/** The rows that fit together, the narrowest first. If many do not, none is in the table: half a table is hard to read. */
function fit(columns: readonly Column[], rows: readonly Row[], width: number): Fit {
  const headers = columns.map(({ header }) => widthOf(header));
  const needed = rows
    .map((row, at) => ({ at, least: columns.map((column, i) => leastWidth(column, textOf(row.cells[i]))) }))
    .toSorted((a, b) => total(a.least) - total(b.least));
  const fitting = new Set<number>();
  let least: readonly number[] = headers;
  for (const one of needed) {
    const wider = least.map((most, i) => Math.max(most, one.least[i] ?? 0));
    if (total(wider) > width) break;
    least = wider;
    fitting.add(one.at);
  }
  if ((rows.length - fitting.size) * 3 > rows.length) fitting.clear();
  const natural = headers.map((header, i) =>
    [...fitting].reduce((most, at) => Math.max(most, widthOf(textOf(rows[at]?.cells[i]))), header),
  );
  return { fitting, widths: shrink(natural, least, width) };
}

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, one) => sum + one, 0) + gap * Math.max(widths.length - 1, 0);

/** The longest word, and not less than is readable of longer texts. */
function leastWidth({ overflow }: Column, text: string): number {
  if (overflow === 'keep') return widthOf(text);
  return Math.max(longestWord(text), Math.min(widthOf(text), readable));
}

/** Takes from the widest column that may be narrower, until all fit. */
function shrink(natural: readonly number[], least: readonly number[], width: number): number[] {
  const widths = [...natural];
  for (;;) {
    if (!(total(widths) > width)) return widths;
    let widest: number | undefined;
    for (const [i, one] of widths.entries())
      if (one > (least[i] ?? 0) && (widest === undefined || one > (widths[widest] ?? 0))) widest = i;
    if (widest === undefined) return widths;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function rowLines(columns: readonly Column[], widths: readonly number[], cells: readonly Cell[]): string[] {
  const parts = columns.map((_, i) => wrap(textOf(cells[i]), widths[i] ?? 0));
  const height = Math.max(...parts.map((part) => part.length));
  return Array.from({ length: height }, (_, line) => {
    const texts = parts.map((part) => part[line] ?? '');
    const last = texts.findLastIndex((text) => text !== '');
    return texts
      .slice(0, last + 1)
      .map((text, i) => paint(cells[i], i === last ? text : pad(text, (widths[i] ?? 0) + gap)))
      .join('');
  });
}

/** `HEADER  value`, one field a line; a value that does not fit beside its header stands below it. */
function fieldLines(columns: readonly Column[], { cells, below }: Row, width: number): string[] {
  const indent = /^ */.exec(columns[0]?.header ?? '')?.[0] ?? '';
  const labels = columns.map(({ header }) => header.trim());
  const label = Math.max(...labels.map(widthOf)) + gap;
  const lines = labels.flatMap((name, i) => {
    const text = textOf(cells[i]).trim();
    if (text === '') return [];
    const beside = `${indent}${pad(name, label)}`;
    const longest = leastWidth({ header: name, overflow: columns[i]?.overflow }, text);
    const painted = (part: string): string => paint(cells[i], part);
    if (widthOf(beside) + longest <= width) {
      const [head = '', ...rest] = wrap(text, width - widthOf(beside)).map(painted);
      return [beside + head, ...rest.map((part) => ' '.repeat(widthOf(beside)) + part)];
    }
    return [
      `${indent}${name}`,
      ...paragraph('', text, width - indent.length - gap).map((part) => `${indent}  ${painted(part)}`),
    ];
  });
  return [...lines, ...(below ?? [])];
}

const textOf = (cell: Cell | undefined): string => (typeof cell === 'object' ? cell.text : (cell ?? ''));

const paint = (cell: Cell | undefined, text: string): string =>
  typeof cell === 'object' && text !== '' ? cell.paint(text) : text;
