/** What may follow on a command line, for the completion of a shell. It reads files of this machine alone, and never fails. */
import { readdir } from 'node:fs/promises';
import { readInventory } from '../inventory/load.js';
import { runsFolder } from '../lib/paths.js';
import { oneLine } from '../lib/sanitize.js';
import { builtinFamilies, builtinNames } from '../playbook/builtin.js';
import { checkIds, checkRule } from '../playbook/check-rules.js';
import { ownRules } from '../playbook/own-rules.js';
import { loadPlaybook } from '../playbook/load.js';
import { isSwitch } from './options.js';
import { type Verb, verbs } from './verbs.js';
import type { OptionGroup } from './option-groups.js';

export interface Candidate {
  readonly value: string;
  readonly about: string;
}

type Option = OptionGroup['options'][number];
type Environment = Readonly<Record<string, string | undefined>>;

const candidate = (value: string, about = ''): Candidate => ({ value, about });

/** `words`: those after `kubelatch`; the last one is being typed, and may be empty. Nothing is returned where a file may follow. */
export async function complete(words: readonly string[], env: Environment): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const found = await candidates(before, current, env).catch(() => []);
  return found.filter(({ value }) => value.startsWith(current) && /^[\x21-\x7e]+$/.test(value));
}

async function candidates(before: readonly string[], current: string, env: Environment): Promise<readonly Candidate[]> {
  const verb = verbOf(before);
  const options = verb?.options.flatMap((group) => group.options) ?? [];
  const taking = options.find(
    (one) => !isSwitch(one) && takesValue(one) && [one.short, one.long].includes(before.at(-1)),
  );
  if (taking !== undefined) return valuesOf(taking, current, before, env);
  if (current.startsWith('-')) return flagsOf(options);
  const below = verbsBelow(verb);
  if (verb === undefined || (below.length > 0 && before.at(-1) === verb.name.split(' ').at(-1)))
    return [...below, ...(verb === undefined ? [candidate('version', 'Print the version'), candidate('help')] : [])];
  return argumentsOf(verb, env);
}

const takesValue = (one: Option): boolean => one.required || one.optional;

/** The longest verb that the words begin with; flags before and between are no part of it. */
function verbOf(words: readonly string[]): Verb | undefined {
  const [first, second] = words.filter((word) => !word.startsWith('-'));
  const named = (name: string): Verb | undefined => verbs.find((one) => one.hidden !== true && one.name === name);
  return named(`${first ?? ''} ${second ?? ''}`) ?? named(first ?? '');
}

function verbsBelow(verb: Verb | undefined): Candidate[] {
  const prefix = verb === undefined ? '' : `${verb.name} `;
  return verbs
    .filter(
      ({ name, hidden }) => hidden !== true && name.startsWith(prefix) && !name.slice(prefix.length).includes(' '),
    )
    .map(({ name, summary }) => candidate(name.slice(prefix.length), summary));
}

const flagsOf = (options: readonly Option[]): Candidate[] => [
  ...options.flatMap(({ long, description }) => (long === undefined ? [] : [candidate(long, description)])),
  candidate('--help', 'Show this help'),
];

async function valuesOf(
  { long, argChoices }: Option,
  current: string,
  before: readonly string[],
  env: Environment,
): Promise<readonly Candidate[]> {
  if (argChoices !== undefined) return argChoices.map((one) => candidate(one));
  if (long === '--limit' || long === '--exclude') return hostsAfter(current, before, env);
  if (long === '--rule') return [...(await rulesOfBuiltins())].map(([id, title]) => candidate(id, title));
  if (long !== '--playbook') return [];
  const families = [...(await builtinFamilies()).keys()];
  return [
    ...(await builtinNames()).map((name) => candidate(name)),
    ...families.map((name) => candidate(name, 'the one that fits each node')),
  ];
}

/** Hosts, groups and roles; a list goes on after its last comma, and `!` stays before a name. */
async function hostsAfter(current: string, before: readonly string[], env: Environment): Promise<Candidate[]> {
  const at = before.findLastIndex((word) => word === '-i' || word === '--inventory');
  const joined = before.find((word) => word.startsWith('--inventory='))?.slice('--inventory='.length);
  const path = (at === -1 ? joined : before[at + 1]) ?? env['KUBELATCH_INVENTORY'] ?? './inventory.yaml';
  if (path === '-') return [];
  const { hosts } = await readInventory(path);
  const [, start = ''] = /^(.*,!?|!)?/s.exec(current) ?? [];
  return [
    candidate(`${start}all`, 'all hosts'),
    ...['control-plane', 'worker'].map((role) => candidate(`${start}role:${role}`, 'role')),
    ...[...new Set(hosts.map(({ group }) => group))].map((group) => candidate(start + group, 'group')),
    ...hosts.map(({ name, role }) => candidate(start + name, role)),
  ];
}

/** Their titles by id. */
async function rulesOfBuiltins(): Promise<Map<string, string>> {
  const playbooks = await Promise.all((await builtinNames()).map((one) => loadPlaybook(one)));
  return new Map(playbooks.flatMap(({ rules }) => rules.map(({ id, title }) => [id, title] as const)));
}

async function argumentsOf({ name }: Verb, env: Environment): Promise<readonly Candidate[]> {
  if (name === 'completion') return ['bash', 'zsh', 'fish'].map((shell) => candidate(shell));
  if (name === 'explain') {
    const rules = await rulesOfBuiltins();
    for (const [id, { title }] of Object.entries(ownRules)) rules.set(id, title);
    for (const id of Object.values(checkIds).flat()) if (!rules.has(id)) rules.set(id, checkRule(id)?.title ?? '');
    return [...rules].map(([id, title]) => candidate(id, title));
  }
  return ['runs show', 'rollback', 'resume'].includes(name) ? runs(env) : [];
}

/** Newest first, by the names of their journals alone. */
async function runs(env: Environment): Promise<Candidate[]> {
  const files = await readdir(runsFolder(env));
  const ids = files.flatMap((file) => /^(\d{8}T\d{6}Z-[0-9a-f]{6})\b/.exec(file)?.[1] ?? []);
  return [...new Set(ids)]
    .toSorted()
    .toReversed()
    .map((id) => candidate(id));
}

/** One candidate a line, with a tab before what it is about. */
export const candidateLines = (found: readonly Candidate[]): string =>
  found.map(({ value, about }) => `${value}\t${oneLine(about, 80)}\n`).join('');
