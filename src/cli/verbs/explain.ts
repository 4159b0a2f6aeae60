/** `kubelatch explain RULE|CONTROL`: what a rule checks, why, and what it may break. */
import { ToolError } from '../../lib/errors.js';
import { didYouMean } from '../../lib/suggest.js';
import { builtinNames } from '../../playbook/builtin.js';
import { oneLine } from '../../lib/sanitize.js';
import { loadPlaybooks } from '../../playbook/load.js';
import { checkIds, checkRule } from '../../playbook/check-rules.js';
import { type BuiltInRule, builtInRule, ownRules } from '../../playbook/own-rules.js';
import type { Playbook, Rule } from '../../playbook/schema.js';
import { ruleWant } from '../../playbook/want.js';
import type { CliContext } from '../context.js';
import { headOf, writeOut } from '../write-out.js';
import { nextCommand } from '../../lib/next-command.js';

export async function explainVerb(cli: CliContext, wanted: string): Promise<number> {
  const sources = [...(await builtinNames()), ...(cli.flags.playbook ?? [])];
  const playbooks = await loadPlaybooks(sources);
  const builtIn = builtInRule(wanted);
  if (builtIn !== undefined) return explainBuiltIn(cli, builtIn);
  const id = ruleIdOf(playbooks, wanted);
  const holding = playbooks.filter((playbook) => playbook.rules.some((rule) => rule.id === id));
  const rule = holding[0]?.rules.find((one) => one.id === id);
  if (rule === undefined) {
    const check = checkRule(wanted);
    if (check !== undefined) return explainBuiltIn(cli, check);
    const own = [...Object.keys(ownRules), ...Object.values(checkIds).flat()];
    const known = [...playbooks.flatMap(({ rules }) => rules.map((one) => one.id)), ...own];
    throw new ToolError('usage', `unknown rule ${JSON.stringify(id)}${didYouMean(id, known)}`, {
      hint: `to list the rules: ${nextCommand('rules')}`,
    });
  }
  const names = holding.map((playbook) => playbook.name);
  await writeOut(cli, { ...headOf(cli), kind: 'rule', rule, ...ruleWant(rule), playbooks: names });
  return 0;
}

async function explainBuiltIn(cli: CliContext, rule: BuiltInRule): Promise<number> {
  await writeOut(cli, { ...headOf(cli), kind: 'rule', rule, want: undefined, wantText: rule.title, playbooks: [] });
  return 0;
}

/** The rule that a CIS control or a STIG id names; any other word stays as it is. Throws ToolError `usage` where it names several. */
function ruleIdOf(playbooks: readonly Playbook[], wanted: string): string {
  const rules = playbooks.flatMap((playbook) => playbook.rules);
  if (rules.some(({ id }) => id === wanted)) return wanted;
  const isNamed = ({ references: { cis, stig } }: Rule): boolean =>
    Object.values(cis).includes(wanted) || stig.includes(wanted.toUpperCase());
  const ids = [...new Set(rules.filter(isNamed).map(({ id }) => id))];
  const [first = wanted] = ids;
  if (ids.length < 2) return first;
  throw new ToolError('usage', `${oneLine(wanted)} names ${ids.length} rules: ${ids.join(', ')}`, {
    hint: `to explain one: ${nextCommand('explain', first)}`,
  });
}
