/** Draws lines of a terminal, with their colours, as an SVG of a window. Pure. */

const [column, row, margin, bar] = [8.45, 19, 18, 34];
const classes: Readonly<Record<string, string>> = { 1: 'b', 2: 'd', 31: 'r', 32: 'g', 33: 'y' };
const hues = ['r', 'g', 'y'];
const weights = ['b', 'd'];

/** `title` is what a screen reader says. */
export function drawTerminal(lines: readonly string[], title: string): string {
  const columns = Math.max(...lines.map((line) => line.replace(/\u001b\[\d+m/g, '').length));
  const width = Math.ceil(columns * column + 2 * margin);
  const height = bar + lines.length * row + margin;
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (color, at) => `<circle cx="${margin + 4 + at * 20}" cy="${bar / 2}" r="6" fill="${color}"/>`,
  );
  const text = lines.map(
    (line, at) => `<text xml:space="preserve" x="${margin}" y="${bar + (at + 1) * row - 4}">${spansOf(line)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    '<style>text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;',
    'fill: #d8dee9; white-space: pre; } .b { font-weight: bold; } .d { fill: #8a93a5; }',
    '.r { fill: #ff7b72; } .g { fill: #7ee787; } .y { fill: #e3b341; }</style>',
    `<rect width="${width}" height="${height}" rx="8" fill="#161b22"/>`,
    ...dots,
    ...text,
    '</svg>\n',
  ].join('\n');
}

/** A line's pieces, each with the colours that are on at its place. */
function spansOf(line: string): string {
  const on = new Set<string>();
  return line
    .split(/\u001b\[(\d+)m/)
    .map((piece, at) => {
      if (at % 2 === 1) {
        change(on, piece);
        return '';
      }
      return on.size === 0 || piece === ''
        ? escaped(piece)
        : `<tspan class="${[...on].join(' ')}">${escaped(piece)}</tspan>`;
    })
    .join('');
}

function change(on: Set<string>, code: string): void {
  const name = classes[code];
  if (name !== undefined) on.add(name);
  else for (const one of code === '22' ? weights : hues) on.delete(one);
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
