/** Partial runs of the same sources join into one; a red cell stays red, and what was run on something else does not count. */
import { expect, it } from 'vitest';
import { allCells, type Cell, nameOf } from './matrix.js';
import { readOptions } from './options.js';
import { type KeptResult, joined, stillGreen } from './results.js';

const cells = allCells().slice(0, 4);
const origin = { sources: '0011', kind: 'standin', deadline: 20 };
const kept = (cell: Cell, over: Partial<KeptResult> = {}): KeptResult => ({
  ...{ cell: { ...cell }, name: nameOf(cell), problems: [], said: 'reverted', files: 'old' },
  ...{ revertTook: undefined, took: 30, version: 'v1.20.2', ...origin },
  ...over,
});
const [first, second, third, fourth] = cells;
if (first === undefined || second === undefined || third === undefined || fourth === undefined)
  throw new Error('no cells');

it('joins partial runs in the order of the cells, and leaves out what none has run', () => {
  const results = joined(
    new Map([
      ['b.json', [kept(fourth), kept(second)]],
      ['a.json', [kept(first)]],
    ]),
    cells,
    origin,
  );
  expect(results.map(({ name }) => name)).toEqual([first, second, fourth].map(nameOf));
  expect(results[0]?.cell).toBe(first);
});

it.each([
  [[], ['left cordoned']],
  [['left cordoned'], []],
])('keeps a cell red that one of two runs found red: %j, %j', (one, other) => {
  const runs = new Map([
    ['a.json', [kept(first, { problems: one })]],
    ['b.json', [kept(first, { problems: other })]],
  ]);
  expect(joined(runs, cells, origin).map(({ problems }) => problems)).toEqual([['left cordoned']]);
});

it.each([{ sources: '2233' }, { kind: 'real' }, { deadline: 40 }])('does not mix runs: %j', (over) => {
  const runs = new Map([
    ['a.json', [kept(first)]],
    ['b.json', [kept(second, over)]],
  ]);
  expect(() => joined(runs, cells, origin)).toThrow(`b.json: ${nameOf(second)} was run on other sources`);
  expect(stillGreen([kept(first), kept(second, over)], cells, origin).map(({ name }) => name)).toEqual([nameOf(first)]);
});

it('knows no cells but those of the report', () => {
  expect(() => joined(new Map([['a.json', [kept(first)]]]), [second], origin)).toThrow('is no cell of this report');
  expect(stillGreen([kept(first)], [second], origin)).toEqual([]);
});

it('runs a red cell again', () => {
  expect(stillGreen([kept(first, { problems: ['left armed'] }), kept(second)], cells, origin)).toHaveLength(1);
});

it('is asked for by --merge, once for each file', () => {
  const { merge, report, reportsPart } = readOptions(['--merge', 'a.json', '--merge', 'b.json']);
  expect({ merge, report }).toEqual({ merge: ['a.json', 'b.json'], report: 'docs/fault-matrix.md' });
  // The published page is not overwritten by a part.
  expect([reportsPart, readOptions(['--report', 'x.md']).reportsPart]).toEqual([false, true]);
  expect(() => readOptions(['--merge', 'a.json', '--after', 'b.json'])).toThrow('leave out --after');
  expect(readOptions(['--sample', '8']).report).toBeUndefined();
});
