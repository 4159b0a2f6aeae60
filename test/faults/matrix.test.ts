/** The cells of the fault matrix: whole, without doubles, and drawn by a seed. */
import { describe, expect, it } from 'vitest';
import { allCells, faultNames, faults, momentsOf, nameOf, shapes, steps } from './matrix.js';
import { readOptions } from './options.js';
import { matching, sampleOf, shuffled } from './sample.js';

const cells = allCells();

describe('all cells', () => {
  it('have a name of their own each', () => {
    expect(new Set(cells.map(nameOf)).size).toBe(cells.length);
  });

  it('are every fault at every step on every shape, but for the merges that the report names', () => {
    for (const fault of faultNames) {
      const missing = steps.filter((step) => momentsOf(fault, step).length === 0);
      const { kind } = faults[fault];
      const merged = { event: [], condition: ['beat'], answer: ['connect', 'prove', 'cordon'] };
      expect(missing, fault).toEqual(merged[kind]);
      for (const shape of shapes) {
        const found = cells.filter((cell) => cell.fault === fault && cell.shape === shape);
        expect(new Set(found.map(({ step }) => step)).size, `${fault} on ${shape}`).toBe(steps.length - missing.length);
      }
    }
    expect(cells.length).toBeGreaterThan(150);
  });

  it('are on servers and on agents of k3s and RKE2', () => {
    for (const node of ['k3s-server', 'k3s-agent', 'rke2-server', 'rke2-agent'])
      expect(cells.filter((cell) => cell.node === node).length, node).toBeGreaterThan(50);
  });
});

describe('a sample', () => {
  it('is the same for the same seed, and another one for another', () => {
    const names = (seed: number): string[] => sampleOf(cells, 40, seed).map(nameOf);
    expect(names(7)).toEqual(names(7));
    expect(names(7)).not.toEqual(names(8));
  });

  it.each([20, 40, 64])('of %d has every fault and every shape', (count) => {
    const sample = sampleOf(cells, count, 3);
    expect(new Set(sample.map(nameOf)).size).toBe(count);
    expect(new Set(sample.map(({ fault }) => fault)).size).toBe(faultNames.length);
    expect(new Set(sample.map(({ shape }) => shape)).size).toBe(shapes.length);
  });

  it('of more cells than there are is all of them', () => {
    expect(sampleOf(cells, cells.length + 5, 1)).toHaveLength(cells.length);
    expect(shuffled(cells, 1).map(nameOf).sort()).toEqual(cells.map(nameOf).sort());
  });
});

describe('a pattern', () => {
  it.each([
    ['ssh-cut/write.after/k3s', 1],
    ['ssh-cut/write/k3s', 3],
    ['ssh-cut/write', 12],
    ['*/confirm.late', 8],
    ['/connect/rke2', 13],
  ])('%s matches %d cells', (pattern, count) => {
    expect(matching(cells, pattern)).toHaveLength(count);
  });

  it('that matches nothing is an error', () => {
    expect(() => readOptions(['--only', 'flood/write'])).toThrow(/no cell matches flood\/write/);
  });
});

it('writes the published report only when all cells are run on the stand-in', () => {
  expect(readOptions([]).report).toBe('docs/fault-matrix.md');
  expect(readOptions(['--sample', '20']).report).toBeUndefined();
  expect(readOptions(['--kind', 'real']).report).toBeUndefined();
});
