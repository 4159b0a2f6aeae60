/** Edits of a supervisor's configuration: remove an entry where it is written; write everything else to kubelatch's own file,
 * which is read last.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Origin } from '../facts/command-line.js';
import { setYamlValue } from '../edit/yaml-edit.js';
import { walkOrder } from '../facts/config-dir.js';
import { type NodeFacts, textOf } from '../facts/node-facts.js';
import type { Value } from '../facts/settings.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { TextChange } from './distro.js';
import type { SupervisorState } from './supervised-kubelet.js';
import { type Entry, type KubeletArg, kubeletArg, readSupervisorConfig } from './supervisor-config.js';

type Change = Result<readonly TextChange[], string>;

/** Sorts after the names that people usually choose. */
const ownName = '99-kubelatch.yaml';
const header = '# Written by kubelatch. While this node has its backups, `kubelatch rollback` removes it.\n';

export const ownPath = ({ configFile }: SupervisorState): string => `${configFile}.d/${ownName}`;

function entriesOf(path: string, text: string): readonly Entry[] {
  return readSupervisorConfig([{ path, text }], []).values.get('kubelet-arg') ?? [];
}

/**
 * Removes one entry from a file's kubelet-arg. An empty list stays as `[]`: a key without a value would become an empty
 * argument, and the list may still have to replace earlier ones. Content that an alias uses elsewhere is not changed.
 */
export function removeKubeletArg(facts: NodeFacts, { origin, text: entry, shared }: KubeletArg): Change {
  const { path, line, start, end, variable: key = '' } = origin;
  const text = textOf(facts, path);
  if (text === undefined) return fail(`${path} could not be read`);
  const inKey = entriesOf(path, text).filter((one) => one.origin.variable === key);
  const left = inKey.filter((one) => one.origin.start !== start).map((one) => one.text);
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', end);
  const to = newline < 0 ? text.length : newline + 1;
  const spliced = text.slice(0, from) + text.slice(to);
  const isLine = /^\s*-\s+\S/.test(text.slice(from, start + 1));
  const candidates = [isLine ? ok(spliced) : undefined, setYamlValue(text, [key], left)];
  for (const candidate of candidates) {
    if (candidate?.ok === true && isWithout(path, text, candidate.value, { key, start })) {
      return ok([{ path, text: candidate.value }]);
    }
  }
  const why =
    shared === undefined
      ? 'the YAML form of this entry cannot be edited safely'
      : `line ${shared.line} uses the anchor &${shared.anchor}, so an edit would change that line too`;
  return fail(`${path}:${line}: ${why}. Remove ${entry} by hand`);
}

/** Whether all keys have the same values as before, except for the removed entry. */
function isWithout(
  path: string,
  before: string,
  after: string,
  gone: { readonly key: string; readonly start: number },
): boolean {
  const said = (text: string, skips: boolean): unknown => {
    const { values, faults, written, ignored } = readSupervisorConfig([{ path, text }], []);
    const isGone = ({ origin }: Entry): boolean => skips && origin.variable === gone.key && origin.start === gone.start;
    const kept = [...values].map(([key, entries]) => [
      key,
      entries.filter((one) => !isGone(one)).map((one) => [one.text, one.form]),
    ]);
    return [kept, faults, written.map(({ name }) => name), ignored.map(({ message }) => message)];
  };
  return isDeepStrictEqual(said(before, true), said(after, false));
}

/** Adds an entry to kubelatch's own file, as `kubelet-arg+` if earlier entries must stay. */
export function appendKubeletArg(facts: NodeFacts, state: SupervisorState, entry: string): Change {
  return appendEntries(facts, state, [entry]);
}

/** Adds entries after those of the other files, and removes kubelatch's earlier entries for the same flags. */
export function appendEntries(facts: NodeFacts, state: SupervisorState, entries: readonly string[]): Change {
  const path = ownPath(state);
  const place: Origin = { kind: 'config', path, line: 1, start: 0, end: 0 };
  const names = entries.map((text) => kubeletArg({ text, origin: place }).name);
  const before = textOf(facts, path);
  const own = entriesOf(path, before ?? '').filter((one) => !names.includes(kubeletArg(one).name));
  const others = (state.config.values.get('kubelet-arg') ?? []).filter(
    ({ origin }) => origin.kind === 'config' && origin.path !== path,
  );
  const last = others.map(kubeletArg).at(-1);
  // Since 1.32 an entry without a value takes the next entry as its value. Repeating it with its own value protects the new
  // entries.
  const shield = own.length === 0 && last?.bare === true ? [`${last.name}=${last.value}`] : [];
  const key = before !== undefined && /^kubelet-arg:/m.test(before) ? 'kubelet-arg' : keyFor(others);
  const list = [...shield, ...own.map((one) => one.text), ...entries];
  return writeOwn(facts, state, { key, value: list }, { name: 'kubelet-arg', entry: entries.at(-1) ?? '' });
}

const keyFor = (others: readonly Entry[]): string => (others.length > 0 ? 'kubelet-arg+' : 'kubelet-arg');

/** Sets one of the supervisor's own keys. */
export function setSupervisorKey(facts: NodeFacts, state: SupervisorState, key: string, value: boolean): Change {
  const said = state.config.values.get(key)?.at(-1);
  if (said !== undefined && said.origin.kind !== 'config') {
    return fail(`--${key} in ExecStart (${said.origin.path}:${said.origin.line}) overrides the key in files`);
  }
  return writeOwn(facts, state, { key, value }, { name: key, entry: String(value) });
}

/** Writes a key to kubelatch's own file. Fails if `entry` would not be in effect under `name`, since a later file replaces it. */
function writeOwn(
  facts: NodeFacts,
  state: SupervisorState,
  { key, value }: { readonly key: string; readonly value: Value },
  { name, entry }: { readonly name: string; readonly entry: string },
): Change {
  const path = ownPath(state);
  const before = textOf(facts, path);
  const edited =
    before === undefined || before.trim() === ''
      ? ok(`${header}${freshText(key, value)}`)
      : setYamlValue(before, [key], value);
  if (!edited.ok) return fail(`${path}: ${edited.error}`);
  const paths = state.configFiles.includes(path) ? state.configFiles : [...state.configFiles, path].sort(readOrder);
  const files = paths.map((one) => ({ path: one, text: one === path ? edited.value : (textOf(facts, one) ?? '') }));
  const after = readSupervisorConfig(files, []);
  if (after.values.get(name)?.some((one) => one.origin.path === path && one.text === entry) !== true) {
    const by = after.overridden.find((one) => one.key === name && one.origin.path === path)?.overriddenBy;
    return fail(
      `${by?.path ?? 'a later file'}${by === undefined ? '' : `:${by.line}`} is read after ${path} and replaces its ${name}. First change it to ${name}+ there`,
    );
  }
  return ok([{ path, mode: '0600', text: edited.value }]);

  function readOrder(left: string, right: string): number {
    if (left === state.configFile) return -1;
    if (right === state.configFile) return 1;
    return walkOrder(left, right);
  }
}

function freshText(key: string, value: Value): string {
  return Array.isArray(value)
    ? `${key}:\n${value.map((one) => `  - ${JSON.stringify(one)}\n`).join('')}`
    : `${key}: ${JSON.stringify(value)}\n`;
}
