/** The table of verbs: one row each. The command line, the help and the dispatch are made from it; a new verb is a row here and a file in verbs/. */
import type { CliContext } from './context.js';
import { lookingVerbs, policyVerbs } from './cluster-verbs.js';
import { localVerbs } from './local-verbs.js';
import { csrVerbs } from './csr-verbs.js';
import { enrolVerb, initVerb } from './init-verbs.js';
import type { ResultKind } from '../report/schema.js';
import * as group from './option-groups.js';
import { shard } from './shard-option.js';
import { hooks, maintenance, windowOnly } from './window-options.js';

export interface Argument {
  /** `<run>` where it must be given, `[run]` where not. */
  readonly name: string;
  readonly summary: string;
  /** What to run, where it must be given and is not. */
  readonly missing?: string;
}

export interface Example {
  readonly command: string;
  readonly does: string;
}

export interface Verb {
  /** `runs show` is a verb below `runs`, which stands before it. */
  readonly name: string;
  /** What it does, in at most ten words: in the list of verbs and at the top of its help. */
  readonly summary: string;
  /** More about it, in its help alone. */
  readonly details?: string;
  /** In the order of its help: its own first, then those of many verbs. */
  readonly options: readonly group.OptionGroup[];
  readonly arguments?: readonly Argument[];
  /** Signals and lost output let it finish the hosts in progress. */
  readonly changesNodes: boolean;
  /** Runs where no verb is named, and is not listed. */
  readonly hidden?: true;
  readonly examples: readonly Example[];
  /** Loads the verb's file only when it is called. The exit code comes back. */
  readonly run: (cli: CliContext, args: readonly (string | undefined)[]) => Promise<number>;
}

/** Options of every verb that connects to hosts. */
const connected = [group.hosts, group.connection, group.apiServer];
const remote = [...connected, group.output];
const ends = (kind: ResultKind): group.OptionGroup[] => [...connected, group.outputOf(kind)];
const changes = [group.waves, group.rollout];
const applying = [...changes, group.grace, group.cordon, group.backups];
const planning = [group.playbooks, group.edits];

