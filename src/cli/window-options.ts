/** The options of maintenance windows and hooks. They are flags alone: neither a file nor the environment decides about these. */
import { InvalidArgumentError, Option } from 'commander';
import { now } from '../lib/clock.js';
import { momentOf } from '../lib/wall-time.js';
import type { OptionGroup } from './option-groups.js';
import { collect, duration, whole } from './option-values.js';

/** Refuses what is no time, and what has passed. The text stays, for commands that are suggested later. */
function until(text: string): string {
  const moment = momentOf(text, now());
  if (moment === undefined)
    throw new InvalidArgumentError('must be a time of day such as 05:00, or a date and time such as 2026-12-01T05:00Z');
  if (moment <= now()) throw new InvalidArgumentError('must be in the future');
  return text;
}

const waves = (text: string, previous: readonly (number | 'each')[] | undefined): (number | 'each')[] => [
  ...(previous ?? []),
  ...collect(text, []).map((word) => (word === 'each' ? word : whole(word))),
];

const untilOption = new Option('--until <time>', 'Start only hosts that can finish by this local time').argParser(
  until,
);

/** Of a verb that changes hosts in waves. */
export const maintenance: OptionGroup = {
  title: 'Maintenance window',
  options: [
    untilOption,
    new Option('--pause-after <wave>', 'Ask before going on after this wave, or each; repeatable').argParser(waves),
  ],
};

/** Of a verb without waves. */
export const windowOnly: OptionGroup = { title: maintenance.title, options: [untilOption] };

export const hooks: OptionGroup = {
  title: 'Hooks',
  options: [
    new Option('--hook-before-host <file>', 'Run this program before each host; failure skips the host'),
    new Option('--hook-after-host <file>', 'Run this program after each host, even if it failed'),
    new Option('--hook-before-wave <file>', 'Run this program before each wave; failure stops the rollout'),
    new Option('--hook-after-wave <file>', 'Run this program after each wave, even if hosts failed'),
    new Option('--hook-timeout <duration>', 'Limit each call of a hook to this time (default: 60s)').argParser(
      duration,
    ),
  ],
};
