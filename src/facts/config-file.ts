/** One KubeletConfiguration file: its values with lines, and the keys that the kubelet ignores. */
import { damerauLevenshtein } from '../lib/suggest.js';
import { type DecodeOptions, type UnknownKey, decodeFields, namesBelow } from './config-fields.js';
import type { Value } from './value.js';
import { looksLikeJson, readJsonTree } from './json-tree.js';
import { type RepeatedKey, readYamlTree } from './yaml-tree.js';
import { type Branch, type Tree, plainValue } from './config-tree.js';

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  readonly root: Branch;
  /** Keys that the kubelet ignores: misspelled, from a later version, or repeated further down. */
  readonly ignored: readonly IgnoredKey[];
}

export interface IgnoredKey {
  readonly key: string;
  readonly line: number;
  readonly value: Value;
  readonly reason: 'unknown' | 'newer' | 'duplicate';
  /** The field that was probably meant. */
  readonly suggestion?: string | undefined;
  /** For a field of a later version: the minor version that added it. */
  readonly since?: number | undefined;
}

/** Why the kubelet would not start, with the line if there is one. */
export interface ConfigFault {
  /** `start`: the values in the files are known although the kubelet rejects them. Undefined: they are not, so no rule can be judged. */
  readonly kind?: 'start' | undefined;
  /** The message itself says that the kubelet would not start. */
  readonly statesEffect?: true | undefined;
  readonly path: string;
  readonly line?: number | undefined;
  readonly message: string;
}

/** A fault whose message ends by saying that the kubelet would not start. */
export const noStart = (
  { path, line }: { readonly path?: string | undefined; readonly line?: number | undefined },
  message: string,
): ConfigFault => ({ path: path ?? '', line, message: `${message}; the kubelet would not start`, statesEffect: true });

/** A fault in values that are known. */
export const startFault = (source: Parameters<typeof noStart>[0], message: string): ConfigFault => ({
  ...noStart(source, message),
  kind: 'start',
});

/** Go's YAML reader rejects bytes that are not UTF-8. */
export const notText = (path: string): ConfigFault => ({
  path,
  message: 'the file is not valid UTF-8; the kubelet rejects it',
});

/** The kubelet is lenient about keys in the --config file; for files in --config-dir see resolve-config.ts. */
export type ConfigRole = 'config' | 'drop-in';

const header = [
  ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
  ['kind', 'KubeletConfiguration'],
] as const;

/**
 * Parses a file as the kubelet does. A fault is anything that would keep the kubelet from starting. Types are checked later,
 * when all files are known.
 * @param minor the kubelet's minor version, if known
 */
export function parseConfigFile(
  path: string,
  text: string,
  { role = 'config', minor }: { readonly role?: ConfigRole; readonly minor?: number | undefined } = {},
): { readonly file?: ConfigFile; readonly fault?: ConfigFault } {
  const fault = (message: string, line?: number): { fault: ConfigFault } => ({ fault: { path, line, message } });
  if (text === '') return fault('the file is empty');
  const read = role === 'config' && looksLikeJson(text) ? readJsonTree(path, text) : readYamlTree(path, text);
  if (read === undefined) return fault('the file contains no YAML document');
  if ('fault' in read) return fault(read.fault.message, read.fault.line);
  const { root, repeated } = read.tree;
  // Before 1.32 the kubelet accepts any kind in a drop-in, as long as there is one.
  const isAnyKind = role === 'drop-in' && minor !== undefined && minor < 32;
  for (const [key, want] of isAnyKind ? [] : header) {
    const found = root.entries.get(key) ?? (role === 'config' ? inAnyCase(root, key) : undefined);
    if (found === undefined || plainValue(found) !== want) {
      return fault(`${key} is not ${want}; the kubelet rejects the file`, found?.place.line ?? 1);
    }
  }
  if (isAnyKind && !root.entries.has('kind')) {
    return fault('kind is missing; the kubelet rejects the file', 1);
  }
  const [first] = repeated;
  if (role === 'drop-in' && first !== undefined) {
    const name = first.path.join('.');
    return fault(`${name} is repeated further down; the kubelet rejects repeated keys in a drop-in`, first.line);
  }
  const { unknown } = decodeFields(root, { anyCase: role === 'drop-in', minor } satisfies DecodeOptions);
  const ignored = [...repeated.map(repeatedKey), ...unknown.map(unknownKey)];
  return { file: { path, text, root, ignored: ignored.toSorted((one, other) => one.line - other.line) } };
}

/** For the --config file, Go's JSON decoder matches these keys in any case. */
const inAnyCase = ({ entries }: Branch, key: string): Tree | undefined =>
  [...entries].findLast(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];

const repeatedKey = ({ path, line, value }: RepeatedKey): IgnoredKey => ({
  key: path.join('.'),
  line,
  value,
  reason: 'duplicate',
});

/** No corrections are suggested beyond this many unknown keys: it is probably a different kind of file. */
const maxUnknownKeys = 200;

function unknownKey({ path, place, value, since }: UnknownKey, index: number): IgnoredKey {
  const key = path.join('.');
  if (since !== undefined) return { key, line: place.line, value, reason: 'newer', since };
  const close = index < maxUnknownKeys ? similarName(path) : undefined;
  const suggestion = close === undefined ? undefined : [...path.slice(0, -1), close].join('.');
  return { key, line: place.line, value, reason: 'unknown', suggestion };
}

/** Same word except for case or dashes, or at most two typing errors (two swapped letters count as one). */
function similarName(path: readonly string[]): string | undefined {
  const written = plainName(path.at(-1) ?? '');
  return namesBelow(path.slice(0, -1)).find((known) => {
    const name = plainName(known);
    if (name === written) return true;
    if (Math.abs(name.length - written.length) > 2 || Math.min(name.length, written.length) <= 5) return false;
    return damerauLevenshtein(name, written) <= 2;
  });
}

const plainName = (word: string): string => word.toLowerCase().replace(/[-_]/g, '');
