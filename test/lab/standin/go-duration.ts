// Durations as Go reads and prints them; in between they are milliseconds.
const unitMilliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds, or undefined where Go's time.ParseDuration fails. */
export function parseDuration(source: string): number | undefined {
  if (source === '0') return 0;
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(source);
  if (!match) return undefined;
  let sum = 0;
  for (const part of (match[2] ?? '').matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(part[1]) * (unitMilliseconds[part[2] ?? ''] ?? 0);
  }
  return match[1] === '-' ? -sum : sum;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(9)));
}

/** As Go prints it: 2m0s, 100ms, 0s. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const sign = milliseconds < 0 ? '-' : '';
  const value = Math.abs(milliseconds);
  if (value < 1e-3) return `${sign}${trimmed(value * 1e6)}ns`;
  if (value < 1) return `${sign}${trimmed(value * 1e3)}µs`;
  if (value < 1000) return `${sign}${trimmed(value)}ms`;
  const hours = Math.floor(value / 3_600_000);
  const minutes = Math.floor((value % 3_600_000) / 60_000);
  const seconds = trimmed((value % 60_000) / 1000);
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
