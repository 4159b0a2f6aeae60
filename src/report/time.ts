/** Times and durations as text; an invalid time becomes `?`. */

/** `2026-11-23 05:01:02` (UTC); `?` if the text is not a time. */
export function momentText(iso: string | undefined): string {
  const ms = Date.parse(iso ?? '');
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : '?';
}

/** The same time in ISO 8601, UTC; undefined if the text is not a time. */
export function isoOf(text: string | undefined): string | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isFinite(ms) ? new Date(ms).toISOString() : undefined;
}

/** Milliseconds between two ISO 8601 times; undefined if either is missing or invalid. */
export function between(from: string | undefined, to: string | undefined): number | undefined {
  const ms = Date.parse(to ?? '') - Date.parse(from ?? '');
  return Number.isFinite(ms) ? ms : undefined;
}

/** `0.4s`, `21s`, `3m 05s`, `2h 07m`; `?` if undefined or negative. */
export function spanText(ms: number | undefined): string {
  if (ms === undefined || ms < 0) return '?';
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  const two = (number: number): string => String(number).padStart(2, '0');
  return hours > 0 ? `${hours}h ${two(minutes % 60)}m` : `${minutes}m ${two(seconds % 60)}s`;
}
