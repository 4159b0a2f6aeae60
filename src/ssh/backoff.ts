/** When to try again what failed: after growing pauses of random length, and not for longer than a limit. */
import { jitter } from '../lib/clock.js';

export interface Backoff {
  /** Milliseconds to wait after an attempt that took `took` milliseconds; undefined if the limit leaves no time for more. */
  next(took: number): number | undefined;
  /** So far. */
  readonly attempts: number;
  /** Milliseconds of the attempts and the pauses between them. */
  readonly spent: number;
}

/** Milliseconds, on average. */
const firstPause = 300;
const longestPause = 5_000;

/** `limit` in milliseconds, for attempts and pauses together. */
export function createBackoff(limit: () => number): Backoff {
  let attempts = 0;
  let spent = 0;
  return {
    next(took) {
      const pause = jitter(Math.min(firstPause * 2 ** attempts, longestPause));
      attempts += 1;
      spent += took;
      if (spent + pause > limit()) return undefined;
      spent += pause;
      return pause;
    },
    get attempts() {
      return attempts;
    },
    get spent() {
      return spent;
    },
  };
}
