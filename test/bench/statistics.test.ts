/** Medians, ratios and the order of rounds. */
import { expect, it } from 'vitest';
import { median, medianRatio, turned } from './statistics.js';

it('takes the middle value, whatever the order', () => {
  expect(median([9, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(() => median([])).toThrow(RangeError);
});

it('compares within each round, so that a slow round counts for both', () => {
  expect(medianRatio([2, 20, 3], [1, 10, 1])).toBe(2);
  expect(medianRatio([2, 20], [1])).toBeNaN();
});

it('lets each be the first in turn', () => {
  expect([0, 1, 2, 3].map((round) => turned(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
  expect(turned([], 4)).toEqual([]);
});
