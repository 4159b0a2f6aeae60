/** The questions of the guided mode that choose: hosts, playbooks, rules. Undefined is an answer: back to the screen before. */
import { leaving, orBack } from './going-back.js';
import type { GuidedHost, GuidedPosture, GuidedSelection, Talk } from './steps.js';

/** Never undefined: there is no screen before. */
export async function chooseSelection(talk: Talk): Promise<GuidedSelection> {
  for (;;) {
    const hosts = await chooseHosts(talk);
    const playbooks = await choosePlaybooks(talk);
    if (playbooks !== undefined) return { hosts, playbooks };
  }
}

async function choosePlaybooks({ steps, prompts }: Talk): Promise<readonly string[] | undefined> {
  const choices = steps.playbooks.map(({ name, title, description, isChosen }) => ({
    name: `${name}: ${title}`,
    value: name,
    description,
    short: name,
    checked: isChosen,
  }));
  if (choices.length === 1) return choices.map(({ value }) => value);
  const canGoBack = steps.hosts.length > 1;
  return orBack(prompts.checkbox('Which playbooks?', choices, { canGoBack }));
}

async function chooseHosts(talk: Talk): Promise<readonly string[]> {
  const { hosts } = talk.steps;
  const all = hosts.map(({ name }) => name);
  if (hosts.length === 1) return all;
  const groups = [...new Set(hosts.map(({ group }) => group))];
  for (;;) {
    const how = await talk.prompts.select('Which hosts?', [
      { name: `All ${hosts.length} hosts`, value: 'all' },
      ...(groups.length < 2 ? [] : [{ name: 'Some groups', value: 'groups' }]),
      { name: 'Pick them one by one', value: 'pick' },
    ]);
    if (how === 'all') return all;
    const chosen = how === 'pick' ? await pickHosts(hosts, talk) : await pickGroups(hosts, groups, talk);
    if (chosen !== undefined) return chosen;
  }
}

function pickHosts(hosts: readonly GuidedHost[], { prompts }: Talk): Promise<readonly string[] | undefined> {
  const choices = hosts.map(({ name, group, role }) => ({ name: `${name} (${group}, ${role})`, value: name }));
  return orBack(prompts.checkbox('Pick hosts', choices, leaving));
}

async function pickGroups(
  hosts: readonly GuidedHost[],
  groups: readonly string[],
  { prompts }: Talk,
): Promise<readonly string[] | undefined> {
  const choices = groups.map((group) => {
    const size = hosts.filter((host) => host.group === group).length;
    return { name: `${group} (${size})`, value: group };
  });
  const chosen = await orBack(prompts.checkbox('Which groups?', choices, leaving));
  return chosen && hosts.filter(({ group }) => chosen.includes(group)).map(({ name }) => name);
}

/** `now`: those that are chosen already; undefined: all. All of them chosen is undefined again. */
export async function chooseRules(
  { rules }: GuidedPosture,
  now: readonly string[] | undefined,
  { prompts }: Talk,
): Promise<readonly string[] | undefined> {
  const choices = rules.map(({ id, name, description }) => ({
    ...{ name, description, short: id, value: id },
    checked: now === undefined || now.includes(id),
  }));
  const chosen = await orBack(prompts.checkbox('Which rules to apply?', choices, leaving));
  if (chosen === undefined) return now;
  return chosen.length === rules.length ? undefined : chosen;
}
