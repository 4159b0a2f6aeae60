/** What a terminal shows after a text: rows of cells, a cursor, lines that break at the last column and are joined again when it is resized. */

export interface Screen {
  write(text: string): void;
  /** Like most terminals, it breaks its lines anew. */
  resize(columns: number): void;
  /** The lines as they were printed; a line that is broken into several rows is one line. */
  lines(): string[];
  /** The rows as they are seen. */
  rows(): string[];
  isCursorVisible(): boolean;
}

interface Line {
  cells: string[];
}

/** Rows are kept as lines; the cursor stands in a line at a cell. */
export function createScreen(initial: number): Screen {
  let columns = initial;
  const lines: Line[] = [{ cells: [] }];
  let at = 0;
  let cell = 0;
  let visible = true;

  const rowsOf = ({ cells }: Line): string[] => {
    const rows: string[] = [];
    for (let from = 0; from === 0 || from < cells.length; from += columns)
      rows.push(
        cells
          .slice(from, from + columns)
          .join('')
          .trimEnd(),
      );
    return rows;
  };
  const line = (): Line => (lines[at] ??= { cells: [] });
  const put = (char: string): void => {
    while (line().cells.length < cell) line().cells.push(' ');
    line().cells[cell] = char;
    cell += 1;
  };
  /** Up by rows of the screen, of which a line may have several. */
  const up = (count: number): void => {
    for (let left = count; left > 0; left -= 1) {
      if (cell >= columns) cell -= columns;
      else if (at > 0) {
        at -= 1;
        cell = (rowsOf(line()).length - 1) * columns + (cell % columns);
      }
    }
  };
  const eraseBelow = (): void => {
    line().cells.length = Math.min(line().cells.length, cell);
    lines.length = at + 1;
  };
  const csi = (argument: string, letter: string): void => {
    const number = Number(argument.replace(/^\?/, '')) || 0;
    if (letter === 'A') up(number || 1);
    else if (letter === 'B') at += number || 1;
    else if (letter === 'C') cell += number || 1;
    else if (letter === 'D') cell = Math.max(cell - (cell % columns), cell - (number || 1));
    else if (letter === 'G') cell = cell - (cell % columns) + Math.max(number - 1, 0);
    else if (letter === 'J') eraseBelow();
    else if (letter === 'K' && number === 2) line().cells = line().cells.slice(0, cell - (cell % columns));
    else if (letter === 'K') line().cells.length = Math.min(line().cells.length, cell);
    else if (argument === '?25') visible = letter === 'h';
    else if (letter !== 'm') throw new Error(`the screen does not know ESC[${argument}${letter}`);
  };

  return {
    write(text) {
      for (const [, argument = '', letter, char = ''] of text.matchAll(/\u001b\[([\d;?]*)([A-Za-z])|([^])/gu)) {
        if (letter !== undefined) csi(argument, letter);
        else if (char === '\r') cell -= cell % columns;
        else if (char === '\n') {
          at += 1;
          cell = 0;
          line();
        } else put(char);
      }
    },
    resize(next) {
      columns = next;
    },
    lines: () => lines.map(({ cells }) => cells.join('').trimEnd()),
    rows: () => lines.flatMap(rowsOf),
    isCursorVisible: () => visible,
  };
}
