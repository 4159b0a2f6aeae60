/** Playbooks reduced to some of their rules, by id. Pure. */
import { ToolError } from '../lib/errors.js';
import { nextCommand } from '../lib/next-command.js';
import { didYouMean } from '../lib/suggest.js';
import type { Playbook } from './schema.js';

/** All playbooks stay, because a family chooses among them by node. Throws ToolError `usage` for an id that none of them has. */
export function onlyRules(playbooks: readonly Playbook[], ids: readonly string[]): Playbook[] {
  const known = new Set(playbooks.flatMap(({ rules }) => rules.map(({ id }) => id)));
  const foreign = ids.find((id) => !known.has(id));
  if (foreign !== undefined) {
    const names = playbooks.map(({ name }) => name).join(', ');
    throw new ToolError('usage', `no rule ${JSON.stringify(foreign)} in ${names}${didYouMean(foreign, known)}`, {
      hint: `to list the rules: ${nextCommand('rules')}`,
    });
  }
  const wanted = new Set(ids);
  return playbooks.map((one) => ({ ...one, rules: one.rules.filter(({ id }) => wanted.has(id)) }));
}
