import { expect, it } from 'vitest';
import { askToChange } from '../../src/cli/consent.js';
import type { CliContext } from '../../src/cli/context.js';
import { longestChange } from '../../src/plan/rollout-time.js';

const inventory = { path: 'i', cluster: { name: 'c' }, hosts: [] } as never;
const ask = (cluster: boolean, lockOnly: boolean, withoutCluster: string | undefined): Promise<boolean> => {
  const progress = { stop: () => Promise.resolve() };
  const world = { flags: { cluster }, progress, maintenance: {} } as unknown as CliContext;
  const question = { text: undefined, question: 'Now?', hosts: ['n1'], withoutCluster, lockOnly, agreed: true };
  return askToChange(world, { inventory }, question);
};

it.each([
  [false, /changes could not be verified: gone$/],
  [true, /other runs could not be locked out: gone$/],
])('refuses by itself to go without the API server, for the lock alone too: %j', async (lockOnly, message) => {
  await expect(ask(true, lockOnly, 'gone')).rejects.toMatchObject({
    code: 'cluster',
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(/^nothing was changed; .*--no-cluster/) as string,
  });
  expect(await ask(false, lockOnly, 'gone')).toBe(true);
  expect(await ask(true, lockOnly, undefined)).toBe(true);
});

it('a question that wants the name of the cluster says so in itself', async () => {
  const asked: string[] = [];
  const prompts = {
    typeToConfirm: (_expected: string, text: string) => {
      asked.push(text);
      return Promise.resolve(true);
    },
    confirm: (text: string) => {
      asked.push(text);
      return Promise.resolve(true);
    },
  };
  const errText = { width: 80, style: { yellow: (text: string) => text } };
  const progress = { stop: () => Promise.resolve() };
  const world = { flags: { cluster: true }, progress, prompts, errText, maintenance: {} } as unknown as CliContext;
  const hosts = [{ name: 'cp1', role: 'control-plane' }];
  const there = { inventory: { cluster: { name: 'prod-eu' }, hosts } as never };
  const question = { text: undefined, question: 'Change 1 host now?', withoutCluster: undefined, agreed: false };
  await askToChange(world, there, { ...question, hosts: ['cp1'] });
  await askToChange(world, there, { ...question, hosts: ['n1'] });
  // The plan knows more than the roles of the hosts.
  const dangers = [{ because: 'all hosts change in one wave, so no host is tried first', names: [] }];
  await askToChange(world, there, { ...question, hosts: ['n1'], dangers });
  await askToChange(world, there, { ...question, hosts: ['n1'], dangers: [] });
  expect(asked).toEqual([
    'Change 1 host now? Type prod-eu to confirm, or press Enter to cancel:',
    'Change 1 host now?',
    'Change 1 host now? Type prod-eu to confirm, or press Enter to cancel:',
    'Change 1 host now?',
  ]);
});

it('nobody is asked to confirm a run that cannot start a host before the window ends', async () => {
  const asked: string[] = [];
  const confirm = (text: string) => {
    asked.push(text);
    return Promise.resolve(true);
  };
  const until = (minutes: number, agreed: boolean) => {
    const window = { endsAt: Date.now() + minutes * 60_000, given: '05:00' };
    const about = { flags: { cluster: true }, progress: { stop: () => Promise.resolve() }, prompts: { confirm } };
    const world = { ...about, maintenance: { window } } as unknown as CliContext;
    const needs = longestChange(120_000, { restarts: true, drains: false });
    const question = { text: undefined, question: 'Now?', hosts: ['n1'], withoutCluster: undefined, needs, agreed };
    return askToChange(world, { inventory }, question);
  };
  await expect(until(5, false)).rejects.toMatchObject({
    code: 'plan',
    message: expect.stringMatching(/^no host can start: .* a host may need 8 min \(/) as string,
    hint: 'nothing was changed; use a later --until',
  });
  expect(asked).toEqual([]);
  expect(await until(60, false)).toBe(true);
  expect(asked).toEqual(['Now?']);
  // Confirmed before: the run ends with a result for each host.
  expect(await until(5, true)).toBe(true);
});
