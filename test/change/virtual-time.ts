/** A clock that moves only when everybody sleeps: tests of minutes take milliseconds. */
let time = 1000;
const sleepers: { readonly due: number; readonly wake: () => void }[] = [];

export const monotonic = (): number => time;

export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const leave = (): void => {
      signal?.removeEventListener('abort', leave);
      const at = sleepers.indexOf(sleeper);
      if (at >= 0) sleepers.splice(at, 1);
      resolve();
    };
    const sleeper = { due: time + ms, wake: leave };
    signal?.addEventListener('abort', leave, { once: true });
    sleepers.push(sleeper);
    // What others are about to do comes first.
    setImmediate(wakeNext);
  });
}

function wakeNext(): void {
  const next = sleepers.reduce<(typeof sleepers)[number] | undefined>(
    (first, one) => (first === undefined || one.due < first.due ? one : first),
    undefined,
  );
  if (next === undefined) return;
  time = Math.max(time, next.due);
  next.wake();
  if (sleepers.length > 0) setImmediate(wakeNext);
}
