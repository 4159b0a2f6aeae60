/** One KubeletConfiguration file: its values with lines, and what the kubelet would say of it. */
import { type Document, LineCounter, type Pair, isMap, isScalar, parseAllDocuments } from 'yaml';
import { damerauLevenshtein } from '../lib/suggest.js';
import { type SettingInfo, type Value, knownKeys, settings } from './settings.js';

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  /** The whole content as plain data. */
  readonly data: Readonly<Record<string, Value>>;
  /** For each setting path of the table that the file holds: the line of its key. */
  readonly lines: ReadonlyMap<string, number>;
  /** Keys that the kubelet passes over: misspelt, wrong case, or set again further down. */
  readonly ignored: readonly IgnoredKey[];
}

export interface IgnoredKey {
  readonly key: string;
  readonly line: number;
  readonly value: Value;
  readonly reason: 'unknown' | 'duplicate';
  /** The field it was probably meant to be. */
  readonly meant?: string | undefined;
}

/** Why the kubelet would not start with this file, with the line where there is one. */
export interface ConfigFault {
  readonly path: string;
  readonly line?: number | undefined;
  readonly message: string;
}

/** Parses as the kubelet does (YAML 1.1, lenient about keys); a fault is what would stop it from starting. */
export function parseConfigFile(path: string, text: string): { file?: ConfigFile; fault?: ConfigFault } {
  if (text.trim() === '') return { fault: { path, message: 'the file is empty' } };
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: '1.1',
    uniqueKeys: false,
    lineCounter: counter,
    logLevel: 'error',
  });
  const document = 'empty' in documents ? undefined : documents[0];
  if (document === undefined) return { fault: { path, message: 'the file holds no YAML document' } };
  const error = document.errors[0];
  if (error !== undefined) {
    const message = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    return { fault: { path, line: error.linePos?.[0].line, message: `not valid YAML: ${message}` } };
  }
  const lineOf = (pair: Pair): number => {
    const range = isScalar(pair.key) ? pair.key.range : undefined;
    return range === null || range === undefined ? 1 : counter.linePos(range[0]).line;
  };
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch {
    return { fault: { path, message: 'not valid YAML: its aliases expand too far' } };
  }
  if (!isRecord(data))
    return { fault: { path, line: 1, message: 'not a KubeletConfiguration: the top level is no mapping' } };
  for (const [key, want] of [
    ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
    ['kind', 'KubeletConfiguration'],
  ] as const) {
    if (data[key] !== want) {
      return {
        fault: {
          path,
          line: topLine(document, key, lineOf),
          message: `${key} is not ${want}: the kubelet refuses the file`,
        },
      };
    }
  }
  const lines = new Map<string, number>();
  for (const { path: setting } of settings) {
    const pair = lastPair(document, setting.split('.'));
    if (pair !== undefined) lines.set(setting, lineOf(pair));
  }
  const wrong = settings.find((info) => lines.has(info.path) && !hasKind(info, at(data, info.path)));
  if (wrong !== undefined) {
    const message = `${wrong.path} is ${JSON.stringify(at(data, wrong.path))}, not a ${wrong.kind}: the kubelet refuses the file`;
    return { fault: { path, line: lines.get(wrong.path), message } };
  }
  return { file: { path, text, data, lines, ignored: ignoredKeys(document, lineOf) } };
}

/** The value at a dotted path; undefined where there is none. */
export function at(data: unknown, path: string): Value | undefined {
  let value: unknown = data;
  for (const key of path.split('.')) value = isRecord(value) ? value[key] : undefined;
  return value as Value | undefined;
}

export const isRecord = (value: unknown): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** null counts as left out. */
function hasKind({ kind }: SettingInfo, value: Value | undefined): boolean {
  if (value === null || value === undefined) return true;
  switch (kind) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value);
    case 'string':
      return typeof value === 'string';
    case 'duration':
      return typeof value === 'string' || value === 0;
    case 'list':
      return Array.isArray(value);
    case 'map':
      return isRecord(value);
  }
}

/** The pair that counts for a path: of keys set twice, the last. */
function lastPair(document: Document.Parsed, path: readonly string[]): Pair | undefined {
  let node: unknown = document.contents;
  let found: Pair | undefined;
  for (const key of path) {
    if (!isMap(node)) return undefined;
    found = node.items.findLast((pair) => isScalar(pair.key) && pair.key.value === key);
    if (found === undefined) return undefined;
    node = found.value;
  }
  return found;
}

function topLine(document: Document.Parsed, key: string, lineOf: (pair: Pair) => number): number {
  const pair = lastPair(document, [key]);
  return pair === undefined ? 1 : lineOf(pair);
}

function ignoredKeys(document: Document.Parsed, lineOf: (pair: Pair) => number): IgnoredKey[] {
  const ignored: IgnoredKey[] = [];
  for (const [prefix, names] of Object.entries(knownKeys)) {
    const node = prefix === '' ? document.contents : lastPair(document, prefix.split('.'))?.value;
    if (!isMap(node)) continue;
    node.items.forEach((pair, index) => {
      if (!isScalar(pair.key)) return;
      const name = String(pair.key.value);
      const key = prefix === '' ? name : `${prefix}.${name}`;
      const later = node.items.slice(index + 1).some((other) => isScalar(other.key) && other.key.value === name);
      if (names.includes(name) && !later) return;
      const value = (isScalar(pair.value) ? pair.value.value : null) as Value;
      const close = names.find((known) => isNear(known, name));
      const meant = close === undefined || later ? undefined : prefix === '' ? close : `${prefix}.${close}`;
      ignored.push({ key, line: lineOf(pair), value, reason: later ? 'duplicate' : 'unknown', meant });
    });
  }
  return ignored;
}

/** The same word but for case, dashes, or two slips of the finger; two letters that changed places are one. */
function isNear(known: string, written: string): boolean {
  const [left, right] = [known, written].map((word) => word.toLowerCase().replace(/[-_]/g, ''));
  if (left === undefined || right === undefined) return false;
  return left === right || (Math.min(left.length, right.length) > 5 && damerauLevenshtein(left, right) <= 2);
}
