/** The generated part of docs/proof.md about the histories. Pure. */
import { type Bug, bugs, focusOf } from './bugs.js';
import { callFaults, commandFaults, journalFaults } from './faults.js';
import { invariants } from './oracle.js';
import type { Failure, Tally } from './run.js';
import { count, framed, marksOf, table, withPart } from '../written-page.js';
import { scenarios } from './setting.js';

const marks = marksOf('npm run test:histories');

/** A seeded bug, and the first history that shows it. */
export interface Found {
  readonly bug: Bug;
  readonly failure: Failure;
}

export interface PageFigures {
  readonly tally: Tally;
  readonly found: readonly Found[];
  /** Of a processor. */
  readonly seconds: number;
  /** The first one. */
  readonly seed: number;
  readonly date: string;
}

/** The page with its generated part replaced. Throws RangeError where it is not such a page. */
export const pageWith = (text: string, part: string): string => withPart(text, marks, framed(marks, part));

export function page({ tally, found, seconds, seed, date }: PageFigures): string {
  const { histories, commands, took, failures, faults } = tally;
  const came = Object.values(faults).reduce((sum, one) => sum + one, 0);
  const result = failures.length === 0 ? 'no violation' : `${failures.length} violations`;
  const lines = [
    `${count(histories)} histories (seeds ${seed} to ${seed + histories - 1}), ${result}; ${found.length} of ${Object.keys(bugs).length} seeded bugs found. ${count(commands)} commands on nodes, ${count(came)} faults, ${count(Math.round(took / 3_600_000))} virtual hours; ${count(Math.round(seconds))} s of one processor, ${date}.`,
    '',
    ...table(
      ['histories', 'what takes part', 'how many'],
      Object.entries(scenarios).map(([name, about]) => [`\`${name}\``, about, count(tally.scenarios[name] ?? 0)]),
    ),
    '',
    ...table(['fault', 'at', 'how often'], faultRows(faults)),
    '',
    ...table(
      ['invariant', 'what holds'],
      Object.entries(invariants).map(([name, text]) => [`\`${name}\``, text]),
    ),
    '',
    ...table(
      ['seeded bug', 'what is wrong', 'looked for in', 'violates', 'seed'],
      found.map(({ bug, failure }) => [
        ...[`\`${bug}\``, bugs[bug].about, placeOf(bug), `\`${failure.violation.invariant}\``, count(failure.seed)],
      ]),
    ),
    '',
  ];
  return lines.join('\n');
}

/** The histories in which a bug is looked for. */
function placeOf(bug: Bug): string {
  const focus = focusOf(bug);
  if (focus === undefined) return 'all histories';
  const faults = focus.faults.map((kind) => `${kind.what} at ${kind.on === 'journal' ? 'the journal' : kind.verb}`);
  return `\`${focus.scenario}\` with ${faults.join(', ')}`;
}

function faultRows(faults: Tally['faults']): string[][] {
  const kinds = [
    { on: 'command', at: 'a command on a node', names: commandFaults },
    { on: 'call', at: 'a call to a node', names: callFaults },
    { on: 'journal', at: 'a line of the journal', names: journalFaults },
  ];
  return kinds.flatMap(({ on, at, names }) =>
    Object.entries(names).map(([name, text]) => [text, at, count(faults[`${on} ${name}`] ?? 0)]),
  );
}
