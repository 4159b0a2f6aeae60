/** Holds what was written against the published schemas, and lets no key pass that they do not describe. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { project } from '../source-file.js';

type Tree = Readonly<Record<string, unknown>>;

const known = new Map<string, z.ZodType>();

function published(name: string): z.ZodType {
  const made = known.get(name);
  if (made !== undefined) return made;
  const schema = JSON.parse(readFileSync(join(project, 'schemas', `${name}.json`), 'utf8')) as unknown;
  const read = z.fromJSONSchema(closed(schema) as Parameters<typeof z.fromJSONSchema>[0]);
  known.set(name, read);
  return read;
}

/** The same schema with objects that hold nothing but what it describes. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)])) as Tree;
  const isObject = inner['type'] === 'object' && inner['additionalProperties'] === undefined;
  return isObject ? { ...inner, additionalProperties: false } : inner;
}

const faults = (name: string, value: unknown): unknown => published(name).safeParse(value).error?.issues ?? [];

/** A document of -o json. */
export function expectConforms(text: string): void {
  const value = JSON.parse(text) as { readonly kind: string };
  expect(faults(value.kind, value), `${value.kind}: ${text.slice(0, 2000)}`).toEqual([]);
}

/** Lines of -o ndjson. */
export function expectLinesConform(text: string): void {
  for (const line of text.split('\n').filter(Boolean))
    expect(faults('ndjson-line', JSON.parse(line)), line).toEqual([]);
}
