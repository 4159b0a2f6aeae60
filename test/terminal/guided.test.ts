import { expect, test } from 'vitest';
import type { GuidedRun, GuidedSelection, GuidedSteps, Talk } from '../../src/terminal/guided/steps.js';
import { runGuided } from '../../src/terminal/guided.js';
import { WentBack } from '../../src/terminal/prompt.js';

type Asking = Talk['prompts'];
/** The Escape key, in the place of an answer. */
const esc = 'Esc';

/** Answers in order; a choice is named by the start of its name. */
function answering(
  ...answers: readonly (string | boolean | readonly string[])[]
): Asking & { questions: string[]; starts: string[] } {
  const left = [...answers];
  const questions: string[] = [];
  /** Where each list began: at a choice, or with these checked. */
  const starts: string[] = [];
  const next = (text: string): string | boolean | readonly string[] => {
    questions.push(text);
    const answer = left.shift();
    if (answer === undefined) throw new Error(`nobody expected: ${text}`);
    return answer;
  };
  /** A question that cannot be left takes no Escape. */
  const ask = <T>(
    text: string,
    leaving: { canGoBack?: boolean } | undefined,
    read: (answer: unknown) => T,
  ): Promise<T> => {
    const answer = next(text);
    if (answer !== esc) return Promise.resolve(read(answer));
    if (leaving?.canGoBack !== true) throw new Error(`no way back from: ${text}`);
    return Promise.reject(new WentBack());
  };
  const pick = <T>(choices: readonly { readonly name: string; readonly value: T }[], start: string): T => {
    const found = choices.find(({ name }) => name.startsWith(start));
    if (found === undefined) throw new Error(`no choice ${start} in ${choices.map(({ name }) => name).join(' | ')}`);
    return found.value;
  };
  const asking: Asking = {
    confirm(text, leaving) {
      starts.push('');
      return ask(text, leaving, (answer) => answer === true);
    },
    typeToConfirm(expected, text, leaving) {
      starts.push('');
      return ask(text, leaving, (answer) => answer === expected);
    },
    select: (text, choices, options) => {
      const now = choices.find(({ value }) => value === options?.now);
      starts.push(now?.name ?? '-');
      return ask(text, options, (answer) => pick(choices, answer as string));
    },
    checkbox: (text, choices, leaving) => {
      starts.push(choices.flatMap(({ name, checked }) => (checked === true ? [name] : [])).join());
      return ask(text, leaving, (answer) => (answer as readonly string[]).map((one) => pick(choices, one)));
    },
    input: (text, options) => {
      starts.push('');
      return ask(text, options, (answer) => {
        const fault = options?.fault?.(answer as string);
        if (fault !== undefined) throw new Error(fault);
        return answer as string;
      });
    },
  };
  return { ...asking, questions, starts };
}

const ran = (text: string, over: Partial<GuidedRun> = {}): GuidedRun => ({
  ...{ text, exitCode: 0, failed: [], unknown: [], left: [] },
  ...over,
});

function stepsOf(over: Partial<GuidedSteps> = {}): GuidedSteps & { done: string[] } {
  const done: string[] = [];
  const note = (what: string, { hosts, playbooks, rules }: GuidedSelection): string => {
    done.push(`${what} ${hosts.join(',')} ${playbooks.join(',')}${rules === undefined ? '' : ` ${rules.join(',')}`}`);
    return `${what}\n`;
  };
  const rules = ['anonymous-auth', 'read-only-port'].map((id) => ({ id, name: `${id}: high`, description: '' }));
  let waves = 'two waves';
  return {
    done,
    clusterName: 'prod',
    hosts: [
      { name: 'cp1', group: 'cp', role: 'control-plane' },
      { name: 'n1', group: 'workers', role: 'worker' },
      { name: 'n2', group: 'workers', role: 'worker' },
    ],
    playbooks: [
      { name: 'baseline', title: 'Baseline', description: '', isChosen: true },
      { name: 'tls', title: 'TLS', description: '', isChosen: false },
    ],
    audit: (selection) => Promise.resolve({ text: note('audit', selection), findings: 'all findings\n', rules }),
    plan: (selection) =>
      Promise.resolve({
        text: note('plan', selection),
        changes: selection.hosts.length,
        folds: [
          { title: 'n1: 1 edit', text: 'diff of n1\n' },
          { title: 'cp1: 2 edits', text: 'diff of cp1\n' },
        ],
      }),
    strategy: () => waves,
    dangers: () => [],
    refusal: () => undefined,
    rolloutSettings: () => [
      {
        name: `Waves: ${waves}`,
        question: 'How do the waves grow?',
        options: [
          { name: 'Two', isNow: waves === 'two waves', choose: () => (waves = 'two waves') },
          { name: 'All in one', isNow: waves === 'one wave', choose: () => (waves = 'one wave') },
        ],
        own: {
          ...{ question: 'Sizes:', now: waves, choose: (text: string) => (waves = text) },
          fault: (text: string) => (text.includes('waves') ? undefined : 'no waves'),
        },
      },
    ],
    apply: (selection) => Promise.resolve(ran(note('apply', selection))),
    rollbackAll: () => {
      done.push('undo');
      return Promise.resolve({ text: 'undo\n', exitCode: 0 });
    },
    command: ({ hosts }) => `kubelatch apply --yes -l ${hosts.join(',')}`,
    ...over,
  };
}

