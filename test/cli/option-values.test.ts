import { expect, it } from 'vitest';
import { duration, durationOrNone, waveSizes } from '../../src/cli/option-values.js';

it('a duration is above 0, but where 0 says not at all', () => {
  expect(['0', '0s', '0ms', '2s', '500ms'].map(durationOrNone)).toEqual([0, 0, 0, 2000, 500]);
  expect(() => duration('0')).toThrow(/above 0/);
  for (const text of ['', '-1s', 'soon', '1']) expect(() => durationOrNone(text)).toThrow(/above 0/);
});

it('waves grow, as far as counts and shares can be compared', () => {
  for (const text of ['1', '100%', '1,10%,50%,100%', '5%,3,50%', '1,2,100%'])
    expect(() => waveSizes(text)).not.toThrow();
  for (const text of ['0', '0%', '1,1', '2,1', '10%,5%', '100%,5'])
    expect(() => waveSizes(text)).toThrow(/above 0|grow/);
});
