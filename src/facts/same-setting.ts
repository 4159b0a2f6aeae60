/** When two values of a setting are the same to the kubelet. */
import { isDeepStrictEqual } from 'node:util';

/** Durations are the same when they last as long ("2m" and "2m0s"); a missing list is an empty one. */
export function sameSetting(left: unknown, right: unknown): boolean {
  if (isDeepStrictEqual(left, right)) return true;
  const [first, second] = [seconds(left), seconds(right)];
  return first !== undefined && first === second;
}

function seconds(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(value)) return undefined;
  const unit: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  return [...value.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce(
    (sum, [, amount, name]) => sum + Number(amount) * (unit[name ?? ''] ?? 0),
    0,
  );
}
