/** Asks a person where the hosts of a new inventory are, and how they are reached. Each answer can be taken back. */
import { accessSync } from 'node:fs';
import { noteLines } from '../inventory/draft.js';
import { type AnsibleChoice, ansibleGroups } from '../inventory/from-ansible.js';
import { typedHostFault } from '../inventory/from-nodes.js';
import { localPath } from '../inventory/syntax.js';
import { ToolError } from '../lib/errors.js';
import { line } from '../report/words.js';
import { orBack } from '../terminal/guided/going-back.js';
import type { Prompts } from '../terminal/prompt.js';
import type { CliContext } from './context.js';
import {
  type Context,
  type Found,
  contextsIn,
  fromAnsible,
  fromContext,
  fromNames,
  readAnsibleFile,
  usualKubeconfigs,
} from './init-source.js';
import { type Answered, askSettings } from './init-settings.js';
import { say } from './say.js';
import { type Back, ask, back } from './way-back.js';

/** Undefined if the person leaves. Throws ToolError `interrupted` on Ctrl-C. */
export async function askInventory(cli: CliContext): Promise<Answered | undefined> {
  for (;;) {
    const source = await cli.prompts.select('Where are your hosts listed?', [
      { name: 'In a cluster: use its nodes', value: 'cluster' },
      { name: 'In an Ansible inventory', value: 'ansible' },
      { name: 'Nowhere: type names or addresses', value: 'names' },
      { name: 'Quit', value: 'quit' },
    ] as const);
    if (source === 'quit') return undefined;
    const answered = await askFrom(cli, source);
    if (answered !== 'back') return answered;
  }
}

async function askFrom(cli: CliContext, source: 'cluster' | 'ansible' | 'names'): Promise<Answered | Back> {
  for (;;) {
    const found = await askHosts(cli, source);
    if (found === 'back') return 'back';
    showNotes(found);
    say(`${found.hosts.length} ${found.hosts.length === 1 ? 'host' : 'hosts'} found.`);
    const answered = found.hosts.length === 0 ? 'back' : await askSettings(cli, found);
    if (answered !== 'back') return answered;
  }
}

