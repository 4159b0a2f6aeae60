/** The settings of the rollout in a guided session: what can be chosen, and the words of a command line for what holds. */
import { durationText } from '../../lib/duration.js';
import type { Choice } from '../../lib/next-command.js';
import type { Amount } from '../../plan/waves.js';
import { count } from '../../report/layout.js';
import type { OwnValue, RolloutSetting } from '../../terminal/guided/steps.js';
import { checkSettings } from '../check-settings.js';
import { amount, atLeastOne, duration, faultOf, waveSizes } from '../option-values.js';
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
const noEvacuation = { cordon: false, drain: false } as const;

type Choose = (over: Partial<RolloutChoice>) => void;

export function createRollout(flags: Flags): RolloutChoices {
  let now = flags;
  const chosen = new Set<string>();
  const choose: Choose = (over) => {
    now = { ...now, ...over };
    for (const key of Object.keys(over)) chosen.add(key);
  };
  return {
    now: () => now,
    settings: () =>
      [wavesSetting, unavailableSetting, failuresSetting, healthSetting, podsSetting].map((one) => one(now, choose)),
    words: () => {
      checkSettings(now);
      return settingWords(now, chosen);
    },
  };
}

type MakeSetting = (now: Flags, choose: Choose) => RolloutSetting;

const wavesSetting: MakeSetting = (now, choose) => ({
  name: `Waves: ${wavesText(now.waves)} (hosts done after each wave)`,
  question: 'How do the waves grow?',
  options: options(now, choose, [
    ['One host, then 10%, 50% and all', { waves: [hosts(1), share(10), share(50), share(100)] }],
    ['One host, then all others', { waves: [hosts(1), share(100)] }],
    ['All in one wave', { waves: [share(100)] }],
  ]),
  own: {
    question: 'Hosts done after each wave, as counts or shares:',
    now: wavesText(now.waves),
    ...typed(waveSizes, (waves) => choose({ waves })),
  },
});

const unavailableSetting: MakeSetting = (now, choose) => {
  // What holds unless it is said: a tenth, and one node more than are down already.
  const maxUnavailable = now.maxUnavailable ?? share(10);
  return {
    name: `Nodes down at once: ${ofWhole(maxUnavailable, 'node', 'of the cluster')}`,
    question: 'How many nodes may be down at once, those already down included?',
    options: options({ ...now, maxUnavailable }, choose, [
      ['1 node', { maxUnavailable: hosts(1) }],
      ['10% of the cluster', { maxUnavailable: share(10) }],
      ['25% of the cluster', { maxUnavailable: share(25) }],
      ['50% of the cluster', { maxUnavailable: share(50) }],
    ]),
    own: {
      question: 'Nodes, such as 3, or a share of the cluster, such as 20%:',
      now: amountText(maxUnavailable),
      ...typed(atLeastOne, (value) => choose({ maxUnavailable: value })),
    },
  };
};

const failuresSetting: MakeSetting = (now, choose) => ({
  name: `Failures: stop ${isNone(now.maxFailures) ? 'at the first host that fails' : `when more than ${ofWhole(now.maxFailures, 'host', 'of the hosts')} failed`}`,
  question: 'When does it stop because of failed hosts?',
  options: options(now, choose, [
    ['At the first host that fails', { maxFailures: hosts(0) }],
    ['When more than 1 host failed', { maxFailures: hosts(1) }],
    ['When more than 10% of the hosts failed', { maxFailures: share(10) }],
  ]),
  own: {
    question: 'Failed hosts that do not stop it, such as 3, or a share of the hosts, such as 20%:',
    now: amountText(now.maxFailures),
    ...typed(amount, (maxFailures) => choose({ maxFailures })),
  },
});

const healthSetting: MakeSetting = (now, choose) => ({
  name: `Health: a node must stay Ready for ${durationText(now.settle)}, and reverts after ${durationText(now.deadline)}`,
  question: 'How long must a node stay Ready before the next host may start?',
  options: options(
    now,
    ({ settle = now.settle }) => choose(settling(now, settle)),
    [10_000, 30_000, 120_000].map((settle) => [durationText(settle), { settle }] as const),
  ),
  own: {
    question: 'A time, such as 45s or 3m:',
    now: durationText(now.settle),
    ...typed(duration, (settle) => choose(settling(now, settle))),
  },
});

const podsSetting: MakeSetting = (now, choose) => ({
  name: `Pods: ${now.drain ? 'each node is drained' : now.cordon ? 'each node is cordoned' : 'they stay where they are'}`,
  question: 'What happens to the pods of a node?',
  options: options(now.drain ? { ...now, cordon: false } : now, choose, [
    ['They stay where they are', noEvacuation],
    ['Cordon each node while it changes', { ...noEvacuation, cordon: true }],
    ['Cordon and drain each node before it changes', { ...noEvacuation, drain: true }],
  ]),
});

/** The deadline grows with it: a node needs time to start, and to fail. */
const settling = ({ deadline }: Flags, settle: number): Partial<RolloutChoice> => ({
  settle,
  deadline: Math.max(deadline, settle + 110_000),
});

const options = (
  now: Flags,
  choose: Choose,
  each: readonly (readonly [name: string, over: Partial<RolloutChoice>])[],
): RolloutSetting['options'] =>
  each.map(([name, over]) => ({
    name,
    isNow: holds(now, over),
    choose: () => choose(over),
  }));

const holds = (now: Flags, over: Partial<RolloutChoice>): boolean =>
  Object.entries(over).every(([key, value]) => JSON.stringify(now[key as keyof Flags]) === JSON.stringify(value));

/** A value that the reader of a flag takes: what it says of any other is shown. */
const typed = <T>(read: (text: string) => T, take: (value: T) => void): Pick<OwnValue, 'fault' | 'choose'> => ({
  fault: (text) => faultOf(read, text),
  choose: (text) => take(read(text)),
});

const amountText = (value: Amount): string => ('count' in value ? String(value.count) : `${value.percent}%`);
const wavesText = (waves: readonly Amount[]): string => waves.map(amountText).join(',');
const isNone = (value: Amount): boolean => ('count' in value ? value.count : value.percent) === 0;

/** `1 node`, `3 nodes`, `10% of the cluster`. */
const ofWhole = (value: Amount, unit: string, whole: string): string =>
  'count' in value ? count(value.count, unit) : `${value.percent}% ${whole}`;

/** The settings that a command must repeat to do the same. */
export function settingWords(flags: Flags, chosen: ReadonlySet<string> = new Set()): readonly Choice[] {
  const value = (key: keyof Flags, flag: string, text: string | undefined, byDefault?: string): Choice[] =>
    text === undefined || (text === byDefault && !chosen.has(key)) ? [] : [{ flag, words: [flag, text] }];
  const on = (flag: string, isOn: boolean | undefined): Choice[] => (isOn === true ? [{ flag, words: [flag] }] : []);
  // Without --pause-after: nobody is there to answer.
  const { maxUnavailable, observe, hookTimeout, notReadyGrace } = flags;
  return [
    ...value('waves', '--waves', wavesText(flags.waves), '1,10%,50%,100%'),
    ...value('maxUnavailable', '--max-unavailable', maxUnavailable && amountText(maxUnavailable)),
    ...value('maxFailures', '--max-failures', amountText(flags.maxFailures), '0'),
    ...value('settle', '--settle', durationText(flags.settle), '10s'),
    ...value('deadline', '--deadline', durationText(flags.deadline), '2m'),
    ...value(
      'notReadyGrace',
      '--not-ready-grace',
      notReadyGrace === undefined ? undefined : durationText(notReadyGrace),
      '30s',
    ),
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
