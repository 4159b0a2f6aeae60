/** The only reader of the clock, of timers and of randomness. */
import { randomBytes } from 'node:crypto';
import { uptime } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds that only ever grow, for spans. */
export const monotonic = (): number => performance.now();

/** Milliseconds since this machine started, those it slept through included: for promises that run out for others meanwhile. */
export const sinceBoot = (): number => uptime() * 1000;

export const isoTime = (): string => new Date().toISOString();

/** `20261123T050102Z-3fa4c1`: sorts by time, safe as a file name and as a transaction id. */
export function newRunId(): string {
  const stamp = new Date()
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `${stamp}-${randomHex(3)}`;
}

/** Random bytes as hexadecimal digits, two a byte. */
export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** Half to one and a half of `ms`, so that many who wait do not come back at once. */
export const jitter = (ms: number): number => ms * (0.5 + Math.random());

/** Waits; an abort ends the wait early without an error. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
