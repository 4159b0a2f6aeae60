/** `kubelatch rules`: lists the playbooks and their rules, and the rules that no playbook holds. */
import { builtinNames } from '../../playbook/builtin.js';
import { loadPlaybooks } from '../../playbook/load.js';
import { builtInRule, ownRules } from '../../playbook/own-rules.js';
import type { Playbook, References } from '../../playbook/schema.js';
import type { ListedRule } from '../../report/rules-model.js';
import type { CliContext } from '../context.js';
import { headOf, writeOut } from '../write-out.js';

export async function rulesVerb(cli: CliContext): Promise<number> {
  const { playbook } = cli.flags;
  const playbooks = await loadPlaybooks(playbook ?? (await builtinNames()));
  // They are judged with every playbook, and belong to none.
  const others = playbook === undefined ? Object.keys(ownRules).flatMap((id) => builtInRule(id) ?? []) : [];
  const rules = [
    ...listed(playbooks),
    ...others.map((rule): ListedRule => {
      const { id, title, severity, kind, references } = rule;
      return { id, title, severity, kind, playbooks: [], references };
    }),
  ];
  const books = playbooks.map(({ name, title, rules: own }) => ({ name, title, rules: own.length }));
  await writeOut(cli, { ...headOf(cli), kind: 'rules', playbooks: books, rules });
  return 0;
}

/** Each rule once, with all playbooks that hold it. */
function listed(playbooks: readonly Playbook[]): ListedRule[] {
  const found = new Map<string, ListedRule>();
  for (const { name, rules } of playbooks) {
    for (const { id, title, severity, kind, references } of rules) {
      const known = found.get(id);
      const next = known ?? { id, title, severity, kind, playbooks: [], references };
      found.set(id, {
        ...next,
        playbooks: [...next.playbooks, name],
        references: known === undefined ? references : joined(known.references, references),
      });
    }
  }
  return [...found.values()];
}

const joined = (one: References, other: References): References => ({
  cis: { ...one.cis, ...other.cis },
  stig: [...new Set([...one.stig, ...other.stig])],
  docs: [...new Set([...one.docs, ...other.docs])],
});
