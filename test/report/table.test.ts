import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cut, paragraph, widthOf, wrap } from '../../src/report/layout.js';
import { type Column, table } from '../../src/report/table.js';

const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;

test('columns stand two apart under upper-case headers, without blanks at the end', () => {
  const columns: Column[] = [{ header: 'NAME' }, { header: 'STATE' }];
  const rows = [{ cells: ['a', 'ok'] }, { cells: ['longer', ''], below: ['    note'] }];
  expect(table(columns, rows, 80)).toEqual(['NAME    STATE', 'a       ok', 'longer', '    note']);
  expect(table(columns, [], 80)).toEqual([]);
});

const columns: Column[] = [
  { header: 'RULE', overflow: 'keep' },
  { header: 'GOT' },
  { header: 'HOSTS', overflow: 'wrap' },
];

test('what does not fit is wrapped between words, the widest column first', () => {
  const rows = [{ cells: ['anonymous-auth', 'one,two,three,four,five,six', 'n1,n2,n3,n4,n5'] }];
  expect(table(columns, rows, 45)).toEqual([
    'RULE            GOT            HOSTS',
    'anonymous-auth  one,two,       n1,n2,n3,n4,n5',
    '                three,four,',
    '                five,six',
  ]);
});

test('a row of which a word does not fit is a list of its fields; the others stay a table', () => {
  const short = { cells: ['a', 'x', 'n1'] };
  const long = { cells: ['anonymous-auth', 'x'.repeat(30), 'n1,n2'], below: ['    note'] };
  const list = ['RULE   anonymous-auth', 'GOT', `  ${'x'.repeat(30)}`, 'HOSTS  n1,n2', '    note'];
  expect(table(columns, [short, short, long, short], 36)).toEqual([
    ...['RULE  GOT  HOSTS', 'a     x    n1', 'a     x    n1', '', ...list, '', 'a     x    n1'],
  ]);
  // Half a table is none.
  expect(table(columns, [short, long], 36)).toEqual(['RULE   a', 'GOT    x', 'HOSTS  n1', '', ...list]);
});

test('no line is wider than asked for, and colour is never cut in two', () => {
  const overflow = fc.constantFrom('wrap' as const, 'keep' as const);
  const cell = fc.string({ unit: fc.constantFrom('a', 'B', ' ', ',', '/', 'é', '漢'), maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(overflow, { minLength: 1, maxLength: 5 }),
      fc.array(fc.array(cell), { maxLength: 5 }),
      fc.integer({ min: 30, max: 90 }),
      (kinds, rows, width) => {
        const columns = kinds.map((one, i) => ({ header: `C${i}`, overflow: one }));
        const painted = rows.map((cells) => ({ cells: cells.map((text) => ({ text, paint: red })) }));
        const plain = table(
          columns,
          rows.map((cells) => ({ cells })),
          width,
        );
        expect(table(columns, painted, width).map(stripVTControlCharacters)).toEqual(plain);
        for (const line of plain) expect(widthOf(line)).toBeLessThanOrEqual(width);
        // Nothing is lost, and a word that fits a line is on one.
        const words = rows.flatMap((cells) => cells.slice(0, kinds.length)).flatMap((text) => text.split(/[ ,/]+/));
        for (const word of words.filter((one) => widthOf(one) <= width - 4)) expect(plain.join('\n')).toContain(word);
      },
    ),
  );
});

test('there is an end to it where no column is left', () => {
  for (const width of [1, 0, -7]) expect(wrap('abc d', width)).toEqual(['ab', 'c', 'd']);
  expect(paragraph('  hint: ', 'ab', 4)).toEqual(['  hint: ab']);
});

test('wrapping loses nothing but blanks', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', ',', '漢'), maxLength: 80 });
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 40 }), (words, width) => {
      const lines = wrap(words, width);
      expect(lines.join('').replaceAll(' ', '')).toBe(words.replaceAll(' ', ''));
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }),
  );
});

test('wide characters count twice, marks not at all', () => {
  expect(widthOf('漢字')).toBe(4);
  expect(widthOf('e\u0301')).toBe(1);
  expect(cut('漢字', 3)).toBe('漢…');
  expect(paragraph('  hint: ', 'one two three', 16)).toEqual(['  hint: one two', '        three']);
});
