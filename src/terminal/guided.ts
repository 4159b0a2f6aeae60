/** The guided mode: a conversation from choosing hosts to a hardened fleet, or back. */
import type { Prompts } from './prompt.js';

export interface GuidedHost {
  readonly name: string;
  readonly group: string;
  readonly role: string;
}

/** What the conversation is about; names of hosts and playbooks. */
export interface GuidedSelection {
  readonly hosts: readonly string[];
  readonly playbooks: readonly string[];
}

/** What the conversation can do; every text ends with a line feed. */
export interface GuidedSteps {
  readonly clusterName: string;
  /** A change that always asks for the cluster's name, whichever hosts it is about. */
  readonly dangerous: boolean;
  readonly hosts: readonly GuidedHost[];
  readonly playbooks: readonly { readonly name: string; readonly title: string; readonly description: string }[];
  audit(selection: GuidedSelection): Promise<{ readonly text: string }>;
  /** `changes`: hosts that would change. */
  plan(selection: GuidedSelection): Promise<{ text: string; changes: number; exitCode?: number | undefined }>;
  /** `failedHosts`: those worth another try; all of the selection where it is left out. */
  apply(selection: GuidedSelection): Promise<{
    readonly text: string;
    readonly exitCode: number;
    readonly failed: boolean;
    readonly failedHosts?: readonly string[] | undefined;
  }>;
  /** Puts back what every apply of this conversation changed. */
  undoAll(): Promise<{ readonly text: string; readonly exitCode: number }>;
}

type Asking = Pick<Prompts, 'confirm' | 'typeToConfirm' | 'select' | 'checkbox'>;

/** Exit code of a run whose hosts were put back and proved healthy. */
const putBack = 4;

/** Returns the exit code. Throws ToolError `interrupted` when a question is left. */
export async function runGuided(steps: GuidedSteps, prompts: Asking, out: (text: string) => void): Promise<number> {
  if (steps.hosts.length === 0) {
    out('There are no hosts in the inventory.\n');
    return 0;
  }
  for (;;) {
    const selection = await chooseSelection(steps, prompts);
    out((await steps.audit(selection)).text);
    const next = await prompts.select('What next?', [
      { name: 'Show what would be changed', value: 'plan' },
      { name: 'Choose other hosts or playbooks', value: 'again' },
      { name: 'Leave', value: 'leave' },
    ] as const);
    if (next === 'leave') return 0;
    if (next === 'again') continue;
    const { text, changes, exitCode = 0 } = await steps.plan(selection);
    out(text);
    if (changes === 0) return exitCode;
    if (!(await confirmed(steps, selection, prompts))) {
      out('Nothing was changed.\n');
      return exitCode;
    }
    return await applyUntilSettled(steps, selection, prompts, out);
  }
}

async function chooseSelection(steps: GuidedSteps, prompts: Asking): Promise<GuidedSelection> {
  const hosts = await chooseHosts(steps.hosts, prompts);
  const choices = steps.playbooks.map(({ name, title, description }, i) => ({
    name: `${name}: ${title}`,
    value: name,
    description,
    checked: name === 'baseline' || (i === 0 && !steps.playbooks.some((one) => one.name === 'baseline')),
  }));
  const playbooks =
    choices.length === 1 ? choices.map(({ value }) => value) : await prompts.checkbox('Which playbooks?', choices);
  return { hosts, playbooks };
}

async function chooseHosts(hosts: readonly GuidedHost[], prompts: Asking): Promise<readonly string[]> {
  const all = hosts.map(({ name }) => name);
  if (hosts.length === 1) return all;
  const groups = [...new Set(hosts.map(({ group }) => group))];
  const how = await prompts.select('Which hosts?', [
    { name: `All ${hosts.length} hosts`, value: 'all' },
    ...(groups.length < 2 ? [] : [{ name: 'Some groups', value: 'groups' }]),
    { name: 'Pick them one by one', value: 'pick' },
  ]);
  if (how === 'all') return all;
  if (how === 'pick') {
    const choices = hosts.map(({ name, group, role }) => ({ name: `${name} (${group}, ${role})`, value: name }));
    return prompts.checkbox('Pick hosts', choices);
  }
  const choices = groups.map((group) => {
    const size = hosts.filter((host) => host.group === group).length;
    return { name: `${group} (${size})`, value: group };
  });
  const chosen = new Set(await prompts.checkbox('Which groups?', choices));
  return hosts.filter(({ group }) => chosen.has(group)).map(({ name }) => name);
}

/** Control-plane nodes, and whatever else is called dangerous, are confirmed by typing the cluster's name. */
function confirmed(steps: GuidedSteps, { hosts }: GuidedSelection, prompts: Asking): Promise<boolean> {
  const chosen = new Set(hosts);
  const controlPlane = steps.hosts.some(({ name, role }) => role === 'control-plane' && chosen.has(name));
  if (!steps.dangerous && !controlPlane) return prompts.confirm('Make these changes now?');
  const why = controlPlane ? 'Control-plane nodes would change' : 'This needs care';
  return prompts.typeToConfirm(steps.clusterName, `${why}. To go on, type ${steps.clusterName}:`);
}

async function applyUntilSettled(
  steps: GuidedSteps,
  selection: GuidedSelection,
  prompts: Asking,
  out: (text: string) => void,
): Promise<number> {
  let target = selection;
  for (;;) {
    const { text, exitCode, failed, failedHosts = target.hosts } = await steps.apply(target);
    out(text);
    if (!failed) return exitCode;
    const next = await prompts.select('Not all hosts were changed. What now?', [
      { name: 'Keep what is confirmed and stop', value: 'keep' },
      { name: 'Undo everything this conversation changed', value: 'undo' },
      { name: 'Try the failed hosts again', value: 'retry' },
    ] as const);
    if (next === 'keep') return exitCode;
    if (next === 'undo') {
      const undone = await steps.undoAll();
      out(undone.text);
      return undone.exitCode === 0 ? putBack : undone.exitCode;
    }
    target = { ...selection, hosts: failedHosts };
  }
}
