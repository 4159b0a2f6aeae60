/** Whether an effective value is what a rule wants; pure. */
import { isDeepStrictEqual } from 'node:util';
import { goDuration } from '../lib/go-duration.js';
import type { Want } from './schema.js';

/**
 * Judges a value (undefined: the setting has none). Values that cannot be compared, such as a text where a number is wanted, do
 * not meet `atLeast` and `atMost`.
 */
export function meetsWant(want: Want, value: unknown): boolean {
  if ('equals' in want) return sameValue(want.equals, value);
  if ('oneOf' in want) return want.oneOf.some((one) => sameValue(one, value));
  if ('atLeast' in want) return compareValues(value, want.atLeast, (order) => order >= 0);
  if ('atMost' in want) return compareValues(value, want.atMost, (order) => order <= 0);
  if ('subsetOf' in want) {
    const allowed: readonly unknown[] = want.subsetOf;
    return Array.isArray(value) && value.length > 0 && value.every((item) => allowed.includes(item));
  }
  return 'set' in want ? isSet(value) : !isSet(value);
}

/** A want in a few words, for tables: `false`, `one of A, B`, `at least 5m`. */
export function wantText(want: Want): string {
  if ('equals' in want) return valueText(want.equals);
  if ('oneOf' in want) return `one of ${want.oneOf.map(valueText).join(', ')}`;
  if ('atLeast' in want) return `at least ${want.atLeast}`;
  if ('atMost' in want) return `at most ${want.atMost}`;
  if ('subsetOf' in want) return `only ${want.subsetOf.join(', ')}`;
  return 'set' in want ? 'set' : 'not set';
}

const valueText = (value: unknown): string => (value === null ? 'not given' : JSON.stringify(value));

/** A rank for what can be compared: a number, a Go duration in milliseconds, a TLS version; undefined for the rest. */
export function rankOf(
  value: unknown,
): { readonly unit: 'number' | 'duration' | 'tls'; readonly rank: number } | undefined {
  if (typeof value === 'number') return { unit: 'number', rank: value };
  if (typeof value !== 'string') return undefined;
  const tls = /^VersionTLS(1[0-3])$/.exec(value);
  if (tls !== null) return { unit: 'tls', rank: Number(tls[1]) };
  const duration = goDuration(value);
  return duration === undefined ? undefined : { unit: 'duration', rank: duration };
}

function compareValues(value: unknown, bound: number | string, verdict: (order: number) => boolean): boolean {
  const right = rankOf(bound);
  // An empty tlsMinVersion is the kubelet's default.
  const left = right?.unit === 'tls' && value === '' ? rankOf('VersionTLS12') : rankOf(value);
  if (left === undefined || right === undefined || left.unit !== right.unit) return false;
  return verdict(left.rank - right.rank);
}

/** Durations are equal when they last as long: `4h` and `4h0m0s`; null is what is not given. */
function sameValue(wanted: unknown, value: unknown): boolean {
  if (isDeepStrictEqual(wanted, value ?? null)) return true;
  const [left, right] = [rankOf(wanted), rankOf(value)];
  return left !== undefined && right !== undefined && left.unit === right.unit && left.rank === right.rank;
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
