/** Turns schema errors into messages for the author of the file, with suggestions for misspelt words. */
import { didYouMean } from './suggest.js';
import type { Path, Problem } from './yaml-source.js';

/** The fields of a schema library's issue that this module reads. */
export interface SchemaIssue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly expected?: unknown;
  readonly values?: unknown;
  readonly keys?: unknown;
  readonly errors?: unknown;
  readonly issues?: unknown;
}

/** Turns issues about `value` into problems. `jsonSchema` (JSON Schema as plain data) provides the valid keys for suggestions. */
export function schemaProblems(
  issues: readonly SchemaIssue[],
  value: unknown,
  jsonSchema: unknown,
): readonly Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'invalid_union')
      return unionProblems(issue.errors as Branches, valueAt(value, path), path, jsonSchema);
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issueMessage(issue, valueAt(value, path)) }];
    const known = keysAt(jsonSchema, path);
    const used = Object.keys(record(valueAt(value, path)) ?? {});
    return (issue.keys as readonly string[]).map((key) => {
      const free = known.filter((candidate) => !used.includes(candidate));
      return { path: [...path, key], message: `unknown key ${JSON.stringify(key)}${didYouMean(key, free)}` };
    });
  });
}

/** The value at a path in plain data; undefined if there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return (at as readonly unknown[])[Number(part)];
    const map = record(at);
    return map !== undefined && Object.hasOwn(map, part) ? map[part] : undefined;
  }, value);
}

/** The kind of a value, as text for messages. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a string';
    case 'number':
    case 'bigint':
      return `the number ${value.toString()}`;
    case 'boolean':
      return String(value);
    default:
      return 'a mapping';
  }
}

const kindNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
};

function issueMessage(issue: SchemaIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type': {
      const want = kindNames[String(issue.expected)] ?? String(issue.expected);
      if (value === undefined) return `is required: ${want}`;
      const quote =
        issue.expected === 'string' && ['number', 'boolean'].includes(typeof value) ? '; put it in quotes' : '';
      return `must be ${want}, not ${kindOf(value)}${quote}`;
    }
    case 'invalid_value': {
      const values = (issue.values as readonly unknown[]).map(String);
      const list = values.length === 1 ? values.join('') : `one of ${values.join(', ')}`;
      if (value === undefined) return `is required: ${list}`;
      const got = typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
      return `must be ${list}, not ${got}${typeof value === 'string' ? didYouMean(value, values) : ''}`;
    }
    case 'invalid_key': {
      const inner = (issue.issues as readonly SchemaIssue[])[0];
      return inner?.message ?? issue.message;
    }
    case 'too_small':
    case 'too_big':
      return issue.message.startsWith('Too ') ? sizeMessage(issue.code, value, issue.message) : issue.message;
    default:
      return issue.message;
  }
}

function sizeMessage(code: 'too_small' | 'too_big', value: unknown, message: string): string {
  if (code === 'too_small' && (value === '' || (Array.isArray(value) && value.length === 0)))
    return 'must not be empty';
  return `must be ${/[<>]=?\s*-?\d+/.exec(message)?.[0] ?? (code === 'too_small' ? 'more' : 'less')}`;
}

type Branches = readonly (readonly SchemaIssue[])[];

/** Reports the branch that matches the kind of the value; if none matches, lists all kinds. */
function unionProblems(branches: Branches, value: unknown, path: Path, jsonSchema: unknown): readonly Problem[] {
  const near = branches.find((branch) =>
    branch.every((issue) => issue.code !== 'invalid_type' || issue.path.length > 0),
  );
  if (near !== undefined) {
    return schemaProblems(near, value, jsonSchema).map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
  }
  const kinds = branches
    .map((branch) => kindNames[String(branch[0]?.expected)] ?? String(branch[0]?.expected))
    .join(' or ');
  return [{ path, message: value === undefined ? `is required: ${kinds}` : `must be ${kinds}, not ${kindOf(value)}` }];
}

/** The keys that the JSON Schema allows at a path. */
function keysAt(jsonSchema: unknown, path: Path): readonly string[] {
  let at = objectSchema(jsonSchema);
  for (const part of path) {
    const next =
      typeof part === 'number' ? at?.['items'] : (record(at?.['properties'])?.[part] ?? at?.['additionalProperties']);
    at = objectSchema(next);
  }
  return Object.keys(record(at?.['properties']) ?? {});
}

/** For a union such as "a mapping or null", the branch with an object or an array. */
function objectSchema(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const map = record(schema);
  const branches = map?.['anyOf'];
  if (!Array.isArray(branches)) return map;
  return branches.map(record).find((branch) => branch?.['type'] === 'object' || branch?.['type'] === 'array') ?? map;
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
