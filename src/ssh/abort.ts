/** Abort listeners on an AbortSignal that many calls share. */
import { setMaxListeners } from 'node:events';

/** Calls `listener` once on abort, immediately if `signal` is aborted already. Returns a function that removes the listener. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  // Every host listens to the same signal, so many listeners do not mean a leak.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** A controller that aborts with `signal`, too; many calls may listen to its signal. */
export function linkedAbort(signal: AbortSignal | undefined): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  onAbort(signal, () => controller.abort());
  return controller;
}
