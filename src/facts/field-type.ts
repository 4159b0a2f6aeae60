/** Whether a value fits the Go type of its field, by the rules of encoding/json and apimachinery. */
import { goDuration } from '../lib/go-duration.js';
import type { FieldType } from './kubelet-fields.js';
import { type Value, isRecord } from './value.js';

const ranges: Partial<Record<FieldType, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  uint32: [0, 2 ** 32 - 1],
};

/** From this size on Go writes numbers with an exponent, which integer fields do not accept. */
const largestPlain = 1e21;

/** What the field expects instead, as in `is "110", not a whole number`. Undefined if the value fits. Null is not checked here. */
export function typeProblem(type: FieldType, value: Value): string | undefined {
  switch (type) {
    case 'bool':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'int32':
    case 'int64':
    case 'uint32':
      return wholeProblem(type, value);
    case 'float':
      return typeof value === 'number' ? undefined : 'a number';
    case 'string':
      return typeof value === 'string' ? undefined : 'a string';
    case 'quantity':
      return isQuantity(value) ? undefined : 'a quantity such as 10Mi';
    case 'duration':
      return isDuration(value) ? undefined : 'a duration such as "30s" or "0"';
    case 'time':
      return typeof value === 'number' || isDuration(value) ? undefined : 'a duration such as "5s"';
    case 'strings':
      return listProblem(value, (one) => typeof one === 'string', 'a list of strings');
    case 'ints':
      return listProblem(value, (one) => wholeProblem('int32', one) === undefined, 'a list of whole numbers');
    case 'objects':
      return listProblem(value, isRecord, 'a list of mappings');
    case 'texts':
      return mapProblem(value, (one) => typeof one === 'string', 'strings');
    case 'gates':
      return mapProblem(value, (one) => typeof one === 'boolean', 'true or false');
    case 'lists':
      return mapProblem(
        value,
        (one) => listProblem(one, (each) => typeof each === 'string', '') === undefined,
        'lists of strings',
      );
    case 'quantities':
      return mapProblem(value, isQuantity, 'quantities');
  }
}

function wholeProblem(type: FieldType, value: Value): string | undefined {
  const [least, most] = ranges[type] ?? [-Infinity, Infinity];
  if (!Number.isInteger(value) || Math.abs(value as number) >= largestPlain) return 'a whole number';
  return (value as number) >= least && (value as number) <= most ? undefined : `a number from ${least} to ${most}`;
}

/** Null counts as an empty item. */
function listProblem(value: Value, fits: (one: Value) => boolean, what: string): string | undefined {
  return Array.isArray(value) && value.every((one: Value) => one === null || fits(one)) ? undefined : what;
}

function mapProblem(value: Value, fits: (one: Value) => boolean, what: string): string | undefined {
  if (!isRecord(value)) return `a mapping with ${what} as values`;
  const bad = Object.entries(value).find(([, one]) => one !== null && !fits(one));
  return bad === undefined ? undefined : `a mapping with ${what} as values (see ${bad[0].slice(0, 60)})`;
}

const isDuration = (value: Value): boolean => typeof value === 'string' && goDuration(value) !== undefined;

/** An apimachinery quantity: a number with an exponent or a suffix. */
export function isQuantity(value: Value): boolean {
  if (typeof value === 'number') return true;
  return typeof value === 'string' && quantityPattern.test(value);
}

const quantityPattern = /^[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,4})?$/;
