/** Every result on screens of 40, 80 and 120 columns: no line is wider, no name is cut, no word is broken that fits. */
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatted } from '../../src/report/formats.js';
import { widthOf } from '../../src/report/layout.js';
import { plainStyle } from '../../src/report/style.js';
import { createStyle } from '../../src/terminal/style.js';
import { type Names, everyKind, shortNames } from './every-kind.js';
import { configEdit } from './samples.js';

const time = '2026-11-23T05:01:04Z';
const kinds = Object.keys(everyKind()) as (keyof ReturnType<typeof everyKind>)[];
const text = (kind: (typeof kinds)[number], names: Names, width: number, style = plainStyle): string =>
  formatted('table', everyKind(names)[kind], { text: { width, style }, time });

/** A command is never broken, so that it can be copied; nor is a line of a diff. */
const isCopied = (line: string): boolean =>
  /^( *kubelatch|~) /.test(line) || configEdit().diff.split('\n').includes(line);
const wordOf = (most: number) =>
  fc
    .string({ unit: fc.constantFrom('a', 'b', 'x', '-', '.', '7'), minLength: 1, maxLength: most })
    .map((one) => `q${one}z`);

describe.each(kinds)('%s', (kind) => {
  it.each([40, 80, 120])('fits %i columns, whatever the names', (width) => {
    const names = fc.record<Names>({
      hosts: fc.tuple(wordOf(30), wordOf(30), wordOf(30)).map(([a, b, c]) => [`${a}1`, `${b}2`, `${c}3`] as const),
      cluster: wordOf(30),
      request: wordOf(30),
      path: wordOf(30).map((one) => `/etc/${one}`),
      operator: wordOf(30),
    });
    fc.assert(
      fc.property(names, (given) => {
        const plain = text(kind, given, width);
        for (const line of plain.split('\n'))
          if (!isCopied(line)) expect(widthOf(line), plain).toBeLessThanOrEqual(width);
        expect(plain.replaceAll(/,… \(\d+ hosts\)/g, '')).not.toContain('…');
        expect(stripVTControlCharacters(text(kind, given, width, createStyle(true)))).toBe(plain);
      }),
      { numRuns: 10 },
    );
  });

  it.each([40, 80, 120])('has at %i columns each name that it has where there is room', (width) => {
    const long: Names = {
      hosts: ['node-a.rack-12.eu1.example.io', 'node-b.rack-12.eu1.example.io', 'node-c.rack-12.eu1.example.io'],
      cluster: 'prod-eu-central-1-and-more',
      request: 'node-csr-8dPq3Yv0bE2kXn5w7Tt',
      path: '/etc/kubernetes/kubelet.yaml',
      operator: 'ann.example@desk-17.office',
    };
    const room = text(kind, long, 1000);
    const fitted = text(kind, long, width);
    for (const name of [...long.hosts, long.cluster, long.request, long.path, long.operator])
      if (room.includes(name)) expect(fitted).toContain(name);
  });
});

it('a sample holds the names that it is given', () => {
  const shown = kinds.map((kind) => text(kind, shortNames, 120)).join('');
  for (const name of [...shortNames.hosts, shortNames.request, shortNames.path, shortNames.operator])
    expect(shown).toContain(name);
});
