/** How long what failed is tried again: pauses that grow, of random length, within a limit. */
import { afterEach, expect, it, vi } from 'vitest';
import { createBackoff } from '../../src/ssh/backoff.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Pauses until there are no more, with attempts of `took` milliseconds. */
function pauses(limit: number, took: number): number[] {
  const backoff = createBackoff(() => limit);
  const all: number[] = [];
  for (let pause = backoff.next(took); pause !== undefined; pause = backoff.next(took)) all.push(Math.round(pause));
  return all;
}

it('waits longer each time, up to a longest pause', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  expect(pauses(20_000, 0)).toEqual([300, 600, 1200, 2400, 4800, 5000, 5000]);
});

it('waits from half to one and a half of that', () => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(0);
  expect(pauses(1_000, 0)).toEqual([150, 300]);
  random.mockReturnValue(0.999_999);
  expect(pauses(2_000, 0)).toEqual([450, 900]);
});

it('counts the attempts towards the limit', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const backoff = createBackoff(() => 5_000);
  expect(backoff.next(4_000)).toBe(300);
  expect(backoff.next(500)).toBeUndefined();
  expect([backoff.attempts, backoff.spent]).toEqual([2, 4_800]);
});