async function talk(steps: GuidedSteps, prompts: Asking): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await runGuided(steps, prompts, (part) => (text += part));
  return { code, text };
}

test('workers: choose, see, confirm, done, and the command that does the same', async () => {
  const steps = stepsOf();
  const prompts = answering('Some groups', ['workers'], ['baseline', 'tls'], 'Show the planned', 'Apply', true);
  const { code, text } = await talk(steps, prompts);
  expect(code).toBe(0);
  expect(text).toBe(
    'audit\nplan\n\ntwo waves\napply\nThe same without questions:\n    kubelatch apply --yes -l n1,n2\n',
  );
  expect(steps.done).toEqual(['audit n1,n2 baseline,tls', 'plan n1,n2 baseline,tls', 'apply n1,n2 baseline,tls']);
});

test('a dangerous change wants the name of the cluster, and says why', async () => {
  const steps = stepsOf({ dangers: () => ['  ! it changes control-plane nodes: cp1'] });
  const start = ['All', ['baseline'], 'Show the planned', 'Apply'] as const;
  const prompts = answering(...start, '', 'Quit');
  const { code, text } = await talk(steps, prompts);
  expect(code).toBe(0);
  expect(text).toContain('This change is risky:\n  ! it changes control-plane nodes: cp1\nNothing was changed.\n');
  expect(prompts.questions).toContain('Type prod to confirm, or press Enter to go back:');
  expect(steps.done).not.toContain('apply cp1,n1,n2 baseline');
  await talk(steps, answering(...start, 'prod'));
  expect(steps.done).toContain('apply cp1,n1,n2 baseline');
});

test('a no, and each way back, leads to the screen before', async () => {
  const steps = stepsOf({ plan: () => Promise.resolve({ text: 'plan\n', changes: 1, exitCode: 3, folds: [] }) });
  const start = ['Some groups', ['workers'], ['baseline'], 'Show the planned'] as const;
  const left = await talk(steps, answering(...start, 'Apply', false, 'Back', 'Quit'));
  expect(left).toEqual({ code: 3, text: 'audit\nplan\n\ntwo waves\nNothing was changed.\n' });
  const other = await talk(
    steps,
    answering(...start, esc, 'Choose other', 'Pick', ['n2'], ['tls'], 'Show the planned', 'Apply', true),
  );
  expect(other.text).toContain('apply\n');
  expect(steps.done.at(-1)).toBe('apply n2 tls');
});

test('Escape leads back from every question but the first', async () => {
  const steps = stepsOf();
  const prompts = answering(
    ...['Some groups', esc, 'Pick', esc, 'All', esc, 'All', ['baseline'], esc, 'All', ['baseline'], 'Choose rules'],
    ...[esc, 'Show the planned', 'Read', esc, 'Change how', 'Waves', esc, esc, 'Apply', esc, esc, 'Quit'],
  );
  expect((await talk(steps, prompts)).code).toBe(0);
  expect(steps.done.filter((one) => one.startsWith('apply'))).toEqual([]);
});

