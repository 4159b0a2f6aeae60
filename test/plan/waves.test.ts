import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Amount,
  mayTouchControlPlane,
  parseAmount,
  planWaves,
  resolveAmount,
  unavailableLimit,
} from '../../src/plan/waves.js';

const amount: fc.Arbitrary<Amount> = fc.oneof(
  fc.record({ count: fc.integer({ min: 0, max: 60 }) }),
  fc.record({ percent: fc.integer({ min: 0, max: 100 }) }),
);

it('loses no host, doubles none, and has no empty wave', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(5), fc.array(amount, { maxLength: 6 }), (workers, servers, steps) => {
      const names = Array.from({ length: workers }, (_, index) => `w${index}`);
      const control = Array.from({ length: servers }, (_, index) => `c${index}`);
      const waves = planWaves(names, control, steps);
      expect(waves.flat()).toEqual([...names, ...control]);
      expect(waves.every((wave) => wave.length > 0)).toBe(true);
      expect(waves.slice(waves.length - servers)).toEqual(control.map((one) => [one]));
    }),
  );
});

it('takes each step as how many are done after it', () => {
  const sizes = (count: number, ...steps: string[]): number[] =>
    planWaves(
      Array.from({ length: count }, () => 0),
      [],
      steps.map((step) => parseAmount(step) ?? { count: NaN }),
    ).map((wave) => wave.length);
  expect(sizes(40, '1', '10%', '50%', '100%')).toEqual([1, 3, 16, 20]);
  expect(sizes(3, '1', '10%', '50%', '100%')).toEqual([1, 2]);
  expect(sizes(1, '10%')).toEqual([1]);
  expect(sizes(5, '0%')).toEqual([5]);
  expect(sizes(5, '100%')).toEqual([5]);
  expect(sizes(5, '3', '2', '900')).toEqual([3, 2]);
  expect(sizes(5)).toEqual([5]);
  expect(sizes(0, '1')).toEqual([]);
});

it('rounds a share down, but never to nothing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 5000 }), (percent, total) => {
      const whole = resolveAmount({ percent }, total);
      expect(whole).toBeGreaterThanOrEqual(1);
      expect(whole).toBeLessThanOrEqual(Math.max(1, (total * percent) / 100));
      expect(whole).toBeLessThanOrEqual(total);
    }),
  );
  expect([resolveAmount({ percent: 0 }, 10), resolveAmount({ percent: 100 }, 7)]).toEqual([0, 7]);
});

it('reads counts and shares, and nothing else', () => {
  expect([parseAmount('3'), parseAmount(' 25% '), parseAmount('0')]).toEqual([
    { count: 3 },
    { percent: 25 },
    { count: 0 },
  ]);
  for (const text of ['', '%', '-1', '1.5', '101%', '1 %', '1e3', 'x', '1234567'])
    expect(parseAmount(text)).toBeUndefined();
});

it('allows a tenth of the cluster, and always one beyond the dead', () => {
  expect([unavailableLimit(undefined, 50, 0), unavailableLimit(undefined, 50, 3)]).toEqual([5, 5]);
  expect([unavailableLimit(undefined, 50, 9), unavailableLimit(undefined, 1, 0)]).toEqual([10, 1]);
  expect([unavailableLimit({ count: 0 }, 50, 0), unavailableLimit({ percent: 20 }, 50, 9)]).toEqual([0, 10]);
});

it('keeps a majority of the control plane', () => {
  const may = (total: number): boolean[] => Array.from({ length: 3 }, (_, down) => mayTouchControlPlane(total, down));
  expect([may(1), may(3), may(5), may(7)]).toEqual([
    [true, false, false],
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ]);
});
