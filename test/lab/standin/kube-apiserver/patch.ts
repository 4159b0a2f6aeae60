// The patch kinds the API server takes: merge, strategic merge, JSON patch, and apply (as a strategic merge).
import { at, equal, isObject, mergePatch, objectOf, text, type Json, type JsonObject } from '../json.js';
import { badRequest, StatusError } from './status.js';

// Lists that strategic merge joins by a key; every other list is replaced.
const mergeKeys: Readonly<Record<string, string>> = {
  conditions: 'type',
  addresses: 'type',
  taints: 'key',
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  ownerReferences: 'uid',
};

function mergeList(before: readonly Json[], patch: readonly Json[], key: string): Json[] {
  const result = [...before];
  if (patch.some((item) => at(item, '$patch') === 'replace'))
    return patch.filter((item) => at(item, '$patch') !== 'replace');
  for (const item of patch) {
    const index = result.findIndex((old) => equal(at(old, key), at(item, key)));
    if (at(item, '$patch') === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = strategicMerge(result[index], item);
    else result.push(item);
  }
  return result;
}

function strategicMerge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  if (patch['$patch'] === 'replace')
    return Object.fromEntries(Object.entries(patch).filter(([key]) => key !== '$patch'));
  const result: JsonObject = { ...objectOf(target) };
  for (const [key, value] of Object.entries(patch)) {
    const primitive = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1];
    const before = result[primitive ?? key];
    const mergeKey = mergeKeys[key];
    if (primitive !== undefined && Array.isArray(before) && Array.isArray(value)) {
      result[primitive] = before.filter((item) => !value.some((gone) => equal(item, gone)));
    } else if (key.startsWith('$')) continue;
    else if (value === null || at(value, '$patch') === 'delete') Reflect.deleteProperty(result, key);
    else if (Array.isArray(value) && Array.isArray(before) && mergeKey !== undefined)
      result[key] = mergeList(before, value, mergeKey);
    else if (key === 'finalizers' && Array.isArray(value) && Array.isArray(before))
      result[key] = [...new Set([...before, ...value])];
    else result[key] = strategicMerge(before, value);
  }
  return result;
}

function failed(message: string): StatusError {
  return new StatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${message}`);
}

function applyOperation(root: Json, operation: Json): void {
  const path = text(at(operation, 'path'));
  const parts = path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = parts.pop();
  if (last === undefined) throw failed('operations on the whole document are not taken');
  let parent: Json | undefined = root;
  for (const part of parts) parent = Array.isArray(parent) ? parent[Number(part)] : at(parent, part);
  const value = at(operation, 'value') ?? null;
  const op = text(at(operation, 'op'));
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (op === 'add') parent.splice(index, 0, value);
    else if (index >= parent.length) throw failed(`${op} operation does not apply: doc is missing path: ${path}`);
    else if (op === 'remove') parent.splice(index, 1);
    else if (op === 'replace') parent[index] = value;
    else if (op === 'test' && !equal(parent[index], value)) throw failed(`testing path ${path} failed`);
  } else if (isObject(parent)) {
    if (op !== 'add' && !Object.hasOwn(parent, last))
      throw failed(`${op} operation does not apply: doc is missing path: ${path}`);
    if (op === 'remove') Reflect.deleteProperty(parent, last);
    else if (op === 'add' || op === 'replace') parent[last] = value;
    else if (op === 'test' && !equal(parent[last], value)) throw failed(`testing path ${path} failed`);
  } else throw failed(`${op} operation does not apply: doc is missing path: ${path}`);
}

/** Throws a StatusError for a kind or an operation that cannot be applied. */
export function applyPatch(contentType: string, target: JsonObject, patch: Json): JsonObject {
  switch (contentType.split(';')[0]?.trim()) {
    case 'application/merge-patch+json':
      return objectOf(mergePatch(target, patch));
    case 'application/strategic-merge-patch+json':
    case 'application/apply-patch+yaml':
      return objectOf(strategicMerge(target, patch));
    case 'application/json-patch+json': {
      if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations');
      const copy = structuredClone(target);
      for (const operation of patch) applyOperation(copy, operation);
      return copy;
    }
    default:
      throw new StatusError(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json`,
      );
  }
}
