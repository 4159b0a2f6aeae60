/** The flags after parsing, and where their values come from: flag > KUBELATCH_… > kubelatch.yaml > the user's config.yaml > default. */
import { type Command, Option } from 'commander';
import type { ShardNumber } from '../inventory/shard.js';
import { ToolError } from '../lib/errors.js';
import type { CniName, PolicyKind } from '../netpol/model.js';
import type { Amount } from '../plan/waves.js';
import type { Format } from '../report/format-table.js';

/** Values after parsing, by commander's names. */
export interface Flags {
  readonly inventory: string;
  readonly limit?: string;
  readonly exclude?: string;
  /** Of verbs that only read hosts. */
  readonly shard?: ShardNumber;
  readonly playbook?: readonly string[];
  readonly rule?: readonly string[];
  readonly output: Format;
  readonly outputFile?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Where these two were set: `--context`, `KUBELATCH_CONTEXT`, `context in ~/.config/kubelatch/config.yaml`. */
  readonly setBy?: { readonly kubeconfig?: string; readonly context?: string };
  readonly kubectl: string;
  readonly cluster: boolean;
  readonly forks: number;
  readonly timeout: number;
  readonly hostKeys: 'strict' | 'accept-new';
  readonly yes: boolean;
  readonly input: boolean;
  readonly detailedExitcode: boolean;
  /** Of audit, plan, apply and the guided mode. */
  readonly observe?: number;
  readonly deepScan?: boolean;
  readonly failOnConsumers?: boolean;
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
  /** Of the verbs that apply a plan. */
  readonly notReadyGrace?: number;
  /** Of verbs that change nodes: the end of the maintenance window, as it was given. */
  readonly until?: string;
  readonly pauseAfter?: readonly (number | 'each')[];
  readonly hookBeforeHost?: string;
  readonly hookAfterHost?: string;
  readonly hookBeforeWave?: string;
  readonly hookAfterWave?: string;
  readonly hookTimeout?: number;
  /** Of apply and the guided mode. */
  readonly keep?: number;
  /** Of plan, apply and the guided mode; showValues of audit, too. */
  readonly moveArguments?: boolean;
  readonly acceptPendingEdits?: boolean;
  readonly approveCsrs?: boolean;
  /** False with --no-approver. */
  readonly approver?: boolean;
  readonly showValues?: boolean;
  readonly cordon: boolean;
  readonly drain: boolean;
  /** Of audit. */
  readonly by?: 'rule' | 'host';
  readonly baseline?: string;
  /** Of plan. */
  readonly sign?: string;
  /** Of apply and the guided mode: what a saved plan must pass. */
  readonly digest?: string;
  readonly signers?: string;
  readonly signatures?: number;
  readonly signature?: readonly string[];
  readonly revokedSigners?: string;
  /** Of csr watch: milliseconds. */
  readonly for?: number;
  /** Of netpol. */
  readonly apply?: boolean;
  readonly policy?: PolicyKind;
  readonly cni?: CniName;
  readonly cniVersion?: string;
  readonly namespace?: readonly string[];
  readonly allowNamespace?: readonly string[];
  readonly allowAddress?: readonly string[];
  readonly allowNodePort?: readonly string[];
  readonly podCidr?: readonly string[];
  readonly nodeAddress?: readonly string[];
  readonly kubeletPort?: readonly string[];
  readonly dns?: string;
  readonly acceptDenyAllRisk?: boolean;
  /** Of persist. */
  readonly to?: 'configmap' | 'patches' | 'drop-in';
  readonly folder: string;
  /** Of verify. */
  readonly probeImage?: string;
  readonly servingCa?: string;
  readonly readOnly?: boolean;
  /** Of node-helper. */
  readonly user?: string;
  /** Of init: true without a file. */
  readonly fromKubeconfig?: string | true;
  readonly fromAnsible?: string;
  readonly group?: readonly string[];
  readonly host?: readonly string[];
  readonly controlPlane?: readonly string[];
  readonly force?: boolean;
  readonly clusterName?: string;
  readonly sshUser?: string;
  readonly jump?: readonly string[];
  readonly knownHosts?: string;
  /** False with --no-check. */
  readonly check?: boolean;
  /** Of init and inventory enrol. */
  readonly fingerprints?: string;
}

/** An option that can also be set by its KUBELATCH_… variable. */
export const option = (flags: string, summary: string): Option => {
  const made = new Option(flags, summary);
  // Commander takes any value of a switch's variable for "on", so readSwitches reads those.
  return isSwitch(made) ? made : made.env(variableOf(made));
};

/** Neither a file nor a variable can set it. */
export const isFlagOnly = (one: Option | undefined): boolean =>
  one !== undefined && !isSwitch(one) && one.envVar === undefined;

/** A flag without a value. */
export const isSwitch = (one: Option): boolean => one.isBoolean() || one.negate;

/** `KUBELATCH_NO_CLUSTER` for `--no-cluster`. */
const variableOf = (one: Option): string =>
  `KUBELATCH_${(one.long ?? '').replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`;

/** Sets switches from KUBELATCH_YES=true and the like, where no flag did. Anything but true or false is an error. */
export function readSwitches(command: Command, env: Readonly<Record<string, string | undefined>>): void {
  for (const one of command.options.filter(isSwitch)) {
    const text = env[variableOf(one)];
    if (text === undefined || text === '' || command.getOptionValueSource(one.attributeName()) === 'cli') continue;
    const on = /^(1|true|yes)$/i.test(text);
    if (!on && !/^(0|false|no)$/i.test(text)) {
      throw new ToolError('usage', `${variableOf(one)}: must be true or false, not ${JSON.stringify(text)}`);
    }
    command.setOptionValueWithSource(one.attributeName(), one.negate ? !on : on, 'env');
  }
}

/** By option: the flag, variable or key of the user's own file that set it, as a person finds it. None that a folder's file may set. */
export function setBy(command: Command, names: readonly string[], userFile: string): Readonly<Record<string, string>> {
  const places = command.options.flatMap((one): [string, string][] => {
    const name = one.attributeName();
    if (!names.includes(name)) return [];
    switch (command.getOptionValueSource(name)) {
      case 'cli':
        return [[name, one.long ?? name]];
      case 'env':
        return [[name, variableOf(one)]];
      case 'config':
        return [[name, `${name} in ${userFile}`]];
      default:
        return [];
    }
  });
  return Object.fromEntries(places);
}