/** What cannot be read is said, and asked for again. */
async function askHosts(cli: CliContext, source: 'cluster' | 'ansible' | 'names'): Promise<Found | Back> {
  const asking = { cluster: askCluster, ansible: askAnsible, names: askNames }[source];
  for (;;) {
    try {
      return await asking(cli);
    } catch (error) {
      if (!(error instanceof ToolError) || error.code === 'interrupted') throw error;
      say(`${cli.errText.style.red('!')} ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint}`}`);
    }
    const again = await cli.prompts.select('What next?', [{ name: 'Try again', value: 'again' as const }, back]);
    if (again === 'back') return 'back';
  }
}

async function askCluster(cli: CliContext): Promise<Found | Back> {
  const usual = usualKubeconfigs(cli.env);
  const given = cli.flags.fromKubeconfig;
  const first = typeof given === 'string' ? given : usual.join(':');
  for (;;) {
    const typed = await ask(cli.prompts, 'Kubeconfig', first);
    if (typed === undefined) return 'back';
    const contexts = await contextsIn(typed.split(':'));
    const ordered = contexts.toSorted((a, b) => Number(b.isCurrent) - Number(a.isCurrent));
    const choices = ordered.map((one) => ({
      name: `${one.name}${one.isCurrent ? ' (current context)' : ''}`,
      value: one,
    }));
    const asked = cli.prompts.select<Context | Back>('Which cluster?', [...choices, back], { canGoBack: true });
    const chosen = (await orBack(asked)) ?? 'back';
    if (chosen !== 'back') return fromContext(cli, chosen);
  }
}

async function askAnsible({ prompts }: CliContext): Promise<Found | Back> {
  const usual = ['hosts.ini', 'inventory.ini', 'hosts.yml', 'hosts.yaml', 'hosts'].find(isFile) ?? '/etc/ansible/hosts';
  for (;;) {
    const path = await ask(prompts, 'Ansible inventory', usual);
    if (path === undefined) return 'back';
    const groups = ansibleGroups(await readAnsibleFile(path)).filter(
      ({ name }) => !['all', 'ungrouped'].includes(name),
    );
    const choice = groups.length < 2 ? {} : await askGroups(prompts, groups);
    if (choice !== 'back') return fromAnsible(path, choice);
  }
}

type Groups = ReturnType<typeof ansibleGroups>;

const counted = ({ name, hosts }: Groups[number]): string => `${name} (${hosts} ${hosts === 1 ? 'host' : 'hosts'})`;

async function askGroups(prompts: Prompts, groups: Groups): Promise<AnsibleChoice | Back> {
  for (;;) {
    const taken = await askTaken(prompts, groups);
    if (taken === 'back') return 'back';
    const controlPlane = await askControlPlane(prompts, taken);
    if (controlPlane === 'back') continue;
    const isAll = taken.length === groups.length;
    return { ...(isAll ? {} : { groups: taken.map(({ name }) => name) }), controlPlane };
  }
}

async function askTaken(prompts: Prompts, groups: Groups): Promise<Groups | Back> {
  const choices = groups.map((one) => ({ name: counted(one), value: one.name }));
  for (;;) {
    const asked = prompts.select<'all' | 'some' | Back>(
      'Which groups are nodes of the cluster?',
      [{ name: 'All of them', value: 'all' }, { name: 'Some of them', value: 'some' }, back],
      { canGoBack: true },
    );
    const which = (await orBack(asked)) ?? 'back';
    if (which !== 'some') return which === 'all' ? groups : 'back';
    const names = await orBack(prompts.checkbox('Groups', choices, { canGoBack: true }));
    if (names !== undefined) return groups.filter(({ name }) => names.includes(name));
  }
}

/** Undefined for those whose names say so. */
async function askControlPlane(prompts: Prompts, groups: Groups): Promise<readonly string[] | undefined | Back> {
  const control = groups.filter((one) => one.control).map(({ name }) => name);
  const named = control.length === 0 ? 'None' : control.join(', ');
  const choices = groups.map((one) => ({ name: counted(one), value: one.name, checked: one.control }));
  for (;;) {
    const asked = prompts.select<'named' | 'others' | Back>(
      'Which groups are the control plane?',
      [{ name: `${named}, by their names`, value: 'named' }, { name: 'Others', value: 'others' }, back],
      { canGoBack: true },
    );
    const how = (await orBack(asked)) ?? 'back';
    if (how !== 'others') return how === 'named' ? undefined : 'back';
    const names = await orBack(prompts.checkbox('Control plane', choices, { canGoBack: true }));
    if (names !== undefined) return names;
  }
}

async function askNames({ prompts }: CliContext): Promise<Found | Back> {
  const words = (text: string): readonly string[] => text.split(/[,\s]+/).filter((word) => word !== '');
  const fault = (text: string): string | undefined =>
    words(text)
      .map(typedHostFault)
      .find((one) => one !== undefined);
  say('Write NAME, NAME=ADDRESS or an address, with commas between them; cp[1:3] stands for cp1, cp2 and cp3.');
  for (;;) {
    const controlPlane = await ask(prompts, 'Control-plane hosts', '', fault);
    if (controlPlane === undefined) return 'back';
    const isNone = (text: string): string | undefined =>
      words(text).length + words(controlPlane).length === 0 ? 'Name at least one host.' : undefined;
    const workers = await ask(prompts, 'Workers', '', (text) => isNone(text) ?? fault(text));
    if (workers !== undefined) return fromNames(words(controlPlane), words(workers));
  }
}

/** At most so many lines of a new inventory are shown before it is written. */
const shownLines = 40;
const shownNotes = 100;

export function showNotes({ notes }: Found): void {
  const lines = noteLines(notes);
  for (const one of lines.slice(0, shownNotes)) say(`! ${line(one)}`);
  if (lines.length > shownNotes) say(`! and ${lines.length - shownNotes} more notes`);
}

/** `back` to change an answer. */
export async function askToWrite({ prompts, flags }: CliContext, text: string): Promise<'write' | 'back' | 'quit'> {
  const lines = text.trimEnd().split('\n');
  const more = lines.length > shownLines ? `\n  ... and ${lines.length - shownLines} more lines` : '';
  say(
    `\n${lines
      .slice(0, shownLines)
      .map((one) => `  ${one}`)
      .join('\n')}${more}\n`,
  );
  const asked = prompts.select<'write' | 'back' | 'quit'>(
    `Write ${flags.inventory}?`,
    [{ name: 'Write it', value: 'write' }, back, { name: 'Quit and write nothing', value: 'quit' }],
    { canGoBack: true },
  );
  return (await orBack(asked)) ?? 'back';
}

function isFile(path: string): boolean {
  try {
    accessSync(localPath(path, '-'));
    return true;
  } catch {
    return false;
  }
}
