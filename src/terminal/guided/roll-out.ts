/** The screens of a plan: read its changes, choose how they are rolled out, confirm. */
import { carryOut } from './carry-out.js';
import { leaving, orBack } from './going-back.js';
import type { GuidedPlan, GuidedSelection, RolloutSetting, Talk } from './steps.js';

/** `ended`: the program ends with this code; otherwise back to the posture, where Quit has it. */
export interface PlanEnd {
  readonly ended: boolean;
  readonly code: number;
}

/** Exit code of a session whose change was refused. */
const refusedCode = 1;

export async function showPlan(selection: GuidedSelection, talk: Talk): Promise<PlanEnd> {
  const { steps, out } = talk;
  const plan = await steps.plan(selection);
  let code = plan.exitCode ?? 0;
  out(plan.text);
  if (plan.changes === 0) return { ended: false, code };
  let told: string | undefined;
  for (;;) {
    const sentence = steps.strategy();
    if (sentence !== told) out(`\n${sentence}\n`);
    told = sentence;
    const next = await askAfterPlan(plan, talk);
    if (next === 'back') return { ended: false, code };
    if (next === 'leave') {
      out(`Nothing was changed. To apply this without questions:\n    ${steps.command(selection)}\n`);
      return { ended: true, code };
    }
    const refusal = next === 'apply' ? steps.refusal() : undefined;
    if (refusal !== undefined) {
      out(refusal);
      code = refusedCode;
    } else if (next === 'read') await readFolds(plan, talk);
    else if (next === 'rollout') await changeRollout(talk);
    else if (await confirmed(talk)) return { ended: true, code: await carryOut(selection, talk) };
    else out('Nothing was changed.\n');
  }
}

async function askAfterPlan(
  { folds }: GuidedPlan,
  { prompts }: Talk,
): Promise<'apply' | 'read' | 'rollout' | 'back' | 'leave'> {
  const choices = [
    { name: 'Apply these changes', value: 'apply' },
    ...(folds.length < 2
      ? []
      : [{ name: `Read the diffs (${folds.length} different changes)`, value: 'read' } as const]),
    { name: 'Change how they are rolled out', value: 'rollout' },
    { name: 'Back', value: 'back' },
    { name: 'Quit', value: 'leave' },
  ] as const;
  return (await orBack(prompts.select('What next?', choices, leaving))) ?? 'back';
}

async function readFolds({ folds }: GuidedPlan, { prompts, out }: Talk): Promise<void> {
  let last: string | undefined;
  for (;;) {
    const choices = [...folds.map(({ title, text }) => ({ name: title, value: text })), { name: 'Back', value: '' }];
    const text = await orBack(prompts.select('Which change?', choices, { ...leaving, now: last }));
    if (text === undefined || text === '') return;
    out(text);
    last = text;
  }
}

async function changeRollout({ steps, prompts }: Talk): Promise<void> {
  let last = 0;
  for (;;) {
    const settings = steps.rolloutSettings();
    const choices = [
      ...settings.map(({ name }, at) => ({ name, value: at })),
      { name: 'Back', value: settings.length },
    ];
    const at = await orBack(prompts.select('Change what?', choices, { ...leaving, now: last }));
    const setting = settings[at ?? settings.length];
    if (at === undefined || setting === undefined) return;
    last = at;
    await changeSetting(setting, prompts);
  }
}

/** The list starts at what holds now: at the last choice where that was typed. */
async function changeSetting({ question, options, own }: RolloutSetting, prompts: Talk['prompts']): Promise<void> {
  const chosen = await orBack(
    prompts.select(
      question,
      [
        ...options.map((one) => ({ name: one.name, value: one })),
        ...(own === undefined ? [] : [{ name: 'Another value ...', value: own }]),
      ],
      { ...leaving, now: options.find(({ isNow }) => isNow) ?? own },
    ),
  );
  if (chosen === undefined) return;
  if (chosen !== own) {
    (chosen as RolloutSetting['options'][number]).choose();
    return;
  }
  const { now: initial, fault } = own;
  const text = await orBack(prompts.input(own.question, { ...leaving, initial, fault }));
  if (text !== undefined) own.choose(text);
}

/** A dangerous change is confirmed by typing the name of the cluster. */
async function confirmed({ steps, prompts, out }: Talk): Promise<boolean> {
  const dangers = steps.dangers();
  if (dangers.length === 0) return (await orBack(prompts.confirm('Apply these changes now?', leaving))) ?? false;
  out(`This change is risky:\n${dangers.map((one) => `${one}\n`).join('')}`);
  const text = `Type ${steps.clusterName} to confirm, or press Enter to go back:`;
  return (await orBack(prompts.typeToConfirm(steps.clusterName, text, leaving))) ?? false;
}
