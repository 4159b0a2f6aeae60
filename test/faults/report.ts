/** The published matrix: what was run, how it came out, how long nodes took to save themselves. Pure. */
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
  /** Green cells of an earlier run of the same sources were taken over. */
  readonly after?: string | undefined;
}

const seconds = (value: number): string => value.toFixed(1);

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** Markdown, ended by a line feed. */
export function reportText(results: readonly Result[], options: ReportOptions): string {
  const failed = results.filter(({ problems }) => problems.length > 0);
  const { kind, seed, deadline, command, date, cells } = options;
  const lines = [
    '# The fault matrix',
    '',
    `Every fault at every point of a change, on every shape of node: ${results.length} cells run of ${cells.length},`,
    `${results.length - failed.length} green, ${failed.length} red. Kind \`${kind}\`, seed ${seed}, deadline ${deadline} s, ${date}.`,
    '',
    ...(options.after === undefined
      ? []
      : ['Taken together from more than one run of the same sources (`--after`).', '']),
    `Repeat all of it: \`npm run test:faults\` (this run: \`${command}\`). One cell: \`npm run test:faults -- --only FAULT/STEP.MOMENT/SHAPE\`.`,
    '',
    ...promises,
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
    '## What has no cell, and what stands in for something',
    '',
    ...notes,
  ];
  return `${lines.join('\n')}\n`;
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

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [first = [], ...rest] = all;
  return [line(first), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest.map(line)];
}

const promises = [
  'After each cell, and `kubelatch resume` where the run did not end:',
  '',
  '- the files that decide how the kubelet runs are exactly the old ones or exactly the new ones, with mode and owner;',
  '- the kubelet runs, the node is Ready, the API server reaches it, and it serves as its files say;',
  '- what the tool said is what the node is, and no exit code is 0 unless the change stayed;',
  '- nothing is left armed (units, timers), locked (transactions), staged, given up or cordoned.',
];

const notes = [
  '- **An event** (controller killed, SSH cut, reboot, power cut) has two cases at a step that changes something: before it, when the',
  '  call is lost, and after it, when its answer is lost. A third one, _late_: the call of a dead controller is carried out only after',
  '  the node has put itself back. Steps that change nothing have one case.',
  '- **connect** is the connection that the journal tells of, after the survey; a condition is there before that one too.',
  '- **hangs-on-stop and never-starts** at the gate and at confirm have nothing left to strike: the controller is killed there too, so that',
  '  it is the switch that has to stop and start the kubelet under the fault.',
  '- **lock-held**: from the arming on, the other operator is refused by what the node says in the survey, not by its lock.',
  '- **k3s and RKE2**: each point runs on a server or on an agent, in turn.',
  '- **A condition** lasts until the end of the cell, so that after a step is before the next one; a heartbeat is within the gate.',
  '- **A spoilt answer** needs a call to root: connecting, the proof of a second connection and the cordon have none.',
  '- **Clocks**: containers share the clock of their kernel, so a node of the lab cannot have another time. The clock of the',
  "  controller's process is moved instead, in the midst of the run; what counts is the difference. A true cluster's API server with",
  '  a clock of its own has not been tried.',
  '- **Power cut**: all processes of the node die at once and it boots from its disk as it was; what the kernel had not yet written',
  '  to the disk is not lost, as it would be on a machine. That each state is flushed is tested apart from this.',
  '- **SSH cut**: packets from and to port 22 are dropped on the interface of the node; its way to the API server stays. Where nothing was',
  '  armed, it lasts until the run has ended (60 s at most); else until the node has put itself back.',
  '- **sudo revoked**: the call under way has its root already, so it is lost; the next one is refused.',
];
