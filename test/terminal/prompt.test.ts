import { expect, test } from 'vitest';
import { plainStyle } from '../../src/report/style.js';
import { createPrompts, WentBack } from '../../src/terminal/prompt.js';
import { createScreen } from './screen.js';
import { fakeTerminal } from './streams.js';

const first = { alone: false, triesLeft: 3 };
const there = { isTty: true, noInput: false, style: plainStyle };
const interrupted = { code: 'interrupted' };

test('without a terminal, or with --no-input, questions are refused and secrets are nobody’s', async () => {
  for (const nobody of [{ isTty: false }, { noInput: true }]) {
    const { stdin, stderr, shown } = fakeTerminal();
    const prompts = createPrompts({ ...there, ...nobody, stdin, stderr });
    await expect(prompts.confirm('Go on?')).rejects.toMatchObject({ code: 'usage' });
    await expect(prompts.select('Which?', [{ name: 'a', value: 1 }])).rejects.toMatchObject({ code: 'usage' });
    expect(await prompts.secrets.becomePassword('ops', 'n1', first)).toBeNull();
    const question = { host: 'n1', name: '', instructions: '', text: 'Code:', echo: false };
    expect(await prompts.secrets.answer(question)).toBeNull();
    expect(shown()).toBe('');
  }
});

test('yes is typed, Enter alone is no', async () => {
  for (const [keys, answer] of [
    ['y\r', true],
    ['\r', false],
  ] as const) {
    const { stdin, stderr, type, waitFor } = fakeTerminal();
    const asked = createPrompts({ ...there, stdin, stderr }).confirm('Go on?');
    await waitFor('Go on?');
    type(keys);
    expect(await asked).toBe(answer);
  }
});

test('the name has to be typed to the letter; nothing typed means no', async () => {
  const { stdin, stderr, type, waitFor } = fakeTerminal();
  const prompts = createPrompts({ ...there, stdin, stderr });
  const asked = prompts.typeToConfirm('prod', 'Type prod:');
  await waitFor('Type prod:');
  type('pro\r');
  await waitFor('Type prod to continue');
  // A wrong name is cleared: what is typed next stands alone.
  type('prod\r');
  expect(await asked).toBe(true);
  const again = prompts.typeToConfirm('prod', 'Once more:');
  await waitFor('Once more:');
  type('\r');
  expect(await again).toBe(false);
});

test('a password is never shown, and questions wait for one another', async () => {
  const { stdin, stderr, type, shown, waitFor } = fakeTerminal();
  const { secrets } = createPrompts({ ...there, stdin, stderr });
  const password = secrets.becomePassword('ops', 'n1\u001b[2J', first);
  const second = secrets.passphrase('/root/.ssh/id');
  await waitFor('sudo password for ops (asked by n1)');
  expect(shown()).not.toContain('Passphrase');
  type('hunter2\r');
  expect(await password).toBe('hunter2');
  await waitFor('Passphrase of the key /root/.ssh/id');
  type('\r');
  expect(await second).toBeNull();
  expect(shown()).not.toContain('hunter2');
  expect(shown()).toContain('*******');
});

test('a password that was refused is asked for again with the reason and the tries that are left', async () => {
  const { stdin, stderr, type, shown, waitFor } = fakeTerminal();
  const { secrets } = createPrompts({ ...there, stdin, stderr });
  const again = secrets.becomePassword('deploy', 'n1', { alone: false, refusedBy: 'n1', triesLeft: 2 });
  await waitFor('sudo password for deploy (asked by n1):');
  expect(shown()).toContain('! That password was not accepted for sudo of deploy on n1; 2 tries left.\n');
  type('hunter2\r');
  expect(await again).toBe('hunter2');
  const alone = secrets.password('deploy', 'n2', { alone: true, refusedBy: 'n2', triesLeft: 1 });
  await waitFor('SSH password for deploy on n2:');
  expect(shown()).toContain('! That password was not accepted for the login of deploy on n2; 1 try left.\n');
  type('\r');
  expect(await alone).toBe('');
  const others = secrets.becomePassword('deploy', 'n3', { alone: false, refusedBy: 'n2\u001b[2J', triesLeft: 3 });
  await waitFor('sudo password for deploy (asked by n3):');
  expect(shown()).toMatch(/! The password of the other hosts was not accepted for sudo of deploy on n2, so it is/);
  type('hunter3\r');
  expect(await others).toBe('hunter3');
  expect(shown()).not.toMatch(/hunter[23]/);
});

test.each([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
])('%s leaves the question and those behind it', async (_, key) => {
  const { stdin, stderr, type, shown, waitFor } = fakeTerminal();
  const prompts = createPrompts({ ...there, stdin, stderr });
  const first = prompts.confirm('First?');
  const second = prompts.confirm('Second?');
  const outcomes = Promise.allSettled([first, second]);
  await waitFor('First?');
  type(key);
  await outcomes;
  await expect(first).rejects.toMatchObject(interrupted);
  await expect(second).rejects.toMatchObject(interrupted);
  expect(shown()).not.toContain('Second?');
});

