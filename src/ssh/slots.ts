/** A semaphore: a number of slots, given out in order of arrival. */
export interface Slots {
  /** Waits for a slot. Resolves to a function that releases it; further calls have no effect. */
  take(): Promise<() => void>;
  /** Changes the number of slots. Those that are taken stay so. */
  resize(count: number): void;
  /** Nobody has a slot, or waits for one. */
  isIdle(): boolean;
}

export function createSlots(count: number): Slots {
  let size = count;
  let taken = 0;
  const waiting: (() => void)[] = [];
  const give = (): (() => void) => {
    let held = true;
    taken += 1;
    return () => {
      if (!held) return;
      held = false;
      taken -= 1;
      wake();
    };
  };
  const wake = (): void => {
    while (taken < size) {
      const next = waiting.shift();
      if (next === undefined) return;
      next();
    }
  };
  return {
    take: () =>
      taken < size ? Promise.resolve(give()) : new Promise((resolve) => waiting.push(() => resolve(give()))),
    resize(to) {
      size = to;
      wake();
    },
    isIdle: () => taken === 0 && waiting.length === 0,
  };
}
