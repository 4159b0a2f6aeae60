/** Fields of API objects, read without trust: what has another type than expected counts as absent. */

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const field = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const itemsOf = (value: unknown): readonly unknown[] => listOf(field(value, 'items'));
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const nameOf = (value: unknown): string => textOf(field(field(value, 'metadata'), 'name'));
