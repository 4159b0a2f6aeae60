/** Draws which room of src imports which, from the imports themselves: floors with arrows, and a matrix of every import. */
import type { SourceFile } from './source-file.js';

interface Room {
  readonly name: string;
  readonly what: string;
  /** Where its box stands: columns from the left. */
  readonly column: number;
}

/** From top to bottom: a room imports from the floors below it. */
export const floors: readonly (readonly Room[])[] = [
  [{ name: 'main', what: 'process, exit code', column: 1.6 }],
  [{ name: 'cli', what: 'verbs, flags, files', column: 1.6 }],
  [
    { name: 'pipeline', what: 'the steps of each verb', column: 1.2 },
    { name: 'terminal', what: 'progress, questions', column: 2.8 },
  ],
  [
    { name: 'change', what: "one node's files", column: 1.2 },
    { name: 'report', what: 'how results look', column: 2.8 },
  ],
  [{ name: 'run', what: 'rollout, journal, lock', column: 0.5 }],
  [
    { name: 'netpol', what: 'keeping pods out', column: 0.9 },
    { name: 'gate', what: 'is this node healthy?', column: 2.2 },
    { name: 'verify', what: 'what do ports answer?', column: 3.4 },
  ],
  [
    { name: 'plan', what: 'exact edits, waves', column: 0.6 },
    { name: 'consumers', what: 'who would break', column: 2.8 },
  ],
  [{ name: 'persistence', what: 'what upgrades bring back', column: 1.2 }],
  [
    { name: 'distros', what: 'where a value is set', column: 0 },
    { name: 'owners', what: 'whose node it is', column: 2.6 },
  ],
  [
    { name: 'edit', what: 'YAML and flag edits', column: 0 },
    { name: 'playbook', what: 'rules and judging', column: 1.2 },
    { name: 'csr', what: 'certificate requests', column: 2.6 },
  ],
  [
    { name: 'facts', what: 'what is true on a node', column: 0.6 },
    { name: 'cluster', what: 'the API server', column: 2.6 },
  ],
  [{ name: 'ssh', what: 'connections, sudo', column: 1.4 }],
  [
    { name: 'inventory', what: 'which hosts', column: 0.9 },
    { name: 'node', what: 'shell for the nodes', column: 2 },
    { name: 'filter', what: 'files against others', column: 3.1 },
  ],
  [{ name: 'lib', what: 'clock, errors, redaction: every room may import it', column: 1.6 }],
];

const rooms = floors.flat();
const floorOf = (name: string): number => floors.findIndex((floor) => floor.some((room) => room.name === name));

interface Edge {
  readonly from: string;
  readonly to: string;
  /** Gone when compiled. */
  readonly typeOnly: boolean;
}

const roomOf = (path: string): string => path.replace(/\.(ts|sh)$/, '').split('/')[0] ?? path;

/** Imports between rooms, each pair once: of values where there is one of values. */
export function importsBetween(sources: readonly SourceFile[]): readonly Edge[] {
  const names = new Set(sources.map(({ path }) => roomOf(path)));
  const found = new Map<string, Edge>();
  for (const { path, imports } of sources) {
    const from = roomOf(path);
    for (const { target, typeOnly } of imports) {
      const to = roomOf(target);
      const key = `${from} ${to}`;
      if (from === to || !names.has(to) || found.get(key)?.typeOnly === false) continue;
      found.set(key, { from, to, typeOnly });
    }
  }
  const order = ({ from, to }: Edge): number => floorOf(from) * 100 + rooms.findIndex(({ name }) => name === to);
  return [...found.values()].sort((a, b) => order(a) - order(b));
}

/** Imports that do not lead to a floor below. */
export const upward = (edges: readonly Edge[]): readonly Edge[] =>
  edges.filter(({ from, to }) => floorOf(from) >= floorOf(to));

/** Without lib, and without edges that a longer path implies. */
function plainest(edges: readonly Edge[]): readonly Edge[] {
  const drawn = edges.filter((edge) => edge.to !== 'lib' && floorOf(edge.from) < floorOf(edge.to));
  const leads = (from: string, to: string): boolean =>
    drawn.some((edge) => edge.from === from && (edge.to === to || leads(edge.to, to)));
  const isImplied = ({ from, to }: Edge): boolean =>
    drawn.some((edge) => edge.from === from && edge.to !== to && leads(edge.to, to));
  return [...drawn.filter((edge) => !isImplied(edge)), ...upward(edges)];
}

const wide = 150;
const high = 42;
const step = 64;
const left = ({ column }: Room): number => 20 + column * 170;
const top = (name: string): number => 56 + floorOf(name) * step;
const find = (name: string): Room => rooms.find((room) => room.name === name) ?? { name, what: '', column: 0 };

