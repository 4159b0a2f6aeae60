/** The settings of the rollout in a guided session: what can be chosen, and the words of a command line for what holds. */
import { durationText } from '../../lib/duration.js';
import type { Choice } from '../../lib/next-command.js';
import type { Amount } from '../../plan/waves.js';
import type { RolloutSetting } from '../../terminal/guided/steps.js';
import { checkSettings } from '../check-settings.js';
import type { Flags } from '../options.js';

/** What a person may change between the plan and the rollout. */
export type RolloutChoice = Pick<
  Flags,
  'waves' | 'maxUnavailable' | 'maxFailures' | 'settle' | 'deadline' | 'cordon' | 'drain'
>;

export interface RolloutChoices {
  /** The flags with what was chosen. */
  now(): Flags;
  settings(): readonly RolloutSetting[];
  /** What differs from the defaults, or was chosen here. */
  words(): readonly Choice[];
}

const share = (percent: number): Amount => ({ percent });
const hosts = (count: number): Amount => ({ count });

export function createRollout(flags: Flags): RolloutChoices {
  let now = flags;
  const chosen = new Set<string>();
  const option = (name: string, over: Partial<RolloutChoice>) => ({
    name,
    choose: () => {
      now = { ...now, ...over };
      for (const key of Object.keys(over)) chosen.add(key);
    },
  });
  return {
    now: () => now,
    settings: () => [
      {
        name: `Waves: ${wavesText(now.waves)} of the hosts done after each`,
        question: 'How do the waves grow?',
        options: [
          option('One host, then 10%, 50% and all', { waves: [hosts(1), share(10), share(50), share(100)] }),
          option('One host, then all others', { waves: [hosts(1), share(100)] }),
          option('All in one wave', { waves: [share(100)] }),
        ],
      },
      {
        name: `Down at once: ${now.maxUnavailable === undefined ? '10% of the cluster' : amountText(now.maxUnavailable)}`,
        question: 'How many nodes may be down at once?',
        options: [1, 10, 25, 50].map((size, at) =>
          at === 0
            ? option('1 node', { maxUnavailable: hosts(1) })
            : option(`${size}% of the cluster`, { maxUnavailable: share(size) }),
        ),
      },
      {
        name: `Failures: stop after more than ${amountText(now.maxFailures)}`,
        question: 'After how many failed hosts does it stop?',
        options: [
          option('At the first', { maxFailures: hosts(0) }),
          option('After more than 1', { maxFailures: hosts(1) }),
          option('After more than 10% of the hosts', { maxFailures: share(10) }),
        ],
      },
      {
        name: `Health: Ready for ${durationText(now.settle)} before the next host`,
        question: 'How long must a node stay Ready?',
        options: [10_000, 30_000, 120_000].map((settle) =>
          option(durationText(settle), { settle, deadline: Math.max(now.deadline, settle + 110_000) }),
        ),
      },
      {
        name: `Pods: ${now.drain ? 'each node is drained' : now.cordon ? 'each node is cordoned' : 'they stay where they are'}`,
        question: 'What happens to the pods of a node?',
        options: [
          option('They stay where they are', { cordon: false, drain: false }),
          option('Cordon each node while it changes', { cordon: true, drain: false }),
          option('Cordon and drain each node before it changes', { cordon: false, drain: true }),
        ],
      },
    ],
    words: () => {
      checkSettings(now);
      return settingWords(now, chosen);
    },
  };
}

const amountText = (amount: Amount): string => ('count' in amount ? String(amount.count) : `${amount.percent}%`);
const wavesText = (waves: readonly Amount[]): string => waves.map(amountText).join(',');

/** The settings that a command must repeat to do the same. */
export function settingWords(flags: Flags, chosen: ReadonlySet<string> = new Set()): readonly Choice[] {
  const value = (key: keyof Flags, flag: string, text: string | undefined, byDefault?: string): Choice[] =>
    text === undefined || (text === byDefault && !chosen.has(key)) ? [] : [{ flag, words: [flag, text] }];
  const on = (flag: string, isOn: boolean | undefined): Choice[] => (isOn === true ? [{ flag, words: [flag] }] : []);
  // Nobody is there for whom an unattended run could pause.
  const { maxUnavailable, observe, hookTimeout } = flags;
  return [
    ...value('waves', '--waves', wavesText(flags.waves), '1,10%,50%,100%'),
    ...value('maxUnavailable', '--max-unavailable', maxUnavailable && amountText(maxUnavailable)),
    ...value('maxFailures', '--max-failures', amountText(flags.maxFailures), '0'),
    ...value('settle', '--settle', durationText(flags.settle), '10s'),
    ...value('deadline', '--deadline', durationText(flags.deadline), '2m'),
    ...on('--cordon', flags.cordon),
    ...on('--drain', flags.drain),
    ...value('keep', '--keep', flags.keep === undefined ? undefined : String(flags.keep), '10'),
    ...value('forks', '--forks', String(flags.forks), '32'),
    ...value('timeout', '--timeout', durationText(flags.timeout), '30s'),
    ...value('hostKeys', '--host-keys', flags.hostKeys, 'strict'),
    ...value(
      'observe',
      '--observe',
      observe === undefined ? undefined : observe === 0 ? '0' : durationText(observe),
      '5s',
    ),
    ...on('--deep-scan', flags.deepScan),
    ...on('--fail-on-consumers', flags.failOnConsumers),
    ...value('until', '--until', flags.until),
    ...value('hookBeforeHost', '--hook-before-host', flags.hookBeforeHost),
    ...value('hookAfterHost', '--hook-after-host', flags.hookAfterHost),
    ...value('hookBeforeWave', '--hook-before-wave', flags.hookBeforeWave),
    ...value('hookAfterWave', '--hook-after-wave', flags.hookAfterWave),
    ...value('hookTimeout', '--hook-timeout', hookTimeout === undefined ? undefined : durationText(hookTimeout)),
  ];
}
