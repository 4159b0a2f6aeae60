import { describe, expect, it } from 'vitest';
import { goDuration } from '../../src/lib/go-duration.js';

describe('goDuration', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['0s', 0],
    ['4h0m0s', 14_400_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['250ms', 250],
    ['1ms500us', 1.5],
    ['2µs', 0.002],
    ['-1s', -1000],
    ['+1s', 1000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(goDuration(text)).toBeCloseTo(milliseconds, 9);
  });

  it.each(['', '5', '5 m', '1d', 'm', '-', '1h2', 'long', '1s\n'])('%j is none', (text) => {
    expect(goDuration(text)).toBeUndefined();
  });
});
