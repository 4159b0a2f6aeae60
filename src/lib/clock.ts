/** The only module that reads the clock, waits, or creates random values. */
import { randomBytes } from 'node:crypto';
import { uptime } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** Monotonic milliseconds, to measure durations. */
export const monotonic = (): number => performance.now();

/** Milliseconds since boot, including suspend. Use it for leases, which expire for others while this machine sleeps. */
export const sinceBoot = (): number => uptime() * 1000;

/** Milliseconds that this process has computed, in all its threads: time in which a busy machine did other things is left out. */
export function computed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds since the epoch, by this machine's clock. */
export const now = (): number => Date.now();

/** The current time in ISO 8601, UTC. */
export const isoTime = (): string => new Date().toISOString();

/** A run id such as `20261123T050102Z-3fa4c1`. It sorts by time, and is safe as a file name and a transaction id. */
export function newRunId(): string {
  const stamp = new Date()
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `${stamp}-${randomHex(3)}`;
}

/** Random bytes as hexadecimal text, two digits per byte. */
export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** A random value from 0.5 to 1.5 times `ms`, so that many waiting connections do not retry at once. */
export const jitter = (ms: number): number => ms * (0.5 + Math.random());

export interface Ticking {
  /** Begins the wait anew. */
  restart(): void;
  stop(): void;
}

/** Calls `work` every `ms` milliseconds. It does not keep the process alive. */
export function every(ms: number, work: () => void): Ticking {
  const timer = setInterval(work, ms).unref();
  return { restart: () => void timer.refresh(), stop: () => clearInterval(timer) };
}

/** Waits `ms` milliseconds. An abort ends the wait early, without an error. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
