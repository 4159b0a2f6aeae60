/** Reads the values of flags: durations, counts and shares, digests. Each throws InvalidArgumentError that says what it must be. */
import { InvalidArgumentError } from 'commander';
import { isDigest } from '../lib/digest.js';
import { parseDuration } from '../lib/duration.js';
import { type Amount, parseAmount } from '../plan/waves.js';

export function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined || value === 0)
    throw new InvalidArgumentError('must be a duration above 0, such as 500ms, 30s or 5m');
  return value;
}

/** As duration, where 0 means not at all. */
export const durationOrNone = (text: string): number => (/^0+(ms|s|m|h)?$/.test(text) ? 0 : duration(text));

export function amount(text: string): Amount {
  const value = parseAmount(text);
  if (value === undefined)
    throw new InvalidArgumentError('must be a count such as 3, or a share such as 25% (at most 100%)');
  return value;
}

export function atLeastOne(text: string): Amount {
  const value = amount(text);
  if (('count' in value ? value.count : value.percent) === 0) throw new InvalidArgumentError('must be above 0');
  return value;
}

/** Of --waves: how many hosts are done after each wave. */
export function waveSizes(text: string): Amount[] {
  const words = text.split(',').map((word) => word.trim());
  const sizes = words.map(atLeastOne);
  for (const [at, size] of sizes.slice(1).entries()) {
    const before = sizes[at];
    if (before !== undefined && !grows(before, size))
      throw new InvalidArgumentError(
        `must grow, because each size counts the hosts of all waves so far: ${words[at + 1] ?? ''} comes after ${words[at] ?? ''}`,
      );
  }
  return sizes;
}

/** A count and a share cannot be compared before the hosts are counted; nothing is left after all of them. */
function grows(before: Amount, after: Amount): boolean {
  if ('percent' in before) return 'percent' in after ? after.percent > before.percent : before.percent < 100;
  return 'percent' in after || after.count > before.count;
}

/** Milliseconds for one command on a host: no answer comes sooner than in a second. */
export function commandTimeout(text: string): number {
  const value = duration(text);
  if (value < 1000) throw new InvalidArgumentError('must be at least 1s: a command on a host takes about that long');
  return value;
}

export function whole(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('must be a number from 1 to 99999');
  return Number(text);
}

export function digest(text: string): string {
  if (!isDigest(text))
    throw new InvalidArgumentError('must be sha256: and 64 hexadecimal digits, as printed by plan --out');
  return text;
}

/** Of a repeatable flag, whose values may also be separated by commas. */
export const collect = (value: string, previous: readonly string[] | undefined): string[] => [
  ...(previous ?? []),
  ...value.split(',').filter(Boolean),
];

/** What one of these says of a text that is typed elsewhere than on the command line, as a sentence; undefined if it takes it. */
export function faultOf(read: (text: string) => unknown, text: string): string | undefined {
  try {
    read(text);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidArgumentError) return `It ${error.message}`;
    throw error;
  }
}
