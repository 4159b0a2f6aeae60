/** Edits of a supervisor's configuration: one entry taken out where it stands, all else in a file of our own behind the others. */
import { isDeepStrictEqual } from 'node:util';
import { setYamlValue } from '../edit/yaml-edit.js';
import { type NodeFacts, textOf } from '../facts/node-facts.js';
import type { Value } from '../facts/settings.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { TextChange } from './distro.js';
import type { SupervisorState } from './supervised-kubelet.js';
import { type Entry, type KubeletArg, kubeletArg, readSupervisorConfig } from './supervisor-config.js';

type Change = Result<readonly TextChange[], string>;

/** Sorts behind the names that people usually choose. */
const ownName = '99-kubelatch.yaml';
const header = '# Written by kubelatch. `kubelatch rollback` removes it.\n';

const ownPath = ({ configFile }: SupervisorState): string => `${configFile}.d/${ownName}`;

function entriesOf(path: string, text: string): readonly Entry[] {
  return readSupervisorConfig([{ path, text }], []).values.get('kubelet-arg') ?? [];
}

/**
 * Takes one entry out of a file's kubelet-arg. A list that ends up empty stays as `[]`: a key with nothing behind it is an empty
 * argument, and a list that replaced earlier ones goes on doing so.
 */
export function removeKubeletArg(facts: NodeFacts, { origin, text: entry }: KubeletArg): Change {
  const { path, line, start, end, variable: key = '' } = origin;
  const text = textOf(facts, path);
  if (text === undefined) return fail(`${path} could not be read`);
  const inList = entriesOf(path, text).filter((one) => one.origin.variable === key);
  const left = inList.filter((one) => one.origin.start !== start).map((one) => one.text);
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', end);
  const to = newline < 0 ? text.length : newline + 1;
  const spliced = text.slice(0, from) + text.slice(to);
  const isLine = /^\s*-\s+\S/.test(text.slice(from, start + 1));
  const candidates = [isLine ? ok(spliced) : undefined, setYamlValue(text, [key], left)];
  for (const candidate of candidates) {
    if (candidate?.ok === true && isWithout(path, text, candidate.value, start)) {
      return ok([{ path, text: candidate.value }]);
    }
  }
  return fail(`${path}:${line}: its form is too unusual to be edited safely: take ${entry} out by hand`);
}

/** All keys say what they said, but for the entry at `start`. */
function isWithout(path: string, before: string, after: string, start: number): boolean {
  const said = (text: string, skip: number): unknown => {
    const { values, faults } = readSupervisorConfig([{ path, text }], []);
    const kept = [...values].map(([key, entries]) => [
      key,
      entries.filter((one) => one.origin.start !== skip).map((one) => one.text),
    ]);
    return [kept, faults];
  };
  return isDeepStrictEqual(said(before, start), said(after, -1));
}

/** An entry in our own file, with `kubelet-arg+` where earlier ones are to stay. */
export function appendKubeletArg(facts: NodeFacts, state: SupervisorState, entry: string): Change {
  const path = ownPath(state);
  const name = kubeletArg({ text: entry, origin: { kind: 'config', path, line: 1, start: 0, end: 0 } }).name;
  const before = textOf(facts, path);
  const own = entriesOf(path, before ?? '').filter((one) => kubeletArg(one).name !== name);
  const others = (state.config.values.get('kubelet-arg') ?? []).filter((one) => one.origin.path !== path);
  const last = others.map(kubeletArg).at(-1);
  // From 1.32 on a bare entry takes the next one for its value: what it takes here is itself.
  const shield = own.length === 0 && last?.bare === true ? [`${last.name}=${last.value}`] : [];
  const key = before !== undefined && /^kubelet-arg:/m.test(before) ? 'kubelet-arg' : keyFor(others);
  const list = [...shield, ...own.map((one) => one.text), entry];
  return writeOwn(facts, state, key, list, 'kubelet-arg', entry);
}

const keyFor = (others: readonly Entry[]): string => (others.length > 0 ? 'kubelet-arg+' : 'kubelet-arg');

/** A key of the supervisor's own. */
export function setSupervisorKey(facts: NodeFacts, state: SupervisorState, key: string, value: boolean): Change {
  const said = state.config.values.get(key)?.at(-1);
  if (said !== undefined && said.origin.kind !== 'config') {
    return fail(`--${key} in ExecStart (${said.origin.path}:${said.origin.line}) hides the key of the files`);
  }
  return writeOwn(facts, state, key, value, key, String(value));
}

/** Our own file with a key set; refused where a later file would replace it. */
export function writeOwn(
  facts: NodeFacts,
  state: SupervisorState,
  key: string,
  value: Value,
  name: string,
  entry: string,
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
    const by = after.lost.find((one) => one.key === name && one.origin.path === path)?.hiddenBy;
    return fail(
      `${by?.path ?? 'a later file'}${by === undefined ? '' : `:${by.line}`} comes behind ${path} and replaces its ${name}: write it as ${name}+ first`,
    );
  }
  return ok([{ path, mode: '0600', text: edited.value }]);

  function readOrder(left: string, right: string): number {
    if (left === state.configFile) return -1;
    if (right === state.configFile) return 1;
    return left < right ? -1 : 1;
  }
}

function freshText(key: string, value: Value): string {
  return Array.isArray(value)
    ? `${key}:\n${value.map((one) => `  - ${JSON.stringify(one)}\n`).join('')}`
    : `${key}: ${JSON.stringify(value)}\n`;
}
