import { expect, test } from 'vitest';
import { plainStyle } from '../../src/report/style.js';
import { createPrompts } from '../../src/terminal/prompt.js';
import { fakeTerminal } from './streams.js';

const there = { isTty: true, noInput: false, style: plainStyle };
const interrupted = { code: 'interrupted' };

test('without a terminal, or with --no-input, questions are refused and secrets are nobody’s', async () => {
  for (const nobody of [{ isTty: false }, { noInput: true }]) {
    const { stdin, stderr, shown } = fakeTerminal();
    const prompts = createPrompts({ ...there, ...nobody, stdin, stderr });
    await expect(prompts.confirm('Go on?')).rejects.toMatchObject({ code: 'usage' });
    await expect(prompts.select('Which?', [{ name: 'a', value: 1 }])).rejects.toMatchObject({ code: 'usage' });
    expect(await prompts.secrets.becomePassword('ops', 'n1')).toBeNull();
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
  await waitFor('type prod to go on');
  type('d\r');
  expect(await asked).toBe(true);
  const again = prompts.typeToConfirm('prod', 'Once more:');
  await waitFor('Once more:');
  type('\r');
  expect(await again).toBe(false);
});

test('a password is never shown, and questions wait for one another', async () => {
  const { stdin, stderr, type, shown, waitFor } = fakeTerminal();
  const { secrets } = createPrompts({ ...there, stdin, stderr });
  const first = secrets.becomePassword('ops', 'n1\u001b[2J');
  const second = secrets.passphrase('/root/.ssh/id');
  await waitFor('sudo password of ops (first asked by n1)');
  expect(shown()).not.toContain('Passphrase');
  type('hunter2\r');
  expect(await first).toBe('hunter2');
  await waitFor('Passphrase of the key /root/.ssh/id');
  type('\r');
  expect(await second).toBeNull();
  expect(shown()).not.toContain('hunter2');
  expect(shown()).toContain('*******');
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
