/** A timeout that pauses while the user is asked for something. */
import { monotonic } from '../lib/clock.js';
export interface PausableTimeout {
  /** Runs `ask` while the timeout is paused. */
  pausedFor<T>(ask: () => Promise<T>): Promise<T>;
  /** Milliseconds of all pauses so far, the open one included. */
  readonly paused: number;
  stop(): void;
}

/** Calls `onExpire` once after `ms` milliseconds, without the time spent in pauses. */
export function startTimeout(ms: number, onExpire: () => void): PausableTimeout {
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
      return pauses === 0 ? paused : paused + monotonic() - since;
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
