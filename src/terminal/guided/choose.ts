/** The questions of the guided mode that choose: hosts, playbooks, rules. Undefined is an answer: back to the screen before. */
import { leaving, orBack } from './going-back.js';
import type { GuidedHost, GuidedPosture, GuidedSelection, Talk } from './steps.js';

/** Never undefined: there is no screen before. `before`: what was chosen before, where each list starts. */
export async function chooseSelection(talk: Talk, before?: GuidedSelection): Promise<GuidedSelection> {
  let chosen = before?.hosts;
  for (;;) {
    const hosts = await chooseHosts(talk, chosen);
    const playbooks = await choosePlaybooks(talk, before?.playbooks);
    if (playbooks !== undefined) return { hosts, playbooks };
    chosen = hosts;
  }
}

async function choosePlaybooks(
  { steps, prompts }: Talk,
  before: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  const choices = steps.playbooks.map(({ name, title, description, isChosen }) => ({
    name: `${name}: ${title}`,
    value: name,
    description,
    short: name,
    checked: before?.includes(name) ?? isChosen,
  }));
  if (choices.length === 1) return choices.map(({ value }) => value);
  const canGoBack = steps.hosts.length > 1;
  return orBack(prompts.checkbox('Which playbooks?', choices, { canGoBack }));
}

async function chooseHosts(talk: Talk, before: readonly string[] | undefined): Promise<readonly string[]> {
  const { hosts } = talk.steps;
  const all = hosts.map(({ name }) => name);
  if (hosts.length === 1) return all;
  const groups = groupsOf(hosts, all);
  let now = wayOf(hosts, before);
  for (;;) {
    const choices = [
      { name: `All ${hosts.length} hosts`, value: 'all' },
      ...(groups.length < 2 ? [] : [{ name: 'Some groups', value: 'groups' } as const]),
      { name: 'Pick them one by one', value: 'pick' },
    ] as const;
    now = await talk.prompts.select<Way>('Which hosts?', choices, { now });
    if (now === 'all') return all;
    const chosen = now === 'pick' ? await pickHosts(hosts, before, talk) : await pickGroups(hosts, before, talk);
    if (chosen !== undefined) return chosen;
  }
}

type Way = 'all' | 'groups' | 'pick';

/** How these hosts can be chosen in the fewest answers. */
function wayOf(hosts: readonly GuidedHost[], chosen: readonly string[] | undefined): Way {
  if (chosen === undefined || chosen.length === hosts.length) return 'all';
  const groups = groupsOf(hosts, chosen);
  return hosts.filter(({ group }) => groups.includes(group)).length === chosen.length ? 'groups' : 'pick';
}

const groupsOf = (hosts: readonly GuidedHost[], chosen: readonly string[]): readonly string[] => [
  ...new Set(hosts.filter(({ name }) => chosen.includes(name)).map(({ group }) => group)),
];

function pickHosts(
  hosts: readonly GuidedHost[],
  before: readonly string[] = [],
  { prompts }: Talk,
): Promise<readonly string[] | undefined> {
  const choices = hosts.map(({ name, group, role }) => ({
    ...{ name: `${name} (${group === role ? role : `${group}, ${role}`})`, short: name, value: name },
    checked: before.includes(name),
  }));
  return orBack(prompts.checkbox('Pick hosts', choices, leaving));
}

async function pickGroups(
  hosts: readonly GuidedHost[],
  before: readonly string[] = [],
  { prompts }: Talk,
): Promise<readonly string[] | undefined> {
  const now = groupsOf(hosts, before);
  const choices = groupsOf(
    hosts,
    hosts.map(({ name }) => name),
  ).map((group) => {
    const size = hosts.filter((host) => host.group === group).length;
    return {
      name: `${group} (${size} ${size === 1 ? 'host' : 'hosts'})`,
      short: group,
      value: group,
      checked: now.includes(group),
    };
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
