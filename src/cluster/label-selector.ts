/** Label selectors of API objects, matched as the API server does. Pure. */
import { field, isRecord, listOf, textOf } from './api-object.js';

/** False for an invalid selector, or one with an unknown operator. An empty selector matches everything. */
export function selects(selector: unknown, labels: Readonly<Record<string, unknown>>): boolean {
  if (!isRecord(selector)) return false;
  const exact = field(selector, 'matchLabels');
  const pairs = isRecord(exact) ? Object.entries(exact) : [];
  return (
    pairs.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value) &&
    listOf(field(selector, 'matchExpressions')).every((one) => fits(one, labels))
  );
}

function fits(requirement: unknown, labels: Readonly<Record<string, unknown>>): boolean {
  const key = textOf(field(requirement, 'key'));
  const values = listOf(field(requirement, 'values'));
  const has = Object.hasOwn(labels, key);
  switch (field(requirement, 'operator')) {
    case 'In':
      return has && values.includes(labels[key]);
    case 'NotIn':
      return !has || !values.includes(labels[key]);
    case 'Exists':
      return has;
    case 'DoesNotExist':
      return !has;
    default:
      return false;
  }
}
