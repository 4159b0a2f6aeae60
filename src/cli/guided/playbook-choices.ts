/** The playbooks that the guided mode offers: those that flags name, the families, the built-in ones. */
import { builtinFamilies, builtinNames } from '../../playbook/builtin.js';
import { loadPlaybook, memberOfFamily } from '../../playbook/load.js';
import type { Playbook } from '../../playbook/schema.js';

export interface PlaybookChoice {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What -p takes for it. */
  readonly source: string;
  readonly isChosen: boolean;
  /** Of a family, all its members. */
  readonly playbooks: readonly Playbook[];
}

/** `given`: by -p; undefined: baseline. */
export async function playbookChoices(given: readonly string[] | undefined): Promise<readonly PlaybookChoice[]> {
  const families = await builtinFamilies();
  const chosen = new Set(given ?? ['baseline']);
  const sources = new Set([...(given ?? []), ...(await builtinNames()), ...families.keys()]);
  return Promise.all(
    [...sources].map(async (source): Promise<PlaybookChoice> => {
      const of = { source, isChosen: chosen.has(source) };
      const members = families.get(source);
      if (members !== undefined) {
        const description = `Judges each node by the one that fits it: ${members.join(', ')}.`;
        return {
          ...of,
          name: source,
          title: 'picks the one that fits each node',
          description,
          playbooks: members.map(memberOfFamily),
        };
      }
      const playbook = await loadPlaybook(source);
      const { name, title } = playbook;
      return { ...of, name, title, description: descriptionOf(playbook), playbooks: [playbook] };
    }),
  );
}

/** What it is for, and which of its rules may break something. */
function descriptionOf({ description, rules }: Playbook): string {
  const risky = rules.filter(({ mayBreak }) => mayBreak !== undefined).map(({ id }) => id);
  const more = risky.length > 4 ? ` and ${risky.length - 4} more` : '';
  const breaks =
    risky.length === 0 ? 'None is known to break anything' : `May break: ${risky.slice(0, 4).join(', ')}${more}`;
  return [...(description === '' ? [] : [description.trim()]), `${rules.length} rules. ${breaks}.`].join(' ');
}
