/** Plain JSON data, as in files and configz. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

export const isRecord = (value: unknown): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a dotted path. Undefined if there is none. */
export function at(data: unknown, path: string): Value | undefined {
  let value: unknown = data;
  for (const key of path.split('.')) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value as Value | undefined;
}
