/** A semaphore: a fixed number of slots, given out in order of arrival. */
export interface Slots {
  /** Waits for a slot. Resolves to a function that releases it; further calls have no effect. */
  take(): Promise<() => void>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const give = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  const place = (): (() => void) => {
    let held = true;
    return () => {
      if (held) give();
      held = false;
    };
  };
  return {
    take: () => {
      if (free > 0) {
        free -= 1;
        return Promise.resolve(place());
      }
      return new Promise((resolve) => waiting.push(() => resolve(place())));
    },
  };
}
