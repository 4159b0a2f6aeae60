/** The maintenance window: a host may start while all that it can need fits in before the end. The wall clock decides. */
import { now } from '../lib/clock.js';
import { atLeastText, atMostText, momentText } from '../lib/wall-time.js';
import { type LongestTime, totalOf } from '../plan/rollout-time.js';
import type { Admission } from './room.js';

export interface MaintenanceWindow {
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
  /** As it was asked for: 05:00. */
  readonly given: string;
}

/**
 * The clock is read each time, so that it may jump: forward, and no further host starts; back, and hosts start until it comes
 * to that time. `extra`: milliseconds that each host needs besides its change.
 */
export const withinWindow =
  (window: MaintenanceWindow | undefined, clock: () => number = now, extra = 0): Admission =>
  ({ mayTake: change = 0 }) => {
    if (window === undefined) return undefined;
    const mayTake = change + extra;
    const left = window.endsAt - clock();
    if (left > 0 && left >= mayTake) return undefined;
    const end = momentText(window.endsAt);
    const reason =
      left <= 0
        ? `the maintenance window ended at ${end}`
        : `the maintenance window ends at ${end}, and this node may need ${atMostText(mayTake)}`;
    return { reason, final: true, pauses: true };
  };

/**
 * Why no host can start, with the arithmetic; undefined while there is time for one. `needs`: of the host that starts first.
 * `extra`: milliseconds that each host needs besides.
 */
export function noTimeLeft(
  window: MaintenanceWindow | undefined,
  needs: LongestTime,
  extra = 0,
  clock: () => number = now,
): string | undefined {
  if (window === undefined) return undefined;
  const end = momentText(window.endsAt);
  const left = window.endsAt - clock();
  if (left <= 0) return `no host can start: the maintenance window ended at ${end}`;
  const parts = extra === 0 ? needs : [...needs, { part: 'hooks', ms: extra }];
  if (left >= totalOf(parts)) return undefined;
  const sum = parts.map(({ part, ms }) => `${part} ${atMostText(ms)}`).join(' + ');
  return `no host can start: the maintenance window ends at ${end}, in ${atLeastText(left)}, and a host may need ${atMostText(totalOf(parts))} (${sum})`;
}
