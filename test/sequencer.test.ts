import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parts } from './e2e/sequencer.js';

const folder = join(import.meta.dirname, 'e2e');
const tables = JSON.parse(readFileSync(join(folder, 'seconds.json'), 'utf8')) as Record<
  'standin' | 'real',
  Record<string, number>
>;
const names = readdirSync(folder).flatMap((name) => /^(.*)\.e2e\.ts$/.exec(name)?.[1] ?? []);

it.each([1, 2, 4, 5])('every file is in exactly one of %i parts', (count) => {
  const made = parts(names, count, (name) => tables.standin[name] ?? 20);
  expect(made).toHaveLength(count);
  expect(made.flat().toSorted()).toEqual(names.toSorted());
});

describe.each([
  { kind: 'standin' as const, count: 4, own: names.filter((name) => !name.startsWith('supervised-')) },
  { kind: 'real' as const, count: 2, own: Object.keys(tables.real) },
])('on $kind nodes', ({ kind, count, own }) => {
  it('the parts take as long as each other, as far as the longest file allows', () => {
    const seconds = (name: string): number => tables[kind][name] ?? 20;
    const sums = parts(own, count, seconds).map((part) => part.reduce((sum, name) => sum + seconds(name), 0));
    expect(Math.max(...sums) - Math.min(...sums)).toBeLessThan(60);
  });

  it('the table names only files that are there', () => {
    expect(Object.keys(tables[kind]).filter((name) => !names.includes(name))).toEqual([]);
  });
});
