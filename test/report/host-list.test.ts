import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRange } from '../../src/inventory/range.js';
import { compress, hostList } from '../../src/report/host-list.js';

const expand = (pieces: readonly string[]): string[] =>
  pieces.flatMap((piece) => {
    const range = parseRange(piece);
    return range.ok ? [...range.value.expand()] : [`not a range: ${piece}`];
  });

test('three neighbours and more become a range, fewer are written out', () => {
  expect(compress(['n1', 'n2'])).toEqual(['n1', 'n2']);
  expect(compress(['n3', 'n1', 'n2', 'n7'])).toEqual(['n[1:3]', 'n7']);
  expect(compress(['n8', 'n9', 'n10', 'n11'])).toEqual(['n[8:11]']);
  expect(compress(['n08', 'n09', 'n10', 'cp1', 'n11'])).toEqual(['n[08:11]', 'cp1']);
  expect(compress(['rack1-n1.eu', 'rack1-n2.eu', 'rack1-n3.eu'])).toEqual(['rack1-n[1:3].eu']);
  expect(compress(['a', 'a', 'b'])).toEqual(['a', 'b']);
});

test('numbers with leading zeros do not mix with others', () => {
  expect(compress(['n08', 'n9', 'n10'])).toEqual(['n08', 'n9', 'n10']);
  expect(compress(['n098', 'n099', 'n100', 'n1000'])).toEqual(['n[098:100]', 'n1000']);
});

test('what is compressed is read back by the inventory as the same hosts', () => {
  const name = fc
    .tuple(
      fc.constantFrom('n', 'node-', 'r1c'),
      fc.integer({ min: 0, max: 130 }),
      fc.constantFrom(1, 2, 3),
      fc.constantFrom('', '.eu'),
    )
    .map(([before, number, digits, after]) => before + String(number).padStart(digits, '0') + after);
  fc.assert(
    fc.property(fc.array(name, { maxLength: 60 }), (names) => {
      expect(expand(compress(names)).sort()).toEqual([...new Set(names)].sort());
    }),
  );
});

test('a long list ends in a count, and names cannot steer the terminal', () => {
  const names = Array.from({ length: 40 }, (_, i) => `n${i * 2}`);
  expect(hostList(names)).toBe('n0,n2,n4,n6,n8,n10,n12,n14,n16,n18,n20,n22,… (40 hosts)');
  expect(hostList(['n\u001b[31m1'])).toBe('n1');
});
