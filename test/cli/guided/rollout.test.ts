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

it('what was chosen is repeated, also where it is the default that a file has changed', () => {
  const rollout = createRollout({ ...defaults, waves: waveSizes('100%') });
  const choose = (setting: string, option: string): void =>
    rollout
      .settings()
      .find(({ name }) => name.startsWith(setting))
      ?.options.find(({ name }) => name.startsWith(option))
      ?.choose();
  choose('Waves', 'One host, then 10%');
  choose('Pods', 'Cordon and drain');
  choose('Health', '2m');
  expect(rollout.now()).toMatchObject({ drain: true, settle: 120_000, deadline: 230_000 });
  expect(textOf(rollout.words())).toBe('--waves 1,10%,50%,100% --settle 2m --deadline 230s --drain');
  expect(rollout.settings().map(({ name }) => name)).toEqual([
    'Waves: 1,10%,50%,100% of the hosts done after each',
    'Down at once: 10% of the cluster',
    'Failures: stop after more than 0',
    'Health: Ready for 2m before the next host',
    'Pods: each node is drained',
  ]);
});
