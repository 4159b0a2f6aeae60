/** `kubelatch explain RULE`: what a rule wants, why, and what it may break. */
import { ToolError } from '../../lib/errors.js';
import { didYouMean } from '../../lib/suggest.js';
import { builtinNames } from '../../playbook/builtin.js';
import { loadPlaybook } from '../../playbook/load.js';
import type { Rule } from '../../playbook/schema.js';
import { wantText } from '../../playbook/want.js';
import { paragraph } from '../../report/layout.js';
import { type World, printResult } from '../world.js';

export async function explainVerb(world: World, id: string): Promise<number> {
  const names = [...(await builtinNames()), ...(world.flags.playbook ?? [])];
  const playbooks = await Promise.all([...new Set(names)].map((name) => loadPlaybook(name)));
  const holding = playbooks.filter((playbook) => playbook.rules.some((rule) => rule.id === id));
  const rule = holding[0]?.rules.find((one) => one.id === id);
  if (rule === undefined) {
    const known = playbooks.flatMap((playbook) => playbook.rules.map((one) => one.id));
    throw new ToolError('usage', `no rule ${JSON.stringify(id)}${didYouMean(id, known)}`, {
      hint: 'the playbooks list them',
    });
  }
  const width = Math.min(world.text.width, 100);
  const say = (title: string, text: string | undefined): string[] =>
    text === undefined || text === '' ? [] : paragraph(title.padEnd(12), text, width);
  const cis = Object.entries(rule.references.cis).map(([benchmark, control]) => `${benchmark} ${control}`);
  const lines = [
    world.text.style.bold(`${rule.id}: ${rule.title}`),
    ...say('Severity', rule.severity),
    ...say('Looks at', subjectOf(rule)),
    ...say('Why', rule.why),
    ...say('May break', rule.mayBreak),
    ...say('Versions', rule.versions),
    ...Object.entries(rule.skip).flatMap(([distro, reason]) => say('Not on', `${distro}: ${reason}`)),
    ...say('Playbooks', holding.map((playbook) => playbook.name).join(', ')),
    ...say('References', [...cis, ...rule.references.stig, ...rule.references.docs].join(', ')),
  ];
  await printResult(world, `${lines.join('\n')}\n`);
  return 0;
}

function subjectOf(rule: Rule): string {
  switch (rule.kind) {
    case 'setting': {
      const change = rule.set === undefined ? 'apply leaves it alone' : `apply writes ${JSON.stringify(rule.set)}`;
      return `${rule.setting}: wanted ${wantText(rule.want)}; ${change}`;
    }
    case 'file':
      return `${rule.file.path}: mode ${rule.file.mode === undefined ? 'any' : `at most ${rule.file.mode.atMost}`}, owner ${rule.file.owner ?? 'any'}`;
    case 'manual':
      return `a person has to look: ${rule.look}`;
  }
}
