/** Every option of every verb, in groups: what it is called, what it takes, what it does. The table of verbs says who has which. */
import { Option } from 'commander';
import { type Format, formatNames, formatsFor } from '../report/format-table.js';
import type { ResultKind } from '../report/schema.js';
import { option } from './options.js';
import {
  amount,
  atLeastOne,
  collect,
  commandTimeout,
  digest,
  duration,
  durationOrNone,
  waveSizes,
  whole,
} from './option-values.js';

/** Groups of one title are shown as one section of the help. */
export interface OptionGroup {
  readonly title: string;
  readonly options: readonly Option[];
}

export const hosts: OptionGroup = {
  title: 'Hosts',
  options: [
    option('-i, --inventory <file>', 'Read hosts from this inventory; - is stdin').default('./inventory.yaml'),
    option('-l, --limit <pattern>', 'Select hosts: names, globs, ranges, groups, role:worker, !name'),
    option('--exclude <pattern>', 'Skip these hosts; same patterns as --limit'),
  ],
};

export const connection: OptionGroup = {
  title: 'Connection',
  options: [
    option('-f, --forks <n>', 'Work on this many hosts at once').argParser(whole).default(32),
    option('--timeout <duration>', 'Limit each SSH command to this time')
      .argParser(commandTimeout)
      .default(30_000, '30s'),
    option('--host-keys <policy>', 'Accept only known SSH host keys, or new ones too')
      .choices(['strict', 'accept-new'])
      .default('strict'),
    option('--no-input', 'Never prompt, not even for passwords'),
  ],
};

export const apiServer: OptionGroup = {
  title: 'API server',
  options: [
    option('--kubeconfig <file>', 'Use this kubeconfig instead of the inventory’s'),
    option('--context <name>', 'Use this context of the kubeconfig'),
    option('--kubectl <program>', 'Run this kubectl').default('kubectl'),
    option('--no-cluster', 'Work without the API server: skip its checks and lock'),
  ],
};

const outputGroup = (formats: readonly Format[]): OptionGroup => ({
  title: 'Output',
  options: [
    option('-o, --output <format>', 'Print the result in this format').choices(formats).default('table'),
    option('--output-file <file>', 'Write the result to a file instead of stdout'),
    option('--color <when>', 'Color the output').choices(['auto', 'always', 'never']).default('auto'),
    new Option('-v, --verbose', 'Print more details; repeatable')
      .default(0)
      .argParser((_value, before: number) => before + 1),
    option('-q, --quiet', 'Print failures only, no progress').default(false),
    option('--log-file <file>', 'Append every event to this file as JSON lines'),
  ],
});
/** Of a verb that ends with one of these results. */
export const outputOf = (...kinds: readonly ResultKind[]): OptionGroup => outputGroup(formatsFor(...kinds));
/** Of a verb whose result depends on what it reads. */
export const everyOutput = outputGroup(formatNames);
/** Of a verb whose result has the formats that all have. */
export const output = outputOf('rule');
/** Of a verb that prints a program. */
export const fileOutput: OptionGroup = {
  title: 'Output',
  options: [option('--output-file <file>', 'Write the result to a file instead of stdout')],
};

/** How a text for people is ordered; data has all of it anyway. */
export const groupBy: OptionGroup = {
  title: 'Output',
  options: [
    option('--by <what>', 'Group findings in tables by rule or by host').choices(['rule', 'host']).default('rule'),
  ],
};

export const showValues: OptionGroup = {
  title: 'Output',
  options: [option('--show-values', 'Show values of unknown settings; known secrets stay hidden').default(false)],
};

const playbookGroup = (text: string, ...more: readonly Option[]): OptionGroup => ({
  title: 'Playbooks',
  options: [option('-p, --playbook <name|file>', text).argParser(collect), ...more],
});

const onlyRule = (): Option =>
  option('--rule <id>', 'Use only this rule of the playbooks; repeatable').argParser(collect);

export const playbooks = playbookGroup('Use the rules of this playbook; repeatable (default: baseline)', onlyRule());

/** Of a verb that goes on with a run. */
export const playbooksOfRun = playbookGroup(
  'Use this playbook of the run; repeatable (default: all of them)',
  onlyRule(),
);

/** Of a verb that lists them. */
export const listedPlaybooks = playbookGroup('List this playbook alone; repeatable');

/** Of a verb that knows all built-in playbooks anyway. */
export const morePlaybooks = playbookGroup('Search this playbook too; repeatable');

