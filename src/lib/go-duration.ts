/** Durations in Go's syntax: `4h0m0s`, `1.5h`, `-1s`, `0`. */

const unitMs: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ns: 1e-6,
};

/** The limit of Go's type: an int64 of nanoseconds. */
const maxMs = 2 ** 63 / 1e6;

/** Parses a Go duration to milliseconds; undefined if the text is not a duration or exceeds Go's limit. */
export function goDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+|0)$/.exec(text);
  if (match === null) return undefined;
  let total = 0;
  for (const [, amount, unit] of (match[2] ?? '').matchAll(/([\d.]+)(h|ms|m|s|us|µs|μs|ns)/g)) {
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  if (total >= maxMs) return undefined;
  return match[1] === '-' ? -total : total;
}
