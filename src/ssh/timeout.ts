/** A deadline that stands still while a person is asked for something. */
import { monotonic } from '../lib/clock.js';
export interface Patience {
  /** Runs `ask` with the clock stopped. */
  pausedFor<T>(ask: () => Promise<T>): Promise<T>;
  /** Milliseconds the clock has stood still so far. */
  readonly paused: number;
  stop(): void;
}

/** Calls `onExpire` once after `ms` milliseconds that were not spent waiting for a person. */
export function startPatience(ms: number, onExpire: () => void): Patience {
  let left = ms;
  let since = monotonic();
  let pauses = 0;
  let paused = 0;
  let done = false;
  const expire = (): void => {
    done = true;
    onExpire();
  };
  let timer = setTimeout(expire, left);
  return {
    get paused() {
      return paused;
    },
    async pausedFor(ask) {
      if (pauses++ === 0) {
        clearTimeout(timer);
        left -= monotonic() - since;
        since = monotonic();
      }
      try {
        return await ask();
      } finally {
        if (--pauses === 0) {
          paused += monotonic() - since;
          since = monotonic();
          if (!done) timer = setTimeout(expire, Math.max(0, left));
        }
      }
    },
    stop() {
      done = true;
      clearTimeout(timer);
    },
  };
}