test('rules are chosen, and all of them are none in particular', async () => {
  const steps = stepsOf();
  const start = ['All', ['tls'], 'Choose rules', ['read-only-port'], 'Show the planned', 'Back'] as const;
  const prompts = answering(
    ...start,
    'Choose rules (1 of 2',
    ['anonymous-auth', 'read-only-port'],
    'Show the',
    esc,
    'Quit',
  );
  await talk(steps, prompts);
  expect(steps.done.slice(1)).toEqual(['plan cp1,n1,n2 tls read-only-port', 'plan cp1,n1,n2 tls']);
});

test('each different change can be read, the rollout changed, every finding seen', async () => {
  const answers = [
    'All',
    ['tls'],
    'Show every',
    'Show the planned',
    'Read',
    'n1',
    'cp1',
    'Back',
    'Change how',
    'Waves',
  ];
  const { text } = await talk(stepsOf(), answering(...answers, 'All in one', 'Back', 'Quit'));
  expect(text).toBe(
    `audit\nall findings\nplan\n\ntwo waves\ndiff of n1\ndiff of cp1\n\none wave\nNothing was changed. To apply this without questions:\n    kubelatch apply --yes -l cp1,n1,n2\n`,
  );
});

test('leaving, choosing again, and nothing to change ask no more', async () => {
  const steps = stepsOf();
  expect((await talk(steps, answering('All', ['tls'], 'Choose other', 'Pick', ['n2'], ['tls'], 'Quit'))).code).toBe(0);
  expect(steps.done).toEqual(['audit cp1,n1,n2 tls', 'audit n2 tls']);
  const done = stepsOf({ plan: () => Promise.resolve({ text: '', changes: 0, exitCode: 3, folds: [] }) });
  expect((await talk(done, answering('All', ['tls'], 'Show the planned', 'Quit'))).code).toBe(3);
  expect((await talk(stepsOf({ hosts: [] }), answering())).code).toBe(0);
});

/** Each try ends as told; later ones succeed. */
const failing = (...results: readonly Partial<GuidedRun>[]) => {
  const left = [...results];
  const asked: string[] = [];
  const apply: GuidedSteps['apply'] = ({ hosts }) => {
    asked.push(hosts.join(','));
    return Promise.resolve(ran('apply\n', left.shift()));
  };
  return { apply, asked };
};
const start = ['Some groups', ['workers'], ['baseline'], 'Show the planned', 'Apply', true] as const;

test('after a failure: stop here', async () => {
  const { apply, asked } = failing({ exitCode: 4, failed: ['n2'] });
  const steps = stepsOf({ apply });
  const { code, text } = await talk(steps, answering(...start, 'Stop here'));
  expect(code).toBe(4);
  expect(text).toContain('kubelatch apply --yes -l n1,n2');
  expect(asked).toEqual(['n1,n2']);
  expect(steps.done).not.toContain('undo');
});

test('after a failure: undo is never worth a 0', async () => {
  const failed = { exitCode: 4, failed: ['n2'] };
  const steps = stepsOf(failing(failed));
  const { code, text } = await talk(steps, answering(...start, 'Undo'));
  expect(code).toBe(4);
  expect(text.endsWith('apply\nundo\n')).toBe(true);
  const worse = stepsOf({ ...failing(failed), rollbackAll: () => Promise.resolve({ text: '', exitCode: 5 }) });
  expect((await talk(worse, answering(...start, 'Undo'))).code).toBe(5);
});

test('after a failure: only the failed hosts are tried again', async () => {
  const failed = { exitCode: 4, failed: ['n2'] };
  const { apply, asked } = failing(failed, failed);
  expect((await talk(stepsOf({ apply }), answering(...start, 'Retry n2', 'Retry n2'))).code).toBe(0);
  expect(asked).toEqual(['n1,n2', 'n2', 'n2']);
});

