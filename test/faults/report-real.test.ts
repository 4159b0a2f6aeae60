/** The cells for real kubelets and their part of the page: each by itself, and what is red or was not run stands out. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Result } from './cell.js';
import { type Cell, faultNames, momentsOf, nameOf, realFaults, shapes } from './matrix.js';
import { readOptions } from './options.js';
import { realCells } from './real-cells.js';
import { pageWith, realMarks } from './report.js';
import { realReportText } from './report-real.js';

const cells = realCells();
const green = (cell: Cell): Result => ({
  cell,
  name: nameOf(cell),
  problems: [],
  said: 'reverted',
  files: 'old',
  revertTook: 41.26,
  took: 60,
  version: 'v1.20.2',
});
const options = {
  kind: 'real',
  seed: 1,
  deadline: 40,
  command: 'npm run test:faults -- --real',
  date: '2026-11-30',
  cells,
};

describe('the cells', () => {
  it('are sixty, each with a name of its own, at moments that the fault has', () => {
    expect(new Set(cells.map(nameOf)).size).toBe(60);
    expect(cells.filter(({ fault, step, moment }) => !momentsOf(fault, step).includes(moment))).toEqual([]);
  });

  it('have every fault that only a real kubelet can show, on every shape', () => {
    for (const fault of Object.keys(realFaults))
      expect(new Set(cells.filter((cell) => cell.fault === fault).map(({ shape }) => shape)).size, fault).toBe(
        shapes.length,
      );
    expect(faultNames).not.toEqual(expect.arrayContaining(Object.keys(realFaults)));
  });

  it('run on real kubelets and are published only as a whole', () => {
    expect(readOptions(['--real'])).toMatchObject({
      kind: 'real',
      real: true,
      deadline: 40,
      report: 'docs/fault-matrix.md',
    });
    expect(readOptions(['--real', '--kind', 'standin']).report).toBeUndefined();
    expect(readOptions(['--real', '--only', 'slow-start']).report).toBeUndefined();
  });
});

describe('the part of the page', () => {
  it('names the version, the time and each cell', () => {
    const text = realReportText(cells.map(green), options);
    expect(text).toContain('60 cells run of 60, 60 green, 0 red. Kubelet v1.20.2, deadline 40 s');
    expect(text.match(/\| 41\.3 s +\| green \|/g)).toHaveLength(60);
  });

  it('says what is red and what was not run', () => {
    const [first, , ...rest] = cells.map(green);
    if (first === undefined) throw new Error('no cells');
    const text = realReportText([{ ...first, problems: ['left armed: a timer'] }, ...rest], options);
    expect(text).toContain('59 cells run of 60, 58 green, 1 red.');
    expect(text).toContain(`- \`${first.name}\`: left armed: a timer`);
    expect(text.match(/\*\*red\*\*/g)).toHaveLength(1);
    expect(text.match(/not run/g)).toHaveLength(1);
  });

  it('does not pass a stand-in off as a kubelet', () => {
    expect(realReportText([], { ...options, kind: 'standin' })).toContain('proves nothing about real kubelets');
  });

  it('takes its place in docs/fault-matrix.md, and nothing else changes', () => {
    const page = readFileSync(new URL('../../docs/fault-matrix.md', import.meta.url), 'utf8');
    const part = realReportText(cells.map(green), options);
    const next = pageWith(page, part, realMarks);
    expect(next).toContain(part);
    expect(next.replace(part, '')).toBe(
      page.slice(0, page.indexOf(realMarks.begin)) + page.slice(page.indexOf(realMarks.end) + realMarks.end.length + 1),
    );
  });
});
