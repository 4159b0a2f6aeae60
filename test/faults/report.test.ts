/** The published matrix counts what was run, hides nothing of what was red or never ran, and is what its writer makes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Result } from './cell.js';
import { type Cell, allCells, faultNames, nameOf, pointOf } from './matrix.js';
import { partOf } from '../written-page.js';
import { matrixMarks, median, pageWith, reportText } from './report.js';

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
  version: 'v1.20.2',
});
const options = { kind: 'standin', seed: 1, deadline: 20, command: 'npm run test:faults', date: '2026-11-23', cells };
const row = (text: string, fault: string): string[] =>
  text.split('\n').filter((line) => new RegExp(`^\\| \`${fault}\` `).test(line));

it('counts green cells by step and by shape', () => {
  const text = reportText(cells.map(green), options);
  expect(text).toContain(`${cells.length} cells run of ${cells.length}, ${cells.length} green, 0 red.`);
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

describe('docs/fault-matrix.md', () => {
  const page = readFileSync(new URL('../../docs/fault-matrix.md', import.meta.url), 'utf8');
  const written = reportText(cells.map(green), options);

  /** Without what a run decides: numbers, the date, how it was called, the widths of columns, and rows of outcomes and times. */
  function shapeOf(part: string): string[] {
    const shape: string[] = [];
    let columns = 0;
    let isFixed = true;
    for (const line of part.split('\n')) {
      const row = /^\|(.*)\|$/
        .exec(line)?.[1]
        ?.split(/(?<!\\)\|/)
        .map((cell) => cell.trim());
      if (row === undefined) {
        columns = 0;
        shape.push(
          line
            .replace(/`npm run .*`/, 'COMMAND')
            .replace(/ Joined from more than one run of the same sources\.$/, '')
            .replaceAll(/\d{4}-\d\d-\d\d|[\d.]*\d/g, 'N'),
        );
      } else if (columns === 0) {
        columns = row.length;
        isFixed = !/run > resume|median/.test(line);
        shape.push(row.join('|'));
      } else {
        expect(row, line).toHaveLength(columns);
        expect(['', ...faultNames.map((name) => `\`${name}\``)], line).toContain(row[0]?.replace(/^-+$/, ''));
        if (isFixed)
          shape.push(
            row
              .map((cell) => cell.replace(/^(\d+|\*\*.*\*\*)$/, 'N'))
              .join('|')
              .replaceAll(/-{3,}/g, '-'),
          );
      }
    }
    return shape;
  }

  it('has the generated part that its writer makes of a whole green run', () => {
    const part = partOf(page, matrixMarks);
    expect(part).toBeDefined();
    expect(shapeOf(part ?? '')).toEqual(shapeOf(written));
    expect(part).toContain(`\n${cells.length} cells run of ${cells.length}, ${cells.length} green, 0 red.`);
  });

  it('keeps what is written by hand when a run writes its part', () => {
    const next = pageWith(page, written);
    expect(partOf(next, matrixMarks)).toBe(written);
    expect(next.split(written)).toEqual(page.split(partOf(page, matrixMarks) ?? ''));
    expect(next).toMatch(/^# The fault matrix\n[^]*\n## What has no cell/);
    expect(pageWith('', written)).toBe(written);
  });
});
