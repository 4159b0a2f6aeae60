/** Flags and where their values come from: flag > KUBELATCH_… > kubelatch.yaml > default. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../lib/duration.js';
import { ToolError } from '../lib/errors.js';
import { type Amount, parseAmount } from '../plan/waves.js';

const outputs = ['table', 'wide', 'json', 'ndjson'] as const;
export type Output = (typeof outputs)[number];

/** Values after parsing, by commander's names. */
export interface Flags {
  readonly inventory: string;
  readonly limit?: string;
  readonly exclude?: string;
  readonly playbook?: readonly string[];
  readonly output: Output;
  readonly outputFile?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly kubectl: string;
  readonly cluster: boolean;
  readonly forks: number;
  readonly timeout: number;
  readonly hostKeys: 'strict' | 'accept-new';
  readonly yes: boolean;
  readonly input: boolean;
  readonly detailedExitcode: boolean;
  readonly failOn?: 'low' | 'medium' | 'high' | 'critical';
  readonly color: 'auto' | 'always' | 'never';
  readonly verbose: number;
  readonly quiet: boolean;
  readonly logFile?: string;
  readonly out?: string;
  readonly waves: readonly Amount[];
  readonly maxUnavailable?: Amount;
  readonly maxFailures: Amount;
  readonly settle: number;
  readonly deadline: number;
  /** Of apply and the guided mode. */
  readonly keep?: number;
  /** Of plan, apply and the guided mode. */
  readonly moveArguments?: boolean;
  readonly cordon: boolean;
  readonly drain: boolean;
}

const duration = (text: string): number => {
  const value = parseDuration(text);
  if (value === undefined || value === 0)
    throw new InvalidArgumentError('a duration is a number with ms, s, m or h: 30s, 5m');
  return value;
};
const amount = (text: string): Amount => {
  const value = parseAmount(text);
  if (value === undefined) throw new InvalidArgumentError('a count such as 3, or a share such as 25%');
  return value;
};
const atLeastOne = (text: string): Amount => {
  const value = amount(text);
  if (('count' in value ? value.count : value.percent) === 0)
    throw new InvalidArgumentError('at least 1, or nothing could be changed');
  return value;
};
const amounts = (text: string): Amount[] => text.split(',').map(amount);
const whole = (text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('a number from 1 to 99999');
  return Number(text);
};
const collect = (value: string, previous: readonly string[] | undefined): string[] => [
  ...(previous ?? []),
  ...value.split(',').filter(Boolean),
];

const option = (flags: string, text: string): Option => {
  const made = new Option(flags, text);
  // What commander makes of a variable for a flag without a value is "given at all": readSwitches reads those.
  return isSwitch(made) ? made : made.env(variableOf(made));
};

/** A flag without a value. */
export const isSwitch = (one: Option): boolean => one.isBoolean() || one.negate;

/** `KUBELATCH_NO_CLUSTER` for `--no-cluster`. */
const variableOf = (one: Option): string =>
  `KUBELATCH_${(one.long ?? '').replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`;

/** Fills switches that no flag gave from KUBELATCH_YES=true and the like; anything but true or false is an error. */
export function readSwitches(command: Command, env: Readonly<Record<string, string | undefined>>): void {
  for (const one of command.options.filter(isSwitch)) {
    const text = env[variableOf(one)];
    if (text === undefined || text === '' || command.getOptionValueSource(one.attributeName()) === 'cli') continue;
    const on = /^(1|true|yes)$/i.test(text);
    if (!on && !/^(0|false|no)$/i.test(text)) {
      throw new ToolError('usage', `${variableOf(one)}: true or false is wanted, not ${JSON.stringify(text)}`);
    }
    command.setOptionValueWithSource(one.attributeName(), one.negate ? !on : on, 'env');
  }
}

export function addHostOptions(command: Command): Command {
  return command
    .optionsGroup('Which hosts:')
    .addOption(option('-i, --inventory <file>', 'the inventory; - is stdin').default('./inventory.yaml'))
    .addOption(
      option('-l, --limit <pattern>', 'only these hosts: names, globs, ranges, groups, role:worker, !not-this'),
    )
    .addOption(option('--exclude <pattern>', 'not these hosts'));
}

