import { expect, it } from 'vitest';
import { createRollout, settingWords } from '../../../src/cli/guided/rollout.js';
import type { Flags } from '../../../src/cli/options.js';
import { waveSizes } from '../../../src/cli/option-values.js';

const defaults = {
  ...{ waves: waveSizes('1,10%,50%,100%'), maxFailures: { count: 0 }, settle: 10_000, deadline: 120_000 },
  ...{ cordon: false, drain: false, keep: 10, forks: 32, timeout: 30_000, hostKeys: 'strict', observe: 5000 },
} as unknown as Flags;
const textOf = (choices: ReturnType<typeof settingWords>): string => choices.flatMap(({ words }) => words).join(' ');

it('a command repeats no setting that is the default', () => {
  expect(textOf(settingWords(defaults))).toBe('');
});

it('a command repeats every setting that is another', () => {
  const flags: Flags = {
    ...defaults,
    ...{ waves: waveSizes('2,100%'), maxUnavailable: { percent: 25 }, maxFailures: { count: 1 }, settle: 90_000 },
    ...{ deadline: 300_000, cordon: true, drain: true, keep: 3, forks: 8, timeout: 60_000, hostKeys: 'accept-new' },
    ...{
      observe: 0,
      deepScan: true,
      failOnConsumers: true,
      until: '05:00',
      hookAfterHost: './tell.sh',
      hookTimeout: 5000,
    },
  };
  expect(textOf(settingWords(flags))).toBe(
    '--waves 2,100% --max-unavailable 25% --max-failures 1 --settle 90s --deadline 5m --cordon --drain --keep 3 --forks 8 --timeout 1m --host-keys accept-new --observe 0 --deep-scan --fail-on-consumers --until 05:00 --hook-after-host ./tell.sh --hook-timeout 5s',
  );
});

type Rollout = ReturnType<typeof createRollout>;
const setting = (rollout: Rollout, start: string) => {
  const found = rollout.settings().find(({ name }) => name.startsWith(start));
  if (found === undefined) throw new Error(`no setting ${start}`);
  return found;
};
const choose = (rollout: Rollout, start: string, option: string): void =>
  setting(rollout, start)
    .options.find(({ name }) => name.startsWith(option))
    ?.choose();
const heldNow = (rollout: Rollout, start: string): string[] =>
  setting(rollout, start)
    .options.filter(({ isNow }) => isNow)
    .map(({ name }) => name);

it('what was chosen is repeated, also where it is the default that a file has changed', () => {
  const rollout = createRollout({ ...defaults, waves: waveSizes('100%') });
  choose(rollout, 'Waves', 'One host, then 10%');
  choose(rollout, 'Pods', 'Cordon and drain');
  choose(rollout, 'Health', '2m');
  expect(rollout.now()).toMatchObject({ drain: true, settle: 120_000, deadline: 230_000 });
  expect(textOf(rollout.words())).toBe('--waves 1,10%,50%,100% --settle 2m --deadline 230s --drain');
  expect(rollout.settings().map(({ name }) => name)).toEqual([
    'Waves: 1,10%,50%,100% (hosts done after each wave)',
    'Nodes down at once: 10% of the cluster',
    'Failures: stop at the first host that fails',
    'Health: a node must stay Ready for 2m, and reverts after 230s',
    'Pods: each node is drained',
  ]);
});

it('a share says of what it is one, and a count what it counts', () => {
  const flags = { ...defaults, maxUnavailable: { percent: 25 }, maxFailures: { percent: 10 } };
  const named = (over: Partial<Flags>): string[] =>
    createRollout({ ...flags, ...over })
      .settings()
      .map(({ name }) => name)
      .slice(1, 3);
  expect(named({})).toEqual([
    'Nodes down at once: 25% of the cluster',
    'Failures: stop when more than 10% of the hosts failed',
  ]);
  expect(named({ maxUnavailable: { count: 1 }, maxFailures: { count: 2 } })).toEqual([
    'Nodes down at once: 1 node',
    'Failures: stop when more than 2 hosts failed',
  ]);
});

it('knows which choice holds now: by the flags, the default, an answer; none for a value of its own', () => {
  const rollout = createRollout({ ...defaults, waves: waveSizes('1,100%'), settle: 30_000 });
  const starts = ['Waves', 'Nodes', 'Failures', 'Health', 'Pods'];
  expect(starts.map((start) => heldNow(rollout, start).join())).toEqual([
    ...['One host, then all others', '10% of the cluster', 'At the first host that fails', '30s'],
    'They stay where they are',
  ]);
  choose(rollout, 'Pods', 'Cordon and drain');
  choose(rollout, 'Nodes', '1 node');
  setting(rollout, 'Waves').own?.choose('2,100%');
  expect(starts.map((start) => heldNow(rollout, start).join())).toEqual([
    ...['', '1 node', 'At the first host that fails', '30s', 'Cordon and drain each node before it changes'],
  ]);
});

it('takes values of its own as the flags do, says what is wrong with others, and repeats them', () => {
  const rollout = createRollout(defaults);
  const own = (start: string) => setting(rollout, start).own ?? expect.fail(`nothing can be typed for ${start}`);
  expect(own('Waves').now).toBe('1,10%,50%,100%');
  expect(own('Waves').fault('5,1')).toMatch(/^It must grow, .*: 1 comes after 5$/);
  expect(own('Waves').fault('1,all')).toMatch(/^It must be a count such as 3, or a share such as 25%/);
  expect(own('Nodes').fault('0')).toBe('It must be above 0');
  expect(own('Failures').fault('-1')).toMatch(/^It must be a count/);
  expect(own('Health').fault('soon')).toBe('It must be a duration above 0, such as 500ms, 30s or 5m');
  for (const [start, text] of [
    ['Waves', '2,20%'],
    ['Nodes', '3'],
    ['Failures', '5%'],
    ['Health', '3m'],
  ] as const) {
    expect(own(start).fault(text)).toBeUndefined();
    own(start).choose(text);
    expect(own(start).now).toBe(text);
  }
  expect(textOf(rollout.words())).toBe(
    '--waves 2,20% --max-unavailable 3 --max-failures 5% --settle 3m --deadline 290s',
  );
});
