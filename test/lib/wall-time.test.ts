import { expect, it } from 'vitest';
import { atMostText, momentOf, momentText } from '../../src/lib/wall-time.js';

const at = (text: string): number => new Date(text).getTime();
const noon = at('2026-11-29T12:00:00');

it('a time of day is the next one, by the calendar', () => {
  expect(momentOf('13:30', noon)).toBe(at('2026-11-29T13:30:00'));
  expect(momentOf('05:00', noon)).toBe(at('2026-11-30T05:00:00'));
  expect(momentOf('5:00', noon)).toBe(at('2026-11-30T05:00:00'));
  expect(momentOf('12:00', noon)).toBe(at('2026-11-30T12:00:00'));
});

it('a date has its zone, or that of this machine', () => {
  expect(momentOf('2026-12-01T05:00Z', noon)).toBe(Date.UTC(2026, 11, 1, 5));
  expect(momentOf('2026-12-01T05:00:30+02:00', noon)).toBe(Date.UTC(2026, 11, 1, 3, 0, 30));
  expect(momentOf('2026-12-01T05:00', noon)).toBe(at('2026-12-01T05:00:00'));
});

it.each(['', '5', '24:00', '12:60', '5pm', '2026-12-01', '2026-02-30T05:00Z', '2026-13-01T05:00', 'tomorrow'])(
  '%j is no moment',
  (text) => {
    expect(momentOf(text, noon)).toBeUndefined();
  },
);

it('tells the day and the zone', () => {
  expect(momentText(at('2026-11-30T05:00:00'))).toMatch(/^Mon 30 Nov 05:00 \S+$/);
  expect([45_000, 119_001, 430_000, 7_200_000].map(atMostText)).toEqual(['45 s', '2 min', '8 min', '2 h']);
});