export function addConnectionOptions(command: Command): Command {
  return command
    .optionsGroup('How to reach them:')
    .addOption(option('-f, --forks <n>', 'hosts at once').argParser(whole).default(32))
    .addOption(option('--timeout <duration>', 'for one call over SSH').argParser(duration).default(30_000, '30s'))
    .addOption(
      option('--host-keys <how>', 'accept-new adds keys of hosts never seen before')
        .choices(['strict', 'accept-new'])
        .default('strict'),
    )
    .addOption(option('--kubeconfig <file>', 'of the API server, instead of the inventory’s'))
    .addOption(option('--context <name>', 'in the kubeconfig'))
    .addOption(option('--kubectl <program>', 'the kubectl to use').default('kubectl'))
    .addOption(option('--no-cluster', 'do without the API server: its checks are not made, its lock is not held'))
    .addOption(option('--no-input', 'never ask anything, not even for passwords'));
}

export function addOutputOptions(command: Command): Command {
  return command
    .optionsGroup('What to print:')
    .addOption(option('-o, --output <format>', 'the result on stdout').choices(outputs).default('table'))
    .addOption(option('--output-file <file>', 'the result in a file instead'))
    .addOption(option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'))
    .addOption(
      new Option('-v, --verbose', 'more about what happens (repeatable)')
        .default(0)
        .argParser((_value, before: number) => before + 1),
    )
    .addOption(option('-q, --quiet', 'no progress').default(false))
    .addOption(option('--log-file <file>', 'every event as a line of JSON'));
}

export function addPlaybookOption(command: Command): Command {
  return command
    .optionsGroup('What to judge by:')
    .addOption(option('-p, --playbook <name|file>', 'rules; repeatable (default: baseline)').argParser(collect));
}

export function addJudgementOptions(command: Command): Command {
  return command.addOption(
    option('--fail-on <severity>', 'exit 2 when a rule of this severity or above fails').choices([
      'low',
      'medium',
      'high',
      'critical',
    ]),
  );
}

/** Of the verbs that make a plan. */
export function addPlanOptions(command: Command): Command {
  return addPlaybookOption(command).addOption(
    option('--move-arguments', 'arguments of a unit that hide its files may move into a file').default(false),
  );
}

export function addWaveOption(command: Command): Command {
  return command
    .optionsGroup('How to roll out:')
    .addOption(
      option('--waves <list>', 'how many are done after each wave, as counts or shares')
        .argParser(amounts)
        .default(amounts('1,10%,50%,100%'), '1,10%,50%,100%'),
    );
}

export function addRolloutOptions(command: Command): Command {
  return addWaveOption(command)
    .addOption(
      option(
        '--max-unavailable <n|n%>',
        'nodes out of service at once, those already down included (default: 10%)',
      ).argParser(atLeastOne),
    )
    .addOption(
      option('--max-failures <n|n%>', 'failed hosts that do not stop the run')
        .argParser(amount)
        .default({ count: 0 }, '0'),
    )
    .addOption(settle())
    .addOption(
      option('--deadline <duration>', 'until a change that is not proved healthy is put back')
        .argParser(duration)
        .default(120_000, '2m'),
    )
    .addOption(yes());
}

const settle = (): Option =>
  option('--settle <duration>', 'how long a node must stay Ready').argParser(duration).default(10_000, '10s');
const yes = (): Option => option('-y, --yes', 'do not ask').default(false);

/** Of the verb that starts no change, but proves nodes healthy. */
export function addProofOptions(command: Command): Command {
  return command
    .optionsGroup('How to end it:')
    .addOption(settle())
    .addOption(
      option('--deadline <duration>', 'for a node to prove healthy').argParser(duration).default(120_000, '2m'),
    )
    .addOption(yes());
}

export function addSeclusionOptions(command: Command): Command {
  return command
    .addOption(option('--cordon', 'let no new pod onto a node while it is changed').default(false))
    .addOption(option('--drain', 'cordon it, and move its pods away first').default(false));
}

/** Of the verbs that leave backups on nodes. */
export function addKeepOption(command: Command): Command {
  return command.addOption(
    option('--keep <n>', 'runs of which a node keeps the backups; the oldest beyond them go once it is confirmed')
      .argParser(whole)
      .default(10),
  );
}

/** Of a verb that changes nodes, but rolls nothing out. */
export function addConsentOption(command: Command): Command {
  return command.optionsGroup('Consent:').addOption(option('-y, --yes', 'do not ask').default(false));
}
