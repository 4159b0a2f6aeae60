/** In the place of src/lib/clock.ts: virtual time, and numbers from the seed. */
import { theController, theStage, waited } from './controllers.js';

const epoch = Date.UTC(2026, 0, 1);

export const monotonic = (): number => theStage().time.now;
export const sinceBoot = (): number => theStage().time.now;
export const computed = (): number => theStage().time.now;
export const now = (): number => epoch + theStage().time.now;
export const isoTime = (): string => new Date(now()).toISOString();

export function newRunId(): string {
  const stamp = isoTime()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `${stamp}-${randomHex(3)}`;
}

export function randomHex(bytes: number): string {
  const { random } = theStage();
  return Array.from({ length: bytes }, () => random.below(256).toString(16).padStart(2, '0')).join('');
}

export const jitter = (ms: number): number => ms * (0.5 + theStage().random.below(1000) / 1000);

export interface Ticking {
  restart(): void;
  stop(): void;
}

export function every(ms: number, work: () => void): Ticking {
  const { time } = theStage();
  const self = theController();
  const tick = (): void => {
    if (!self.isAlive) return;
    work();
    next = time.after(ms, tick);
  };
  let next = time.after(ms, tick);
  return {
    restart() {
      next.cancel();
      next = time.after(ms, tick);
    },
    stop: () => next.cancel(),
  };
}

export const sleep = waited;
