/** The published matrix counts what was run, and hides nothing of what was red or never ran. */
import { expect, it } from 'vitest';
import type { Result } from './cell.js';
import { type Cell, allCells, nameOf, pointOf } from './matrix.js';
import { median, reportText } from './report.js';

const cells = allCells();
/** A cell as it comes from another process. */
const green = (cell: Cell): Result => ({
  cell: { ...cell },
  name: nameOf(cell),
  problems: [],
  said: 'reverted',
  files: 'old',
  revertTook: cell.fault === 'ssh-cut' ? 20 : undefined,
  took: 30,
});
const options = { kind: 'standin', seed: 1, deadline: 20, command: 'npm run test:faults', date: '2026-11-23', cells };
const row = (text: string, fault: string): string[] =>
  text.split('\n').filter((line) => new RegExp(`^\\| \`${fault}\` `).test(line));

it('counts green cells by step and by shape', () => {
  const text = reportText(cells.map(green), options);
  expect(text).toContain(`${cells.length} cells run of ${cells.length},\n${cells.length} green, 0 red`);
  expect(
    row(text, 'ssh-cut')[0]
      ?.split('|')
      .map((one) => one.trim())
      .slice(2, 5),
  ).toEqual(['4', '4', '8']);
  expect(row(text, 'disk-full')[1]).toMatch(/\| 10 +\| 10 +\| 10 +\| 10 +\|$/);
  expect(text).not.toMatch(/## (Red|Not run yet)/);
});

it('names red cells and those that never ran', () => {
  const [first, second, ...rest] = cells.map(green);
  if (first === undefined || second === undefined) throw new Error('no cells');
  const text = reportText([{ ...first, problems: ['left cordoned'] }, ...rest], options);
  expect(text).toContain(`- \`${first.name}\`: left cordoned`);
  expect(text).toMatch(
    new RegExp(`\\| \`${second.cell.fault}\` +\\| 1 +\\| ${pointOf(second.cell)} \\(${second.cell.shape}\\)`),
  );
  expect(row(text, first.cell.fault)[0]).toContain('**2 of 3**');
});

it('tells the median and the longest of the times', () => {
  expect(median([])).toBeUndefined();
  expect(median([3, 1, 2])).toBe(2);
  const results = cells.map(green).map((one, at) => (one.revertTook === undefined ? one : { ...one, revertTook: at }));
  const took = results.flatMap(({ revertTook }) => revertTook ?? []);
  const [line] = row(reportText(results, options), 'ssh-cut').slice(-1);
  expect(line).toContain(Math.max(...took).toFixed(1));
  expect(line).toContain((median(took) ?? 0).toFixed(1));
});
