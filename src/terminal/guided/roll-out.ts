/** The screens of a plan: read its changes, choose how they are rolled out, confirm. */
import { carryOut } from './carry-out.js';
import { leaving, orBack } from './going-back.js';
import type { GuidedPlan, GuidedSelection, Talk } from './steps.js';

/** `ended`: the program ends with this code; otherwise back to the posture, where Quit has it. */
export interface PlanEnd {
  readonly ended: boolean;
  readonly code: number;
}

export async function showPlan(selection: GuidedSelection, talk: Talk): Promise<PlanEnd> {
  const { steps, prompts, out } = talk;
  const plan = await steps.plan(selection);
  const { exitCode: code = 0, folds } = plan;
  out(plan.text);
  if (plan.changes === 0) return { ended: false, code };
  let told: string | undefined;
  for (;;) {
    const sentence = steps.strategy();
    if (sentence !== told) out(`\n${sentence}\n`);
    told = sentence;
    const next = await orBack(
      prompts.select(
        'What next?',
        [
          { name: 'Apply these changes', value: 'apply' },
          ...(folds.length < 2 ? [] : [{ name: `Read the diffs (${folds.length} different changes)`, value: 'read' }]),
          { name: 'Change how they are rolled out', value: 'rollout' },
          { name: 'Back', value: 'back' },
          { name: 'Quit', value: 'leave' },
        ],
        leaving,
      ),
    );
    if (next === undefined || next === 'back') return { ended: false, code };
    if (next === 'leave') {
      out(`Nothing was changed. To apply this without questions:\n    ${steps.command(selection)}\n`);
      return { ended: true, code };
    }
    if (next === 'read') await readFolds(plan, talk);
    else if (next === 'rollout') await changeRollout(talk);
    else if (await confirmed(talk)) return { ended: true, code: await carryOut(selection, talk) };
    else out('Nothing was changed.\n');
  }
}

async function readFolds({ folds }: GuidedPlan, { prompts, out }: Talk): Promise<void> {
  for (;;) {
    const choices = [...folds.map(({ title, text }) => ({ name: title, value: text })), { name: 'Back', value: '' }];
    const text = await orBack(prompts.select('Which change?', choices, leaving));
    if (text === undefined || text === '') return;
    out(text);
  }
}

async function changeRollout({ steps, prompts }: Talk): Promise<void> {
  for (;;) {
    const settings = steps.rolloutSettings();
    const chosen = await orBack(
      prompts.select(
        'Change what?',
        [...settings.map((one) => ({ name: one.name, value: one })), { name: 'Back', value: null }],
        leaving,
      ),
    );
    if (chosen === undefined || chosen === null) return;
    const choices = chosen.options.map((one) => ({ name: one.name, value: one }));
    (await orBack(prompts.select(chosen.question, choices, leaving)))?.choose();
  }
}

/** A dangerous change is confirmed by typing the name of the cluster. */
async function confirmed({ steps, prompts, out }: Talk): Promise<boolean> {
  const dangers = steps.dangers();
  if (dangers.length === 0) return (await orBack(prompts.confirm('Apply these changes now?', leaving))) ?? false;
  out(`This change is risky:\n${dangers.map((one) => `${one}\n`).join('')}`);
  const text = `Type ${steps.clusterName} to confirm, or press Enter to go back:`;
  return (await orBack(prompts.typeToConfirm(steps.clusterName, text, leaving))) ?? false;
}
