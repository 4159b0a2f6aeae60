/** Numbers of several rounds made into one. Pure. */

/** The middle one; of an even number, the mean of the two in the middle. Throws RangeError for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new RangeError('there is no median of no values');
  return (low + high) / 2;
}

/** Round by round, one divided by the other, then the median: what slows down a whole round cancels out. */
export function medianRatio(over: readonly number[], under: readonly number[]): number {
  return median(over.map((value, round) => value / (under[round] ?? Number.NaN)));
}

/** The order of round `round`: each comes first in turn, so that none always runs after the same other one. */
export function turned<T>(all: readonly T[], round: number): T[] {
  const at = all.length === 0 ? 0 : round % all.length;
  return [...all.slice(at), ...all.slice(0, at)];
}
