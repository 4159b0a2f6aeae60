import { expect, it } from 'vitest';
import { memoizePair } from '../../src/lib/memoize.js';

it('makes a result once for each pair of objects', () => {
  let made = 0;
  const pair = memoizePair((one: { n: number }, other: { n: number }) => {
    made += 1;
    return other.n > 0 ? one.n + other.n : undefined;
  });
  const [a, b, c] = [{ n: 1 }, { n: 2 }, { n: 0 }];
  expect([pair(a, b), pair(a, b), pair(b, a), pair({ ...a }, b)]).toEqual([3, 3, 3, 3]);
  expect(made).toBe(3);
  expect([pair(a, c), pair(a, c)]).toEqual([undefined, undefined]);
  expect(made).toBe(4);
});
