/** The maintenance window, by a wall clock that the tests set. */
import { expect, it } from 'vitest';
import { type MaintenanceWindow, noTimeLeft, withinWindow } from '../../src/run/window.js';
import { longestChange, longestRevert } from '../../src/plan/rollout-time.js';
import type { RolloutHost } from '../../src/run/rollout.js';

const endsAt = new Date('2026-11-30T05:00:00').getTime();
const window: MaintenanceWindow = { endsAt, given: '05:00' };
const minutes = 60_000;

function reasonAt(time: number, mayTake: number | undefined): string | undefined {
  const admit = withinWindow(window, () => time);
  const lack = admit({ host: 'n1', mayTake } as RolloutHost, []);
  expect(lack === undefined || (!(lack instanceof Promise) && lack.final === true && lack.pauses === true)).toBe(true);
  return lack instanceof Promise ? 'waits' : lack?.reason;
}

it('a host starts only while all that it may need fits in', () => {
  expect(reasonAt(endsAt - 8 * minutes, 8 * minutes)).toBeUndefined();
  expect(reasonAt(endsAt - 8 * minutes + 1, 8 * minutes)).toMatch(
    /^the maintenance window ends at Mon 30 Nov 05:00 \S+, and this node may need 8 min$/,
  );
  expect(reasonAt(endsAt - 1, undefined)).toBeUndefined();
});

it('no host starts after the end, however little it needs', () => {
  expect(reasonAt(endsAt, 0)).toMatch(/^the maintenance window ended at Mon 30 Nov 05:00/);
  expect(reasonAt(endsAt + 9 * minutes, undefined)).toMatch(/^the maintenance window ended/);
});

it('without a window a host may start at any time', () => {
  expect(withinWindow(undefined)({ host: 'n1' } as RolloutHost, [])).toBeUndefined();
});

it('hooks count for what a host may need', () => {
  const admit = (extra: number) =>
    withinWindow(window, () => window.endsAt - 10_000, extra)({ host: 'n1', mayTake: 8_000 } as RolloutHost, []);
  expect(admit(2_000)).toBeUndefined();
  expect(admit(2_001)).toMatchObject({ reason: expect.stringContaining('this node may need') as string, final: true });
});

it('says with the arithmetic that no host can start, and nothing while one can', () => {
  const change = longestChange(2 * minutes, { restarts: true, drains: false });
  const at = (before: number, extra = 0) => noTimeLeft(window, change, extra, () => endsAt - before);
  // 90 s + 120 s + (10 + 90 + 120) s.
  expect(at(430_000)).toBeUndefined();
  expect(at(429_999)).toMatch(
    /^no host can start: the maintenance window ends at Mon 30 Nov 05:00 \S+, in 7 min, and a host may need 8 min \(restart 90 s \+ health checks 2 min \+ revert 4 min\)$/,
  );
  expect(at(430_000, 60_000)).toMatch(/may need 9 min \(.* \+ revert 4 min \+ hooks 60 s\)$/);
  expect(at(0)).toMatch(/^no host can start: the maintenance window ended at Mon 30 Nov 05:00/);
  expect(noTimeLeft(undefined, change, 0, () => endsAt)).toBeUndefined();
  expect(noTimeLeft(window, longestRevert(10_000), 0, () => endsAt - 119_999)).toMatch(
    /in 119 s, and a host may need 3 min \(connect 10 s \+ restart 90 s \+ health checks 60 s\)$/,
  );
});
