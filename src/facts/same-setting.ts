/** Whether two values of a setting mean the same to the kubelet. */
import { isDeepStrictEqual } from 'node:util';
import { goDuration } from '../lib/go-duration.js';

/** Durations are equal if they last equally long ("2m" and "2m0s"). A missing list equals an empty one. */
export function sameSetting(left: unknown, right: unknown): boolean {
  if (isDeepStrictEqual(left, right)) return true;
  const [first, second] = [left, right].map((one) => (typeof one === 'string' ? goDuration(one) : undefined));
  return first !== undefined && first === second;
}