export const verbs: readonly Verb[] = [
  initVerb,
  {
    name: 'audit',
    summary: 'Check kubelets against playbooks',
    options: [
      ...[group.playbooks, group.failOn, group.failOnConsumers, group.baseline, group.consumers],
      ...[group.hosts, shard, group.connection, group.apiServer],
      ...[group.outputOf('audit'), group.groupBy, group.showValues],
    ],
    changesNodes: false,
    examples: [
      { command: 'kubelatch audit', does: 'Check all hosts against the baseline playbook' },
      { command: 'kubelatch audit -p cis -l workers', does: 'Check one group against the CIS benchmark of each node' },
      { command: 'kubelatch audit --by host', does: 'Show the findings host by host' },
      { command: 'kubelatch audit --fail-on high -o json', does: 'Fail a pipeline on high or critical findings' },
      { command: 'kubelatch audit --baseline accepted.json', does: 'Report what changed since an accepted audit' },
      { command: 'kubelatch audit --shard 2/5 -o json', does: 'Check a fifth of the hosts; report merges all five' },
    ],
    run: async (cli) => (await import('./verbs/audit.js')).auditVerb(cli),
  },
  {
    name: 'plan',
    summary: 'Show the exact edits that apply would make',
    options: [
      ...[...planning, group.waves, group.savePlan, group.failOn, group.failOnConsumers, group.detailedExitcode],
      ...[group.consumers, ...ends('plan'), group.showValues],
    ],
    changesNodes: false,
    examples: [
      { command: 'kubelatch plan -l workers', does: 'Show edits and restarts for one group' },
      { command: 'kubelatch plan --out plan.json', does: 'Save the plan for review' },
      { command: 'kubelatch plan --detailed-exitcode', does: 'Exit 2 if any host would change' },
    ],
    run: async (cli) => (await import('./verbs/plan.js')).planVerb(cli),
  },
  {
    name: 'apply',
    summary: 'Harden the nodes in waves; revert unhealthy ones',
    details: 'A node also reverts on its own if kubelatch dies before the change is confirmed.',
    options: [
      ...[...planning, ...applying, maintenance, hooks, group.consent, group.verifyPlan],
      ...[group.consumers, group.stopForConsumers],
      ...[...ends('apply'), group.showValues],
    ],
    arguments: [{ name: '[plan]', summary: 'Apply this saved plan and nothing else' }],
    changesNodes: true,
    examples: [
      { command: 'kubelatch apply', does: 'Show the plan, ask, then roll it out' },
      { command: 'kubelatch apply plan.json', does: 'Apply exactly the plan that was reviewed' },
      { command: 'kubelatch apply --yes --waves 1,25%,100%', does: 'Run unattended, in three waves' },
      { command: 'kubelatch apply -l workers --drain', does: 'Drain each worker before it changes' },
      { command: 'kubelatch apply --until 05:00', does: 'Start only hosts that can finish by 05:00' },
    ],
    run: async (cli, [plan]) => (await import('./verbs/apply.js')).applyVerb(cli, plan),
  },
  ...lookingVerbs,
  {
    name: 'rollback',
    summary: 'Restore the files that a finished run changed',
    options: [...changes, maintenance, hooks, group.consent, ...ends('rollback')],
    arguments: [{ name: '[run]', summary: 'Roll back this run (default: the newest with backups)' }],
    changesNodes: true,
    examples: [
      { command: 'kubelatch rollback', does: 'Roll back the newest run' },
      { command: 'kubelatch rollback 20261123T050100Z-3fa4c1 -l n4', does: 'Roll back one run on one host' },
    ],
    run: async (cli, [run]) => (await import('./verbs/rollback.js')).rollbackVerb(cli, run),
  },
  {
    name: 'resume',
    summary: 'Finish an interrupted run, or continue a paused one',
    details: 'Undecided changes of an interrupted run are reverted.',
    options: [
      ...[group.playbooksOfRun, group.edits, ...applying, maintenance, hooks, group.consent],
      ...[group.consumers, group.stopForConsumers, ...ends('resume')],
    ],
    arguments: [{ name: '[run]', summary: 'Finish this run (default: the newest unfinished one)' }],
    changesNodes: true,
    examples: [
      { command: 'kubelatch resume', does: 'Finish the newest interrupted run' },
      { command: 'kubelatch resume 20261123T050100Z-3fa4c1', does: 'Finish this run' },
    ],
    run: async (cli, [run]) => (await import('./verbs/resume.js')).resumeVerb(cli, run),
  },
  {
    name: 'inventory',
    summary: 'Print the resolved hosts',
    options: [shard, ...ends('inventory')],
    changesNodes: false,
    examples: [
      { command: 'kubelatch inventory', does: 'List all hosts' },
      { command: "kubelatch inventory -l 'role:worker'", does: 'List the hosts that a pattern selects' },
      { command: 'kubelatch inventory check', does: 'Test the connection to each host' },
    ],
    run: async (cli) => (await import('./verbs/inventory.js')).inventoryVerb(cli),
  },
  {
    name: 'inventory check',
    summary: 'Test SSH, sudo and the API server',
    options: [shard, ...ends('inventory-check')],
    changesNodes: false,
    examples: [
      { command: 'kubelatch inventory check', does: 'Test all hosts' },
      {
        command: 'kubelatch inventory check --host-keys accept-new',
        does: 'Trust the SSH keys of new hosts on first use',
      },
    ],
    run: async (cli) => (await import('./verbs/inventory.js')).checkVerb(cli),
  },
  enrolVerb,
  {
    name: 'runs',
    summary: 'List past runs from this machine',
    options: [group.outputOf('runs')],
    changesNodes: false,
    examples: [
      { command: 'kubelatch runs', does: 'List past runs' },
      { command: 'kubelatch runs show 20261123T050100Z-3fa4c1', does: 'Show what one run did' },
    ],
    run: async (cli) => (await import('./verbs/runs.js')).runsVerb(cli),
  },
  {
    name: 'runs list',
    summary: 'List past runs from this machine',
    options: [group.outputOf('runs')],
    changesNodes: false,
    examples: [{ command: 'kubelatch runs list -o json', does: 'List past runs as JSON' }],
    run: async (cli) => (await import('./verbs/runs.js')).runsVerb(cli),
  },
  {
    name: 'runs show',
    summary: 'Show one run, step by step',
    options: [group.outputOf('run')],
    arguments: [
      {
        name: '<run>',
        summary: 'Show this run: its id, the beginning of it, or last',
        missing: 'to list the runs: kubelatch runs',
      },
    ],
    changesNodes: false,
    examples: [
      { command: 'kubelatch runs show last', does: 'Show what the newest run did' },
      { command: 'kubelatch runs show 20261123T0501', does: 'Show the run whose id begins so' },
    ],
    run: async (cli, [run = '']) => (await import('./verbs/runs.js')).showRunVerb(cli, run),
  },
  {
    name: 'runs backups',
    summary: 'List backups on the nodes, for rollback',
    options: ends('backups'),
    changesNodes: false,
    examples: [{ command: 'kubelatch runs backups -l workers', does: 'List the backups on one group' }],
    run: async (cli) => (await import('./verbs/backups.js')).backupsVerb(cli),
  },
  ...csrVerbs,
  {
    name: 'uninstall',
    summary: 'Remove kubelatch and its backups from the nodes',
    details: 'Hardened settings stay in place. Past runs can no longer be rolled back.',
    options: [windowOnly, hooks, group.consent, ...ends('uninstall')],
    changesNodes: true,
    examples: [{ command: 'kubelatch uninstall -l n4', does: 'Clean up one host before it leaves the cluster' }],
    run: async (cli) => (await import('./verbs/uninstall.js')).uninstallVerb(cli),
  },
  ...policyVerbs,
  ...localVerbs,
  {
    name: 'guided',
    summary: 'Audit, plan and apply step by step, with questions',
    options: [
      ...[...planning, ...applying, maintenance, hooks, group.consent, group.verifyPlan],
      ...[group.consumers, group.stopForConsumers, ...remote, group.showValues],
    ],
    changesNodes: true,
    hidden: true,
    examples: [],
    run: async (cli) => (await import('./verbs/guided.js')).guidedVerb(cli),
  },
];