export const failOn: OptionGroup = {
  title: 'Exit code',
  options: [
    option('--fail-on <severity>', 'Exit 2 if rules of this severity or above fail').choices([
      'low',
      'medium',
      'high',
      'critical',
    ]),
  ],
};

/** Who uses kubelets without the credentials that a change would demand. */
export const consumers: OptionGroup = {
  title: 'Clients',
  options: [
    option('--observe <duration>', 'Watch open ports for clients this long; 0 to skip')
      .argParser(durationOrNone)
      .default(5000, '5s'),
    option('--deep-scan', 'Search Secrets too; values are never shown').default(false),
  ],
};

export const failOnConsumers: OptionGroup = {
  title: 'Exit code',
  options: [option('--fail-on-consumers', 'Exit 2 if clients of kubelets would break').default(false)],
};

/** Of a verb that changes nodes. */
export const stopForConsumers: OptionGroup = {
  title: 'Clients',
  options: [option('--fail-on-consumers', 'Change nothing if clients of kubelets would break').default(false)],
};

export const baseline: OptionGroup = {
  title: 'Drift',
  options: [option('--baseline <file>', 'Compare with an earlier audit -o json; exit 2 on drift')],
};

export const detailedExitcode: OptionGroup = {
  title: 'Exit code',
  options: [option('--detailed-exitcode', 'Exit 2 if changes are pending').default(false)],
};

export const edits: OptionGroup = {
  title: 'Edits',
  options: [
    option('--move-arguments', 'Allow moving ExecStart arguments that override config files').default(false),
    option('--accept-pending-edits', 'Allow restarts that apply earlier manual edits').default(false),
    option('--approve-csrs', 'Request serving certificates although nobody approves renewals; you will').default(false),
    option('--no-approver', 'Request serving certificates although nobody will approve renewals'),
  ],
};

export const savePlan: OptionGroup = {
  title: 'Saved plan',
  options: [
    option('--out <file>', 'Save the plan, to run it with: kubelatch apply <file>'),
    option('--sign <key>', 'Sign the saved plan with this SSH key'),
  ],
};

export const verifyPlan: OptionGroup = {
  title: 'Saved plan',
  options: [
    option('--digest <digest>', 'Require this digest, as printed by plan --out').argParser(digest),
    option('--signers <file>', 'Require signatures by keys in this SSH allowed signers file'),
    option('--signatures <n>', 'Require signatures by this many people (default: 1)').argParser(whole),
    option('--signature <file>', 'Use this signature; repeatable (default: PLAN.sig, PLAN.*.sig)').argParser(collect),
    option('--revoked-signers <file>', 'Reject the keys in this file (KRL or list)'),
  ],
};

export const waves: OptionGroup = {
  title: 'Rollout',
  options: [
    option('--waves <list>', 'Set wave sizes as cumulative counts or shares of hosts')
      .argParser(waveSizes)
      .default(waveSizes('1,10%,50%,100%'), '1,10%,50%,100%'),
  ],
};

export const rollout: OptionGroup = {
  title: 'Rollout',
  options: [
    option(
      '--max-unavailable <n|n%>',
      'Limit nodes down at once, counting those already down (default: 10%)',
    ).argParser(atLeastOne),
    option('--max-failures <n|n%>', 'Stop the rollout after more than this many failed hosts')
      .argParser(amount)
      .default({ count: 0 }, '0'),
    option('--settle <duration>', 'Require each node to stay Ready this long')
      .argParser(duration)
      .default(10_000, '10s'),
    option('--deadline <duration>', 'Revert a node that is not healthy within this time')
      .argParser(duration)
      .default(120_000, '2m'),
  ],
};

export const grace: OptionGroup = {
  title: 'Rollout',
  options: [
    option('--not-ready-grace <duration>', 'Revert a node that stays NotReady this long after restart')
      .argParser(duration)
      .default(30_000, '30s'),
  ],
};

export const cordon: OptionGroup = {
  title: 'Rollout',
  options: [
    option('--cordon', 'Cordon each node while it changes').default(false),
    option('--drain', 'Cordon and drain each node before it changes').default(false),
  ],
};

export const backups: OptionGroup = {
  title: 'Rollout',
  options: [option('--keep <n>', 'Keep backups of this many runs per node').argParser(whole).default(10)],
};

export const consent: OptionGroup = {
  title: 'Confirmation',
  options: [option('-y, --yes', 'Skip the confirmation prompt').default(false)],
};

export const nodeHelper: OptionGroup = {
  title: 'Sudo',
  options: [option('--user <name>', 'Allow this login user to run it (default: deploy)')],
};
