/** Columns as kubectl prints them: upper-case headers, no borders, made to fit the terminal. */
import { cut, pad, widthOf, wrap } from './layout.js';
import type { Paint } from './style.js';

export interface Column {
  readonly header: string;
  /** What happens when it does not fit: cut with `…` (default), wrapped below itself, or kept as it is as long as possible. */
  readonly overflow?: 'cut' | 'wrap' | 'keep' | undefined;
}

/** Plain text on one line; colour is put on after it was fitted. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

export interface Row {
  readonly cells: readonly Cell[];
  /** Lines under the row, from the left edge. */
  readonly below?: readonly string[] | undefined;
}

const gap = 2;
const narrowest = 3;
const readable = 8;

/** Lines without a line feed at their end; none where there are no rows. */
export function table(columns: readonly Column[], rows: readonly Row[], width: number): string[] {
  if (rows.length === 0) return [];
  const natural = columns.map(({ header }, i) =>
    rows.reduce((most, { cells }) => Math.max(most, widthOf(textOf(cells[i]))), widthOf(header)),
  );
  const widths = fit(columns, natural, width);
  const lines = [
    rowLines(
      columns,
      widths,
      columns.map(({ header }) => header),
    ),
  ];
  for (const { cells, below } of rows) lines.push(rowLines(columns, widths, cells), [...(below ?? [])]);
  return lines.flat();
}

/** Takes columns from the widest that may lose some: first down to what can be read, then down to a trace. */
function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const passes: readonly (readonly [floor: number, keep: boolean])[] = [
    [readable, true],
    [narrowest, false],
  ];
  for (const [floor, keep] of passes) {
    for (;;) {
      const over = widths.reduce((sum, one) => sum + one, gap * (widths.length - 1)) - width;
      if (!(over > 0)) return widths;
      let widest: number | undefined;
      for (const [i, one] of widths.entries()) {
        if ((keep && columns[i]?.overflow === 'keep') || one <= floor) continue;
        if (widest === undefined || one > (widths[widest] ?? 0)) widest = i;
      }
      if (widest === undefined) break;
      widths[widest] = (widths[widest] ?? 0) - 1;
    }
  }
  return widths;
}

function rowLines(columns: readonly Column[], widths: readonly number[], cells: readonly Cell[]): string[] {
  const parts = columns.map(({ overflow }, i) => {
    const [text, width] = [textOf(cells[i]), widths[i] ?? 0];
    return overflow === 'wrap' ? wrap(text, width) : [cut(text, width)];
  });
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

const textOf = (cell: Cell | undefined): string => (typeof cell === 'object' ? cell.text : (cell ?? ''));

const paint = (cell: Cell | undefined, text: string): string =>
  typeof cell === 'object' && text !== '' ? cell.paint(text) : text;
