/** docs/images/growth.svg: time, processor time and memory of one audit by the number of hosts, a panel for each. Pure. */
import type { Grown } from './figures.js';

const panel = { width: 250, height: 170, left: 62, top: 46, gap: 70 };
const style = `<style>
text { font: 12px system-ui, sans-serif; fill: #1f2933; }
.title { font-size: 14px; font-weight: 600; }
.tick { fill: #52606d; font-size: 11px; }
.y { text-anchor: end; }
.x, .axis { text-anchor: middle; }
.grid { stroke: #d9e2ec; }
.frame { stroke: #486581; }
.line { fill: none; stroke: #334e68; stroke-width: 2; }
.dot { fill: #334e68; }
</style>`;

const panels: readonly { readonly title: string; readonly of: (one: Grown) => number }[] = [
  { title: 'Time, s', of: ({ wall }) => wall },
  { title: 'Processor time, s', of: ({ cpu }) => cpu },
  { title: 'Memory, MiB', of: ({ peak }) => peak },
];

/** Plain SVG on white, so that it can be read on a dark page too. Throws RangeError for no sizes. */
export function growthChart(growth: readonly Grown[]): string {
  if (growth.length === 0) throw new RangeError('there is no chart of no sizes');
  const each = panel.width + panel.gap;
  const [width, height] = [panels.length * each + 20, panel.top + panel.height + 52];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Time, processor time and memory of an audit by the number of hosts">`,
    '<!-- Drawn from its figures by test/bench/growth-chart.ts. Draw again with: npm run bench -->',
    style,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels.flatMap(({ title, of }, at) => drawn(title, growth, of, panel.left + at * each)),
    '</svg>',
    '',
  ].join('\n');
}

function drawn(title: string, growth: readonly Grown[], of: (one: Grown) => number, left: number): string[] {
  const [steps, hostSteps] = [
    stepsTo(Math.max(...growth.map(of))),
    stepsTo(Math.max(...growth.map(({ hosts }) => hosts))),
  ];
  const [bottom, right] = [panel.top + panel.height, left + panel.width];
  const x = (hosts: number): number => round(left + (hosts / (hostSteps.at(-1) ?? 1)) * panel.width);
  const y = (value: number): number => round(bottom - (value / (steps.at(-1) ?? 1)) * panel.height);
  const points = growth.map((one) => [x(one.hosts), y(of(one))] as const);
  return [
    `<text class="title" x="${left}" y="${panel.top - 18}">${title}</text>`,
    ...steps.flatMap((step) => [
      `<line class="grid" x1="${left}" y1="${y(step)}" x2="${right}" y2="${y(step)}"/>`,
      `<text class="tick y" x="${left - 8}" y="${y(step) + 4}">${step.toLocaleString('en-US')}</text>`,
    ]),
    ...hostSteps.map(
      (step) => `<text class="tick x" x="${x(step)}" y="${bottom + 18}">${step.toLocaleString('en-US')}</text>`,
    ),
    `<line class="frame" x1="${left}" y1="${bottom}" x2="${right}" y2="${bottom}"/>`,
    `<text class="axis" x="${left + panel.width / 2}" y="${bottom + 38}">hosts</text>`,
    `<polyline class="line" points="${points.map((point) => point.join(',')).join(' ')}"/>`,
    ...points.map(([cx, cy]) => `<circle class="dot" cx="${cx}" cy="${cy}" r="3.5"/>`),
  ];
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** From 0 to at least `most`, three to six round numbers. */
function stepsTo(most: number): number[] {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  const step = [0.2, 0.25, 0.5, 1, 2].map((part) => part * magnitude).find((one) => most / one <= 5) ?? magnitude * 2;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, at) => round(at * step));
}
