/** The configuration of k3s and RKE2: config.yaml, then config.yaml.d/*.yaml by name, then command-line arguments.
 * Source: k3s-io/k3s pkg/configfilearg/parser.go and pkg/util/args.go, urfave/cli (StringSlice appends).
 */
import type { Argument, Origin } from '../facts/command-line.js';
import type { ConfigFault } from '../facts/config-file.js';
import { isSupervisorKey, switches } from './supervisor-keys.js';
import { type WrittenValue, readWrittenFile } from './supervisor-yaml.js';

/** One value of a key, with the place where it is written. */
export interface Entry {
  readonly text: string;
  readonly origin: Origin;
  /** What is written there if it is not a text. On the command line it becomes `text`, which may make no sense. */
  readonly form?: WrittenValue['form'] | undefined;
  /** A YAML anchor that an alias elsewhere in the file uses, with the alias's line. */
  readonly shared?: WrittenValue['shared'];
}

export interface OverriddenEntry extends Entry {
  readonly overriddenBy: Origin;
}

/** A key as written in a file or in ExecStart, known or not. */
export interface WrittenName {
  readonly name: string;
  /** Its first value. */
  readonly text: string;
  readonly origin: Origin;
}

export interface SupervisorConfig {
  /** The values in effect for each key, in the order the supervisor passes them on. */
  readonly values: ReadonlyMap<string, readonly Entry[]>;
  /** Values that a later file overrides. */
  readonly overridden: readonly (OverriddenEntry & { readonly key: string })[];
  readonly faults: readonly ConfigFault[];
  readonly written: readonly WrittenName[];
  /** YAML content that the supervisor ignores, one sentence each. */
  readonly ignored: readonly { readonly path: string; readonly line: number; readonly message: string }[];
}

interface Held {
  readonly entries: readonly Entry[];
  readonly isList: boolean;
}

/** Reads the files in order, then the arguments of ExecStart after the role. */
export function readSupervisorConfig(
  files: readonly { readonly path: string; readonly text: string }[],
  args: readonly Argument[],
): SupervisorConfig {
  const keys = new Map<string, Held>();
  const overridden: (OverriddenEntry & { key: string })[] = [];
  const faults: ConfigFault[] = [];
  const written: WrittenName[] = [];
  const ignored: { path: string; line: number; message: string }[] = [];
  for (const { path, text } of files) {
    const file = readWrittenFile(text);
    if ('fault' in file) {
      faults.push({ path, line: file.fault.line, message: file.fault.message });
      continue;
    }
    for (const line of file.merges) {
      ignored.push({ path, line, message: '<< has no effect at the top level; the merged keys are ignored' });
    }
    if (file.further !== undefined) {
      ignored.push({ path, line: file.further, message: 'only the first YAML document of a file is read' });
    }
    for (const { key, line, isList, values } of file.keys) {
      const place: Origin = { kind: 'config', path, line, start: 0, end: 0, variable: key };
      const entries = values.map((value) => entryOf(value, place));
      const name = key.replace(/\+$/, '');
      written.push({ name: flagIn(name), text: entries[0]?.text ?? '', origin: place });
      const before = keys.get(name);
      if (before !== undefined && name !== key) {
        keys.set(name, { isList: true, entries: [...appended(before), ...appended({ entries, isList })] });
        continue;
      }
      const overriddenBy = entries[0]?.origin ?? place;
      for (const old of before?.entries ?? []) overridden.push({ ...old, key: flagIn(name), overriddenBy });
      keys.set(name, { entries, isList });
    }
  }
  const values = new Map<string, readonly Entry[]>();
  const add = (name: string, entries: readonly Entry[]): void => {
    values.set(longName(name), [...(values.get(longName(name)) ?? []), ...entries]);
  };
  for (const [key, { entries }] of keys) add(flagIn(key), entries.map(withKeyRest(key)));
  for (const { name, entry } of parseArguments(args)) {
    add(name, [entry]);
    written.push({ name, text: entry.text, origin: entry.origin });
  }
  return { values, overridden, faults, written, ignored };
}

function entryOf({ text, form, line, start, end, shared }: WrittenValue, place: Origin): Entry {
  const origin: Origin = { ...place, line, start, end };
  return { text, origin, ...(form === 'text' ? {} : { form }), ...(shared === undefined ? {} : { shared }) };
}

/** What `key+` adds of an earlier value: nothing of an empty one, all items of a list. */
const appended = ({ entries, isList }: Held): readonly Entry[] =>
  isList ? entries : entries.filter(({ text, form }) => text !== '' || form === undefined);

/** Keys become flags as `--KEY=VALUE`, so a key that contains `=` sets the flag named before it. */
const flagIn = (key: string): string => /^[^=]*/.exec(key)?.[0] ?? key;

function withKeyRest(key: string): (entry: Entry) => Entry {
  const rest = key.slice(flagIn(key).length + 1);
  return (entry) => (key === flagIn(key) ? entry : { ...entry, text: `${rest}=${entry.text}` });
}

const shortNames: Readonly<Record<string, string>> = {
  ...{ c: 'config', d: 'data-dir', i: 'node-ip', l: 'log', o: 'write-kubeconfig', s: 'server', t: 'token' },
};
const longName = (name: string): string => shortNames[name] ?? name;

/** Like Go's flag package: a switch takes no next word, any other flag does, and the first word that is not a flag ends the flags. */
function parseArguments(args: readonly Argument[]): { readonly name: string; readonly entry: Entry }[] {
  const found: { name: string; entry: Entry }[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    const [, name, given] = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(arg?.text ?? '') ?? [];
    if (arg === undefined || name === undefined) break;
    const next = args[index + 1]?.text;
    const long = longName(name);
    const isWord = next !== undefined && (isSupervisorKey(long) || !next.startsWith('-'));
    const takesNext = given === undefined && isWord && !switches.has(long);
    if (takesNext) index += 1;
    found.push({ name: long, entry: { text: given ?? (takesNext ? next : 'true'), origin: arg.origin } });
  }
  return found;
}

/** One entry of kubelet-arg: `k=v`, `--k=v`, bare `k`, `k+=v`, `k-=v`. */
export interface KubeletArg {
  /** The flag's name as the kubelet normalises it. */
  readonly name: string;
  /** The name as written, by which the supervisor matches entries. */
  readonly key: string;
  readonly value: string;
  /** How it combines with the supervisor's own value for the flag. */
  readonly how: 'replaces' | 'appends' | 'prepends';
  /** Written without a value. */
  readonly bare: boolean;
  /** The whole entry as written. */
  readonly text: string;
  readonly origin: Origin;
  readonly form?: Entry['form'];
  readonly shared?: Entry['shared'];
}

export function kubeletArg({ text, origin, form, shared }: Entry): KubeletArg {
  const at = text.indexOf('=');
  const left = (at < 0 ? text : text.slice(0, at)).replace(/^(--){1,2}/, '');
  const how = left.endsWith('+') ? 'appends' : left.endsWith('-') ? 'prepends' : 'replaces';
  let end = left.length;
  while (end > 0 && '-+'.includes(left.charAt(end - 1))) end -= 1;
  const key = left.slice(0, end);
  const value = at < 0 ? 'true' : text.slice(at + 1);
  return { name: key.replaceAll('_', '-'), key, value, how, bare: at < 0, text, origin, form, shared };
}
