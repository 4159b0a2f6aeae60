import { expect, test } from 'vitest';
import { type GuidedSelection, type GuidedSteps, runGuided } from '../../src/terminal/guided.js';
import type { Prompts } from '../../src/terminal/prompt.js';

type Asking = Parameters<typeof runGuided>[1];

/** Answers in order; a choice is named by the start of its name. */
function answering(...answers: readonly (string | boolean | readonly string[])[]): Asking & { questions: string[] } {
  const left = [...answers];
  const questions: string[] = [];
  const next = (text: string): string | boolean | readonly string[] => {
    questions.push(text);
    const answer = left.shift();
    if (answer === undefined) throw new Error(`nobody expected: ${text}`);
    return answer;
  };
  const pick = <T>(choices: readonly { readonly name: string; readonly value: T }[], start: string): T => {
    const found = choices.find(({ name }) => name.startsWith(start));
    if (found === undefined) throw new Error(`no choice ${start} in ${choices.map(({ name }) => name).join(' | ')}`);
    return found.value;
  };
  const asking: Pick<Prompts, 'confirm' | 'typeToConfirm' | 'select' | 'checkbox'> = {
    confirm: (text) => Promise.resolve(next(text) === true),
    typeToConfirm: (expected, text) => Promise.resolve(next(text) === expected),
    select: (text, choices) => Promise.resolve(pick(choices, next(text) as string)),
    checkbox: (text, choices) => Promise.resolve((next(text) as readonly string[]).map((one) => pick(choices, one))),
  };
  return { ...asking, questions };
}

function stepsOf(over: Partial<GuidedSteps> = {}): GuidedSteps & { done: string[] } {
  const done: string[] = [];
  const note = (what: string, { hosts, playbooks }: GuidedSelection): string => {
    done.push(`${what} ${hosts.join(',')} ${playbooks.join(',')}`);
    return `${what}\n`;
  };
  return {
    done,
    clusterName: 'prod',
    dangerous: false,
    hosts: [
      { name: 'cp1', group: 'cp', role: 'control-plane' },
      { name: 'n1', group: 'workers', role: 'worker' },
      { name: 'n2', group: 'workers', role: 'worker' },
    ],
    playbooks: [
      { name: 'baseline', title: 'Baseline', description: '' },
      { name: 'tls', title: 'TLS', description: '' },
    ],
    audit: (selection) => Promise.resolve({ text: note('audit', selection) }),
    plan: (selection) => Promise.resolve({ text: note('plan', selection), changes: selection.hosts.length }),
    apply: (selection) => Promise.resolve({ text: note('apply', selection), exitCode: 0, failed: false }),
    undoAll: () => {
      done.push('undo');
      return Promise.resolve({ text: 'undo\n', exitCode: 0 });
    },
    ...over,
  };
}

async function talk(steps: GuidedSteps, prompts: Asking): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await runGuided(steps, prompts, (part) => (text += part));
  return { code, text };
}

test('workers: choose, see, confirm, done', async () => {
  const steps = stepsOf();
  const { code, text } = await talk(steps, answering('Some groups', ['workers'], ['baseline', 'tls'], 'Show', true));
  expect(code).toBe(0);
  expect(text).toBe('audit\nplan\napply\n');
  expect(steps.done).toEqual(['audit n1,n2 baseline,tls', 'plan n1,n2 baseline,tls', 'apply n1,n2 baseline,tls']);
});

test('control-plane nodes change only when the name of the cluster was typed', async () => {
  const steps = stepsOf();
  const { code, text } = await talk(steps, answering('All', ['baseline'], 'Show', ''));
  expect(code).toBe(0);
  expect(text).toContain('Nothing was changed.');
  expect(steps.done).not.toContain('apply cp1,n1,n2 baseline');
  await talk(steps, answering('All', ['baseline'], 'Show', 'prod'));
  expect(steps.done).toContain('apply cp1,n1,n2 baseline');
});

test('what is called dangerous wants the name for workers too', async () => {
  const prompts = answering('Pick', ['n1'], ['baseline'], 'Show', 'prod');
  const steps = stepsOf({ dangerous: true });
  await talk(steps, prompts);
  expect(prompts.questions.at(-1)).toContain('type prod');
  expect(steps.done.at(-1)).toBe('apply n1 baseline');
});

test('leaving, choosing again, and nothing to change ask no more', async () => {
  const steps = stepsOf();
  expect((await talk(steps, answering('All', ['tls'], 'Choose', 'Pick', ['n2'], ['tls'], 'Leave'))).code).toBe(0);
  expect(steps.done).toEqual(['audit cp1,n1,n2 tls', 'audit n2 tls']);
  const done = stepsOf({ plan: () => Promise.resolve({ text: '', changes: 0, exitCode: 3 }) });
  expect((await talk(done, answering('All', ['tls'], 'Show'))).code).toBe(3);
  expect((await talk(stepsOf({ hosts: [] }), answering())).code).toBe(0);
});

const failingApply = (tries: number) => {
  let left = tries;
  const asked: string[] = [];
  const apply: GuidedSteps['apply'] = ({ hosts }) => {
    asked.push(hosts.join(','));
    left -= 1;
    const failed = left >= 0;
    return Promise.resolve({ text: 'apply\n', exitCode: failed ? 4 : 0, failed, failedHosts: ['n2'] });
  };
  return { apply, asked };
};
const start = ['Some groups', ['workers'], ['baseline'], 'Show', true] as const;

test('after a failure: keep', async () => {
  const { apply, asked } = failingApply(1);
  const steps = stepsOf({ apply });
  expect((await talk(steps, answering(...start, 'Keep'))).code).toBe(4);
  expect(asked).toEqual(['n1,n2']);
  expect(steps.done).not.toContain('undo');
});

test('after a failure: undo is never worth a 0', async () => {
  const steps = stepsOf(failingApply(1));
  const { code, text } = await talk(steps, answering(...start, 'Undo'));
  expect(code).toBe(4);
  expect(text.endsWith('apply\nundo\n')).toBe(true);
  const worse = stepsOf({ ...failingApply(1), undoAll: () => Promise.resolve({ text: '', exitCode: 5 }) });
  expect((await talk(worse, answering(...start, 'Undo'))).code).toBe(5);
});

test('after a failure: only the failed hosts are tried again', async () => {
  const { apply, asked } = failingApply(2);
  expect((await talk(stepsOf({ apply }), answering(...start, 'Try', 'Try'))).code).toBe(0);
  expect(asked).toEqual(['n1,n2', 'n2', 'n2']);
});
