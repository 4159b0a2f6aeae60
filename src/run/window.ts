/** The maintenance window: a host may start while all that it can need fits in before the end. The wall clock decides. */
import { now } from '../lib/clock.js';
import { atMostText, momentText } from '../lib/wall-time.js';
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
