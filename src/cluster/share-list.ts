/** One list of the cluster for everybody who asks: at most one is under way at any time. */
import { monotonic } from '../lib/clock.js';

/**
 * Reads again only where the last list is older than `maxAge` milliseconds. Who needs a newer list than the one under way waits
 * for it to end, and shares the next one. No answer is from more than `maxAge` before its question.
 */
export function shareList<T>(read: () => Promise<T>): (maxAge: number) => Promise<T> {
  let last: { readonly at: number; readonly list: Promise<T>; isDone: boolean } | undefined;
  let next: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    const mine = { at: monotonic(), list: read(), isDone: false };
    const done = (): void => {
      mine.isDone = true;
    };
    mine.list.then(done, done);
    last = mine;
    return mine.list;
  };
  return (maxAge) => {
    if (last !== undefined && monotonic() - last.at <= maxAge) return last.list;
    if (last === undefined || last.isDone) return begin();
    const afterLast = (): Promise<T> => {
      next = undefined;
      return begin();
    };
    next ??= last.list.then(afterLast, afterLast);
    return next;
  };
}
