/** The generated part of docs/fault-matrix.md: what was run, how it came out, how long nodes took to revert. Pure. */
import { framed, marksOf, partOf, table, withPart } from '../written-page.js';
import type { Result } from './cell.js';
import { type Cell, type FaultName, faultNames, faults, nameOf, pointOf, shapes, steps } from './matrix.js';

export interface ReportOptions {
  readonly kind: string;
  readonly seed: number;
  /** Seconds. */
  readonly deadline: number;
  readonly command: string;
  /** As `2026-11-23`. */
  readonly date: string;
  readonly cells: readonly Cell[];
  /** The results come from more than one run of the same sources. */
  readonly joined?: boolean | undefined;
}

const seconds = (value: number): string => value.toFixed(1);

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

export const matrixMarks = marksOf('npm run test:faults');
export const realMarks = marksOf('npm run test:faults -- --real');

/** The page with its generated part replaced; the part alone where it is not such a page. */
export const pageWith = (page: string, part: string, marks = matrixMarks): string =>
  partOf(page, marks) === undefined ? part : withPart(page, marks, part);

/** How many cells came out how, under what, and by which command. */
export function summary(results: readonly Result[], options: ReportOptions, what: string): string[] {
  const { cells, deadline, command, date, joined } = options;
  const red = results.filter(({ problems }) => problems.length > 0).length;
  return [
    `${results.length} cells run of ${cells.length}, ${results.length - red} green, ${red} red. ${what}, deadline ${deadline} s, ${date}.`,
    // Without the folders of files: they are those of one machine.
    `This run: \`${command.replaceAll(/(?<= )\/\S*\//g, '')}\`.${joined === true ? ' Joined from more than one run of the same sources.' : ''}`,
  ];
}

/** Markdown from one marker to the other, ended by a line feed. */
export function reportText(results: readonly Result[], options: ReportOptions): string {
  const failed = results.filter(({ problems }) => problems.length > 0);
  const { kind, seed, deadline, cells } = options;
  const lines = [
    ...summary(results, options, `Kind \`${kind}\`, seed ${seed}`),
    '',
    '## Faults and steps',
    '',
    'Green cells of those run, over all shapes. `–`: no case of its own (below).',
    '',
    ...table(
      ['fault', ...steps],
      faultNames.map((fault) => [`\`${fault}\``, ...steps.map((step) => count(results, { fault, step }))]),
    ),
    '',
    '## Faults and shapes',
    '',
    ...table(
      ['fault', 'what happens', ...shapes],
      faultNames.map((fault) => [
        `\`${fault}\``,
        faults[fault].title,
        ...shapes.map((shape) => count(results, { fault, shape })),
      ]),
    ),
    '',
    '## How the changes ended',
    '',
    'Outcome of the run, then of `kubelatch resume` where there was something left to end.',
    '',
    ...table(['fault', 'run > resume', 'files', 'cells'], endings(results)),
    '',
    '## Time until the old configuration ran again',
    '',
    'In seconds, from the loss until the old files were back and the kubelet served as they say, where a change was armed or',
    `written. Without its controller a node has the deadline of ${deadline} s + 5 s (and the 20 s of a kubelet that hangs on stop); each of`,
    'those cells asserts it, and that it was the node that did it.',
    '',
    ...table(['fault', 'cells', 'median', 'max'], times(results)),
    '',
    ...unrun(results, cells),
    ...(failed.length === 0
      ? []
      : ['## Red', '', ...failed.map(({ name, problems }) => `- \`${name}\`: ${problems.join('; ')}`), '']),
  ];
  return framed(matrixMarks, lines.join('\n'));
}

type Where = Partial<Pick<Cell, 'fault' | 'step' | 'shape'>>;

function count(results: readonly Result[], where: Where): string {
  const of = results.filter(({ cell }) =>
    Object.entries(where).every(([key, value]) => cell[key as keyof Where] === value),
  );
  if (of.length === 0) return '–';
  const green = of.filter(({ problems }) => problems.length === 0).length;
  return green === of.length ? String(green) : `**${green} of ${of.length}**`;
}

function endings(results: readonly Result[]): string[][] {
  const counted = new Map<string, number>();
  for (const { cell, said, files } of results) {
    const key = [`\`${cell.fault}\``, said, files].join('\t');
    counted.set(key, (counted.get(key) ?? 0) + 1);
  }
  const rank = (key: string): number => faultNames.findIndex((name) => key.startsWith(`\`${name}\``));
  return [...counted]
    .sort(([left], [right]) => rank(left) - rank(right) || left.localeCompare(right))
    .map(([key, number]) => [...key.split('\t'), String(number)]);
}

function times(results: readonly Result[]): string[][] {
  const row = (title: string, of: (name: FaultName) => boolean): string[][] => {
    const took = results.flatMap(({ cell, revertTook }) =>
      of(cell.fault) && revertTook !== undefined ? [revertTook] : [],
    );
    if (took.length === 0) return [];
    return [[title, String(took.length), seconds(median(took) ?? 0), seconds(Math.max(...took))]];
  };
  return faultNames.flatMap((fault) => row(`\`${fault}\``, (name) => name === fault));
}

/** Cells of this run that have no result: each is named, with the reason. */
function unrun(results: readonly Result[], cells: readonly Cell[]): string[] {
  const run = new Set(results.map(({ name }) => name));
  const rows = faultNames.flatMap((fault) => {
    const left = cells.filter((cell) => cell.fault === fault && !run.has(nameOf(cell)));
    if (left.length === 0) return [];
    const points = [...new Set(left.map(pointOf))].map((point) => {
      const on = left.filter((cell) => pointOf(cell) === point).map(({ shape }) => shape);
      return `${point} (${on.length === shapes.length ? 'all' : on.join(', ')})`;
    });
    return [[`\`${fault}\``, String(left.length), points.join(', ')]];
  });
  if (rows.length === 0) return [];
  return [
    '## Not run yet',
    '',
    'The run ended before their turn: `npm run test:faults -- --after build/faults-evidence/results.json` runs them.',
    '',
    ...table(['fault', 'cells', 'points (shapes)'], rows),
    '',
  ];
}
