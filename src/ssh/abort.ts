/** Listening to an AbortSignal that many calls share. */
import { setMaxListeners } from 'node:events';

/** Calls `listener` once when `signal` aborts, at once if it already has. Returns how to stop listening. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  // Each host of a fleet listens to the same signal: that is no leak.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