test('after a failure: go on with it, without it, or ask again for the rest', async () => {
  const first = { exitCode: 4, failed: ['n1'], left: ['n2'] };
  const all = ['All', ['baseline'], 'Show the planned', 'Apply', true] as const;
  const goingOn = failing(first);
  await talk(stepsOf(goingOn), answering(...all, 'Go on: retry n1, then the rest (n2)'));
  expect(goingOn.asked).toEqual(['cp1,n1,n2', 'n1,n2']);
  const skipping = failing(first, { exitCode: 4 });
  expect((await talk(stepsOf(skipping), answering(...all, 'Skip n1, go on with n2'))).code).toBe(4);
  expect(skipping.asked).toEqual(['cp1,n1,n2', 'n2']);
  const retrying = failing(first);
  const prompts = answering(...all, 'Retry n1 alone', 'Go on with n2');
  await talk(stepsOf(retrying), prompts);
  expect(retrying.asked).toEqual(['cp1,n1,n2', 'n1', 'n2']);
  expect(prompts.questions.at(-1)).toBe('n2 not started yet. What next?');
});

test('a host whose state is unknown is not tried again', async () => {
  const { apply, asked } = failing({ exitCode: 5, unknown: ['n1'], left: ['n2'] });
  const steps = stepsOf({ apply });
  await expect(talk(steps, answering(...start, 'Retry'))).rejects.toThrow('no choice Retry');
  expect((await talk(steps, answering(...start))).code).toBe(0);
  expect(asked).toEqual(['n1,n2', 'n1,n2']);
});

test('nothing is asked where no host can start before the window ends, and nobody leaves with a 0', async () => {
  const steps = stepsOf({ refusal: () => '! No host can start.\n' });
  const prompts = answering('All', ['tls'], 'Show the planned', 'Apply', 'Quit');
  const { code, text } = await talk(steps, prompts);
  expect([code, steps.done.filter((one) => one.startsWith('apply'))]).toEqual([1, []]);
  expect(text).toMatch(/two waves\n! No host can start\.\nNothing was changed\./);
});

test('a value of its own is typed, and Escape leaves what holds', async () => {
  const start = ['All', ['tls'], 'Show the planned', 'Change how', 'Waves', 'Another'] as const;
  const typed = await talk(stepsOf(), answering(...start, 'nine waves', 'Back', 'Quit'));
  expect(typed.text).toContain('\nnine waves\n');
  await expect(talk(stepsOf(), answering(...start, 'nine'))).rejects.toThrow('no waves');
  const left = await talk(stepsOf(), answering(...start, esc, 'Back', 'Quit'));
  expect(left.text).not.toContain('nine');
});

test('each list starts at what holds now', async () => {
  const rollout = ['Change how', 'Waves', 'All in one', 'Waves', 'Another', 'six waves', 'Waves', esc, esc] as const;
  const again = ['Choose other', 'Some groups', ['workers'], ['tls'], 'Choose other', 'Some groups', esc, 'Pick', esc];
  const last = ['All', esc, 'Pick', ['n1'], esc, 'Pick', ['n1'], ['tls'], 'Quit'];
  const prompts = answering('All', ['baseline'], 'Show the planned', ...rollout, esc, ...again, ...last);
  await talk(stepsOf(), prompts);
  const asked = prompts.questions.map((text, at) => `${text} ${prompts.starts[at] ?? ''}`);
  expect(asked.filter((one) => /^(How|Which)/.test(one))).toEqual([
    'Which hosts? All 3 hosts',
    'Which playbooks? baseline: Baseline',
    'How do the waves grow? Two',
    'How do the waves grow? All in one',
    'How do the waves grow? Another value ...',
    'Which hosts? All 3 hosts',
    'Which groups? cp (1 host),workers (2 hosts)',
    'Which playbooks? baseline: Baseline',
    'Which hosts? Some groups',
    'Which groups? workers (2 hosts)',
    'Which hosts? Some groups',
    'Which hosts? Pick them one by one',
    'Which playbooks? tls: TLS',
    'Which hosts? All 3 hosts',
    'Which playbooks? tls: TLS',
    'Which hosts? Pick them one by one',
    'Which playbooks? tls: TLS',
  ]);
});

test('a host that failed and one whose state is unknown are told apart', async () => {
  const { apply } = failing({ exitCode: 5, failed: ['n1'], unknown: ['n2'] });
  const prompts = answering(...start, 'Stop here');
  await talk(stepsOf({ apply }), prompts);
  expect(prompts.questions.at(-1)).toBe('n1 failed. The state of n2 is unknown. What next?');
});
