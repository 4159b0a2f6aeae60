/** The configuration of k3s and RKE2: config.yaml, then config.yaml.d/*.yaml by name, then command-line arguments.
 * Source: k3s-io/docs configuration.md, k3s-io/k3s pkg/configfilearg and pkg/util/args.go.
 */
import { LineCounter, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Argument, Origin } from '../facts/command-line.js';
import type { ConfigFault } from '../facts/config-file.js';

/** One value of a key, with the place it was written at. */
export interface Entry {
  readonly text: string;
  readonly origin: Origin;
}

export interface LostEntry extends Entry {
  readonly hiddenBy: Origin;
}

export interface SupervisorConfig {
  /** What is in effect for each key, in the order the supervisor passes it on. */
  readonly values: ReadonlyMap<string, readonly Entry[]>;
  /** Written, but wiped by a later file or by an argument. */
  readonly lost: readonly (LostEntry & { readonly key: string })[];
  readonly faults: readonly ConfigFault[];
}

/** Files in the order they are read, then the arguments of ExecStart behind the role. */
export function readSupervisorConfig(
  files: readonly { readonly path: string; readonly text: string }[],
  args: readonly Argument[],
): SupervisorConfig {
  const values = new Map<string, readonly Entry[]>();
  const lost: (LostEntry & { key: string })[] = [];
  const faults: ConfigFault[] = [];
  const replace = (key: string, entries: readonly Entry[]): void => {
    const winner = entries[0]?.origin;
    if (winner !== undefined) {
      for (const old of values.get(key) ?? []) lost.push({ ...old, key, hiddenBy: winner });
    }
    values.set(key, entries);
  };
  for (const { path, text } of files) {
    const parsed = parseFile(path, text);
    if ('fault' in parsed) {
      faults.push(parsed.fault);
      continue;
    }
    for (const { key, appends, entries } of parsed.keys) {
      if (appends) values.set(key, [...(values.get(key) ?? []), ...entries]);
      else replace(key, entries);
    }
  }
  // "For repeatable arguments … the CLI arguments will overwrite all values in the list".
  for (const [key, entries] of parseArguments(args)) replace(key, entries);
  return { values, lost, faults };
}

interface ParsedKey {
  readonly key: string;
  /** Written as `key+`. */
  readonly appends: boolean;
  readonly entries: readonly Entry[];
}

function parseFile(
  path: string,
  text: string,
): { readonly keys: readonly ParsedKey[] } | { readonly fault: ConfigFault } {
  const counter = new LineCounter();
  const document = parseDocument(text, { version: '1.1', uniqueKeys: false, lineCounter: counter });
  const error = document.errors[0];
  if (error !== undefined) {
    const message = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    return { fault: { path, line: error.linePos?.[0].line, message: `not valid YAML: ${message}` } };
  }
  if (document.contents === null) return { keys: [] };
  if (!isMap(document.contents)) return { fault: { path, line: 1, message: 'the top level is no mapping' } };
  const keys = document.contents.items.flatMap(({ key, value }): ParsedKey[] => {
    if (!isScalar(key)) return [];
    const name = String(key.value);
    const nodes = isSeq(value) ? value.items : [value];
    const entries = nodes.flatMap((node): Entry[] => {
      if (!isScalar(node)) return [];
      const [start, end] = node.range;
      const origin: Origin = { kind: 'config', path, line: counter.linePos(start).line, start, end, variable: name };
      return [{ text: String((node.value as boolean | number | string | null) ?? ''), origin }];
    });
    return [{ key: longName(name.replace(/\+$/, '')), appends: name.endsWith('+'), entries }];
  });
  return { keys };
}

const shortNames: Readonly<Record<string, string>> = { c: 'config', d: 'data-dir' };
const longName = (name: string): string => shortNames[name] ?? name;

/** Arguments that always take the next word, also where that begins with a dash. */
const taking = new Set(['config', 'data-dir', 'kubelet-arg', 'node-name', 'profile']);

/** `--key=value`, `--key value`; a flag with nothing behind it is `true`. */
function parseArguments(args: readonly Argument[]): Map<string, Entry[]> {
  const found = new Map<string, Entry[]>();
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    const match = /^--?([A-Za-z][A-Za-z0-9-]*)(?:=([\s\S]*))?$/.exec(arg?.text ?? '');
    if (arg === undefined || match === null) continue;
    const key = longName(match[1] ?? '');
    const next = args[index + 1]?.text;
    const takesNext = match[2] === undefined && next !== undefined && (taking.has(key) || !next.startsWith('-'));
    if (takesNext) index += 1;
    found.set(key, [...(found.get(key) ?? []), { text: match[2] ?? (takesNext ? next : 'true'), origin: arg.origin }]);
  }
  return found;
}

/** One entry of kubelet-arg, taken apart: `k=v`, `--k=v`, bare `k`, `k+=v`, `k-=v`. */
export interface KubeletArg {
  readonly name: string;
  readonly value: string;
  /** How it relates to the supervisor's own value for the flag. */
  readonly how: 'replaces' | 'appends' | 'prepends';
  /** Written without a value. */
  readonly bare: boolean;
  /** The whole entry as it is written. */
  readonly text: string;
  readonly origin: Origin;
}

export function kubeletArg({ text, origin }: Entry): KubeletArg {
  const at = text.indexOf('=');
  const left = (at < 0 ? text : text.slice(0, at)).replace(/^--?/, '');
  const sign = at < 0 ? '' : left.slice(-1);
  const how = sign === '+' ? 'appends' : sign === '-' ? 'prepends' : 'replaces';
  const name = (how === 'replaces' ? left : left.slice(0, -1)).replaceAll('_', '-');
  return { name, value: at < 0 ? 'true' : text.slice(at + 1), how, bare: at < 0, text, origin };
}
