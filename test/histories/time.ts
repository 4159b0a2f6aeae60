/** Virtual time: what is due happens in its order, and nobody waits. */

export interface Appointment {
  cancel(): void;
}

interface Entry {
  readonly due: number;
  readonly order: number;
  work: (() => void) | undefined;
}

const isBefore = (left: Entry, right: Entry): boolean =>
  left.due < right.due || (left.due === right.due && left.order < right.order);

export class Time {
  /** Milliseconds since the history began. */
  now = 0;
  private order = 0;
  private readonly heap: Entry[] = [];
  /** A controller got an answer: what it does next comes before what is due later. */
  private isAwaited = false;
  /** Events so far. */
  events = 0;

  /** Calls `work` in `delay` milliseconds. */
  after(delay: number, work: () => void): Appointment {
    this.order += 1;
    const entry: Entry = { due: this.now + Math.max(0, delay), order: this.order, work };
    this.push(entry);
    return { cancel: () => (entry.work = undefined) };
  }

  /** A promise is resolved here. */
  wake(): void {
    this.isAwaited = true;
  }

  /** Lets time pass until `isOver`, until nothing is left to do, or up to `limit` milliseconds. The answer: whether it is over. */
  async pass(isOver: () => boolean, limit: number): Promise<boolean> {
    await settled();
    for (;;) {
      if (isOver()) return true;
      const next = this.pop();
      if (next === undefined) return false;
      if (next.due > limit) {
        this.push(next);
        this.now = Math.max(this.now, limit);
        return false;
      }
      if (next.work === undefined) continue;
      this.now = next.due;
      this.events += 1;
      next.work();
      if (!this.isAwaited) continue;
      this.isAwaited = false;
      await settled();
    }
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const above = heap[up];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[at] = above;
      at = up;
    }
    heap[at] = entry;
  }

  private pop(): Entry | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}

/** Every promise that can go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