test('a checkbox wants at least one', async () => {
  const { stdin, stderr, type, waitFor } = fakeTerminal();
  const choices = ['a', 'b'].map((name) => ({ name, value: name }));
  const asked = createPrompts({ ...there, stdin, stderr }).checkbox('Which?', choices);
  await waitFor('Which?');
  type('\r');
  await waitFor('At least one choice must be selected');
  type(' \r');
  expect(await asked).toEqual(['a']);
});

test('Escape leaves a question that can be left, and the next one is asked', async () => {
  const { stdin, stderr, type, waitFor } = fakeTerminal();
  const prompts = createPrompts({ ...there, stdin, stderr });
  const choices = ['a', 'b'].map((name) => ({ name, value: name }));
  const canGoBack = { canGoBack: true };
  const questions = [
    () => prompts.select('Select?', choices, canGoBack),
    () => prompts.checkbox('Check?', choices, canGoBack),
    () => prompts.confirm('Confirm?', canGoBack),
    () => prompts.typeToConfirm('prod', 'Type?', canGoBack),
  ];
  for (const [at, ask] of questions.entries()) {
    const asked = ask().catch((error: unknown) => error);
    await waitFor(['Select?', 'Check?', 'Confirm?', 'Type?'][at] ?? '');
    type('\u001b');
    expect(await asked).toBeInstanceOf(WentBack);
  }
  const last = prompts.confirm('Stay?');
  await waitFor('Stay?');
  type('\u001b');
  // An escape that means nothing here: the readline of a terminal takes it for the start of a key for half a second.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  type('y\r');
  expect(await last).toBe(true);
});

test('a list says that Escape goes back only where it does', async () => {
  for (const canGoBack of [true, false]) {
    const { stdin, stderr, type, shown, waitFor } = fakeTerminal();
    const asked = createPrompts({ ...there, stdin, stderr }).select('Which?', [{ name: 'a', value: 1 }], { canGoBack });
    await waitFor('navigate');
    expect(shown().includes('Esc back')).toBe(canGoBack);
    type('\r');
    await asked;
  }
});

test('a text is what was offered unless something is typed, and a wrong one is asked for again', async () => {
  const { stdin, stderr, type, waitFor } = fakeTerminal();
  const prompts = createPrompts({ ...there, stdin, stderr });
  const offered = prompts.input('User:', { initial: 'deploy' });
  await waitFor('deploy');
  type('\r');
  expect(await offered).toBe('deploy');
  const asked = prompts.input('Port:', { fault: (text) => (text === '22' ? undefined : `no port: ${text}\u001b[2J`) });
  await waitFor('Port:');
  type('x\r');
  await waitFor('no port: x');
  type('\u007f22 \r');
  expect(await asked).toBe('22');
});

test('a question that is too long breaks between words', async () => {
  const { stdin, stderr, type, shown, waitFor } = fakeTerminal();
  const prompts = createPrompts({ ...there, stdin, stderr });
  const name = 'kubernetes-admin@kubernetes';
  const asked = prompts.typeToConfirm(
    name,
    `Roll back run 20261129T234003Z-4b6ae0 on 4 hosts now? Type ${name} to confirm, or press Enter to cancel:`,
  );
  await waitFor('to cancel:');
  expect(shown()).toContain(`hosts now? Type\n  ${name} to confirm, or press Enter to cancel:`);
  type(`${name}\r`);
  expect(await asked).toBe(true);
});

test('a list starts at what holds now, and at its first choice where nothing is told', async () => {
  const { stdin, stderr, type, waitFor } = fakeTerminal();
  const prompts = createPrompts({ ...there, stdin, stderr });
  const choices = ['a', 'b', 'c'].map((name) => ({ name, value: name }));
  for (const [question, now] of [
    ['Now?', 'b'],
    ['First?', undefined],
  ] as const) {
    const asked = prompts.select(question, choices, { now });
    await waitFor(question);
    type('\r');
    expect(await asked).toBe(now ?? 'a');
  }
});

test('a question that was left is off the screen, and one that was answered stays', async () => {
  const { stdin, stderr, type, shown, waitFor } = fakeTerminal();
  const prompts = createPrompts({ ...there, stdin, stderr });
  const choices = ['one', 'two'].map((name) => ({ name, value: name, description: `What ${name} is.` }));
  for (const [at, answer] of ['\u001b', '\r'].entries()) {
    const asked = prompts.select(`Which ${at}?`, choices, { canGoBack: true }).catch(() => undefined);
    await waitFor(`Which ${at}?`);
    type(answer);
    await asked;
    const left = prompts.input(`Name ${at}?`, { canGoBack: true }).catch(() => undefined);
    await waitFor(`Name ${at}?`);
    type('\u001b');
    await left;
  }
  const screen = createScreen(80);
  screen.write(shown());
  expect(screen.lines().filter((line) => line !== '')).toEqual(['+ Which 1? one']);
});
