/** Whether an effective value is what a rule wants. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { effectiveSuites } from '../facts/cipher-suites.js';
import { goDuration } from '../lib/go-duration.js';
import { guardText } from './network-rule.js';
import type { FileRule, Rule, Want } from './schema.js';

/** What a rule wants, as data and in words. `want` is undefined for manual rules, and for network rules, whose own key says all. */
export interface RuleWant {
  readonly want: Want | FileWant | undefined;
  /** `false`, `one of "Webhook"`, `at most 0600`. */
  readonly wantText: string;
}

export type FileWant = Omit<FileRule['file'], 'path'>;

export function ruleWant(rule: Rule): RuleWant {
  if (rule.kind === 'setting') return { want: rule.want, wantText: wantText(rule.want) };
  if (rule.kind === 'manual') return { want: undefined, wantText: 'a manual check' };
  if (rule.kind === 'network') return { want: undefined, wantText: guardText(rule.guard) };
  const { mode, owner } = rule.file;
  const parts = [mode === undefined ? undefined : `at most ${mode.atMost}`, owner];
  const want = { ...(mode === undefined ? {} : { mode }), ...(owner === undefined ? {} : { owner }) };
  return { want, wantText: parts.filter((part) => part !== undefined).join(' ') };
}

/**
 * Judges a value (undefined: the setting has none). A value that cannot be compared, such as a string instead of a number, does
 * not satisfy `atLeast` and `atMost`.
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

/** Like {@link meetsWant}, for the value as the kubelet uses it: list items without effect are ignored. */
export function settingMeets(setting: string, want: Want, value: unknown): boolean {
  if (setting !== 'tlsCipherSuites' || 'absent' in want) return meetsWant(want, value);
  const chosen = effectiveSuites(value);
  if ('equals' in want) return meetsWant({ equals: effectiveSuites(want.equals) }, chosen);
  if ('oneOf' in want) return meetsWant({ oneOf: want.oneOf.map(effectiveSuites) }, chosen);
  return meetsWant(want, chosen);
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

const valueText = (value: unknown): string => (value === null ? 'not set' : JSON.stringify(value));

/** A number for comparing: a number itself, a Go duration in milliseconds, or a TLS version. Undefined for anything else. */
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

/** Durations are equal if they last equally long: `4h` and `4h0m0s`. Null means not set. */
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
