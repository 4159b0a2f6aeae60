import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from '../../src/inventory/range.js';

const expand = (text: string): readonly string[] | string => {
  const range = parseRange(text);
  return range.ok ? range.value.expand() : range.error;
};

describe('a range', () => {
  it.each([
    ['node1', ['node1']],
    ['n[1:3]', ['n1', 'n2', 'n3']],
    ['n[08:11]', ['n08', 'n09', 'n10', 'n11']],
    ['n[9:11]', ['n9', 'n10', 'n11']],
    ['[a:c]', ['a', 'b', 'c']],
    ['r[A:B]-n[1:2].x', ['rA-n1.x', 'rA-n2.x', 'rB-n1.x', 'rB-n2.x']],
    ['n[5:5]', ['n5']],
    ['n[00:01]', ['n00', 'n01']],
  ])('%s', (text, names) => {
    expect(expand(text)).toEqual(names);
  });

  it.each([
    ['n[3:1]', '[3:1] ends before it starts'],
    ['n[c:a]', '[c:a] ends before it starts'],
    ['n[1-3]', '[1-3] is not a range: write [1:3], [01:40] or [a:c]'],
    ['n[]', '[] is not a range: write [1:3], [01:40] or [a:c]'],
    ['n[1:3:2]', '[1:3:2] is not a range: write [1:3], [01:40] or [a:c]'],
    ['n[a:C]', '[a:C] is not a range: write [1:3], [01:40] or [a:c]'],
    ['n[ab:ac]', '[ab:ac] is not a range: write [1:3], [01:40] or [a:c]'],
    ['n[a:1]', '[a:1] is not a range: write [1:3], [01:40] or [a:c]'],
    ['n[01:100]', '[01:100]: start and end must have the same number of digits'],
    ['n[1:010]', '[1:010]: start and end must have the same number of digits'],
    ['n[1:3', 'unbalanced brackets'],
    ['n1:3]', 'unbalanced brackets'],
    ['n[[1:3]]', 'unbalanced brackets'],
  ])('%s is refused', (text, message) => {
    expect(expand(text)).toBe(message);
  });

  it('knows its size before anything is made', () => {
    const range = parseRange('[1:999999999][1:999999999]');
    expect(range.ok && range.value.count).toBeGreaterThan(9e17);
  });

  it('holds every number between its ends once, in order, all as wide', () => {
    const bounds = fc.tuple(fc.nat(99_999), fc.nat(300), fc.boolean());
    fc.assert(
      fc.property(bounds, ([from, length, padded]) => {
        const to = from + length;
        const width = padded ? String(to).length + 1 : 1;
        const text = (n: number): string => String(n).padStart(width, '0');
        const names = expand(`a[${text(from)}:${text(to)}]b`);
        expect(names).toEqual(Array.from({ length: length + 1 }, (_, i) => `a${text(from + i)}b`));
      }),
    );
  });

  it('multiplies: as many names as said, all different', () => {
    const part = fc.tuple(fc.stringMatching(/^[a-z]{1,3}-$/), fc.integer({ min: 1, max: 6 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const range = parseRange(parts.map(([word, to]) => `${word}[1:${to}]`).join('.'));
        expect(range.ok).toBe(true);
        if (!range.ok) return;
        const names = range.value.expand();
        expect(names).toHaveLength(parts.reduce((product, [, to]) => product * to, 1));
        expect(range.value.count).toBe(names.length);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseRange(text).ok === 'boolean'));
  });
});
