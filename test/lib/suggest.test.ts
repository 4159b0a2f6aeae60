import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damerauLevenshtein, didYouMean, suggest } from '../../src/lib/suggest.js';

describe('suggest', () => {
  it.each([
    ['adress', ['user', 'address'], 'address'],
    ['prot', ['port', 'post'], 'port'],
    ['READONLYPORT', ['readOnlyPort'], 'readOnlyPort'],
    ['x', ['port'], undefined],
    ['zzzzzz', ['address', 'nodeName'], undefined],
    ['a', [], undefined],
  ])('%s', (word, known, nearest) => {
    expect(suggest(word, known)).toBe(nearest);
  });

  it('ends a sentence', () => {
    expect(didYouMean('jmup', ['jump'])).toBe(', did you mean "jump"?');
    expect(didYouMean('jmup', ['user'])).toBe('');
  });
});

describe('damerauLevenshtein', () => {
  it.each([
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['abcd', 'acbd', 1],
  ])('%s %s', (left, right, distance) => {
    expect(damerauLevenshtein(left, right)).toBe(distance);
  });

  it('is the same both ways, zero for the same word alone, and bounded by the longer word', () => {
    const word = fc.stringMatching(/^[abc]{0,8}$/);
    fc.assert(
      fc.property(word, word, (left, right) => {
        const distance = damerauLevenshtein(left, right);
        expect(distance).toBe(damerauLevenshtein(right, left));
        expect(distance === 0).toBe(left === right);
        expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(left.length - right.length));
      }),
    );
  });
});