function box(room: Room): string {
  const isGround = room.name === 'lib';
  const x = isGround ? 20 : left(room);
  const width = isGround ? 650 : wide;
  const y = top(room.name);
  const middle = x + width / 2;
  return [
    `<rect class="room" x="${x}" y="${y}" width="${width}" height="${high}" rx="5"/>`,
    `<text class="name" x="${middle}" y="${y + 18}">${room.name}</text>`,
    `<text class="what" x="${middle}" y="${y + 34}">${room.what}</text>`,
  ].join('\n');
}

function arrow({ from, to, typeOnly }: Edge): string {
  const goesUp = floorOf(from) >= floorOf(to);
  const [upper, lower] = goesUp ? [to, from] : [from, to];
  // Arrows lean towards their other end, so that several at one box stay apart.
  const lean = Math.max(-1, Math.min(1, find(lower).column - find(upper).column)) * 40;
  const above = `${Math.round(left(find(upper)) + wide / 2 + lean)} ${top(upper) + high}`;
  const below = `${Math.round(left(find(lower)) + wide / 2 - lean)} ${top(lower) - 1}`;
  const kind = `${typeOnly ? 'types' : 'values'}${goesUp ? ' up' : ''}`;
  return `<path class="${kind}" d="M${goesUp ? `${below} L${above}` : `${above} L${below}`}" marker-end="url(#head)"/>`;
}

const cell = 21;
const grid = { x: 800, y: 150 };

function matrix(edges: readonly Edge[]): string {
  const at = (name: string): number => rooms.findIndex((room) => room.name === name) * cell + cell / 2;
  const size = rooms.length * cell;
  const lines = rooms.flatMap(({ name }, i) => [
    `<text class="row" x="${grid.x - 8}" y="${grid.y + at(name) + 4}">${name}</text>`,
    `<text class="column" transform="translate(${grid.x + at(name) + 4} ${grid.y - 8}) rotate(-60)">${name}</text>`,
    `<rect class="self" x="${grid.x + i * cell}" y="${grid.y + i * cell}" width="${cell}" height="${cell}"/>`,
    `<path class="line" d="M${grid.x} ${grid.y + i * cell}h${size}M${grid.x + i * cell} ${grid.y}v${size}"/>`,
  ]);
  const marks = edges.map(({ from, to, typeOnly }) => {
    const kind = `${typeOnly ? 'ring' : 'dot'}${floorOf(from) >= floorOf(to) ? ' up' : ''}`;
    return `<circle class="${kind}" cx="${grid.x + at(to)}" cy="${grid.y + at(from)}" r="5"/>`;
  });
  const frame = `<rect class="frame" x="${grid.x}" y="${grid.y}" width="${size}" height="${size}"/>`;
  return [...lines, frame, ...marks].join('\n');
}

const styles = `text { font: 12px system-ui, sans-serif; fill: #1f2933; }
.title { font-size: 15px; font-weight: 600; }
.name { font-size: 14px; font-weight: 600; text-anchor: middle; }
.what { font-size: 11px; fill: #52606d; text-anchor: middle; }
.row { text-anchor: end; }
.room { fill: #f0f4f8; stroke: #486581; }
.values, .types { fill: none; stroke: #334e68; stroke-width: 1.4; }
.types { stroke-dasharray: 5 4; }
.self { fill: #d9e2ec; }
.line { stroke: #d9e2ec; }
.frame { fill: none; stroke: #486581; }
.dot { fill: #334e68; }
.ring { fill: #fff; stroke: #334e68; stroke-width: 1.6; }
path.up, .ring.up { stroke: #c0392b; }
.dot.up { fill: #c0392b; }`;

export function drawImports(sources: readonly SourceFile[]): string {
  const edges = importsBetween(sources);
  const below = grid.y + rooms.length * cell;
  const legend = [
    '<circle class="dot" cx="808" cy="LINE" r="5"/><text x="822" y="TEXT">imports code</text>',
    '<circle class="ring" cx="808" cy="LINE" r="5"/><text x="822" y="TEXT">imports types only, which are gone when compiled</text>',
    '<circle class="ring up" cx="808" cy="LINE" r="5"/><text x="822" y="TEXT">leads to the same floor or up</text>',
  ].map((line, i) => line.replace('LINE', String(below + 30 + i * 22)).replace('TEXT', String(below + 34 + i * 22)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1240 890" role="img" aria-label="Which room of src imports from which">
<!-- Drawn from the imports by test/imports-picture.ts. Regenerate with: npm run picture -->
<style>
${styles}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#334e68"/></marker></defs>
<rect width="1240" height="890" fill="#fff"/>
<text class="title" x="20" y="30">The floors: imports lead down (arrows that a longer path implies are left out)</text>
<text class="title" x="760" y="30">Every import: the row imports from the column</text>
${plainest(edges).map(arrow).join('\n')}
${rooms.map(box).join('\n')}
${matrix(edges)}
${legend.join('\n')}
</svg>
`;
}
