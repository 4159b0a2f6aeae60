/** The generated part of docs/proof.md: what was explored, which seeded bugs were found, and how. Pure. */
import { type Bug, bugs } from './bugs.js';
import { invariants } from './invariants.js';
import { count, framed, marksOf, table, withPart } from '../written-page.js';
import type { Run } from './run.js';

const marks = marksOf('npm run test:model');

/** The page with its generated part replaced. Throws RangeError where it is not such a page. */
export const pageWith = (text: string, part: string): string => withPart(text, marks, framed(marks, part));

export function page(runs: readonly Run[], found: ReadonlyMap<Bug, Run>, date: string): string {
  const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const lines = [
    `${count(sum((run) => run.states))} states, ${count(sum((run) => run.transitions))} transitions, no violation; ${found.size} of ${Object.keys(bugs).length} seeded bugs found. ${seconds(sum((run) => run.seconds))} of one processor, ${date}.`,
    '',
    ...table(
      ['world', 'what takes part', 'faults', 'states', 'depth', 'ends', 'seconds'],
      runs.map(({ scope, states, depth, ends, seconds: took }) => [
        ...[`\`${scope.name}\``, scope.about, faultsOf(scope), count(states), count(depth), count(ends)],
        took.toFixed(0),
      ]),
    ),
    '',
    'Depth: steps from the first state to the farthest one. Ends: states at rest.',
    '',
    ...table(
      ['invariant', 'what holds'],
      Object.entries(invariants).map(([name, text]) => [`\`${name}\``, text]),
    ),
    '',
    ...table(
      ['seeded bug', 'what is wrong', 'violates', 'world', 'steps'],
      [...found].map(([bug, { scope, violation, trace }]) => [
        ...[`\`${bug}\``, bugs[bug], `\`${violation?.invariant ?? ''}\``, `\`${scope.name}\``, count(trace.length)],
      ]),
    ),
    '',
  ];
  return lines.join('\n');
}

const faultsOf = ({ first, kinds }: Run['scope']): string =>
  first.left.faults === 0 ? 'none' : `${first.left.faults} of ${kinds.join(', ')}`;
const seconds = (value: number): string => `${value.toFixed(0)} s`;
