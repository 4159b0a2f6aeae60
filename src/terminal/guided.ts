/** Guided mode: asks for hosts and playbooks, shows the posture, plans and applies, and can roll back. Every screen leads back. */
import { chooseRules, chooseSelection } from './guided/choose.js';
import { leaving, orBack } from './guided/going-back.js';
import { showPlan } from './guided/roll-out.js';
import type { GuidedPosture, GuidedSelection, GuidedSteps, Talk } from './guided/steps.js';

/** Returns the exit code. Throws ToolError `interrupted` if a question is cancelled. */
export async function runGuided(
  steps: GuidedSteps,
  prompts: Talk['prompts'],
  out: (text: string) => void,
): Promise<number> {
  if (steps.hosts.length === 0) {
    out('The inventory has no hosts.\n');
    return 0;
  }
  const talk = { steps, prompts, out };
  let selection: GuidedSelection | undefined;
  for (;;) {
    selection = await chooseSelection(talk, selection);
    const code = await showPosture(selection, talk);
    if (code !== undefined) return code;
  }
}

/** Undefined: back to the hosts. */
async function showPosture(selection: GuidedSelection, talk: Talk): Promise<number | undefined> {
  const { steps, out } = talk;
  const posture = await steps.audit(selection);
  out(posture.text);
  let code = 0;
  let rules: readonly string[] | undefined;
  for (;;) {
    const next = await askAfterPosture(posture, rules, talk);
    if (next === 'leave') return code;
    if (next === 'back') return undefined;
    if (next === 'findings') out(posture.findings);
    else if (next === 'rules') rules = await chooseRules(posture, rules, talk);
    else {
      const end = await showPlan({ ...selection, rules }, talk);
      code = end.code;
      if (end.ended) return code;
    }
  }
}

async function askAfterPosture(
  { rules }: GuidedPosture,
  chosen: readonly string[] | undefined,
  { steps, prompts }: Talk,
): Promise<'plan' | 'rules' | 'findings' | 'back' | 'leave'> {
  const hasChoice = steps.hosts.length > 1 || steps.playbooks.length > 1;
  const some = chosen === undefined ? '' : ` (${chosen.length} of ${rules.length} chosen)`;
  const choices = [
    { name: 'Show the planned changes', value: 'plan' },
    ...(rules.length < 2 ? [] : [{ name: `Choose rules${some}`, value: 'rules' } as const]),
    { name: 'Show every finding', value: 'findings' },
    ...(hasChoice ? [{ name: 'Choose other hosts or playbooks', value: 'back' } as const] : []),
    { name: 'Quit', value: 'leave' },
  ] as const;
  const next = await orBack(prompts.select('What next?', choices, hasChoice ? leaving : {}));
  return next ?? 'back';
}
