/** The rows of the table of verbs for what connects to nothing. */
import * as group from './option-groups.js';
import type { Verb } from './verbs.js';

export const localVerbs: readonly Verb[] = [
  {
    name: 'report',
    summary: 'Write saved results in another format, several as one',
    details:
      'It connects to no node. If several results of one kind have the same host, the newest result counts; ' +
      'stderr and the notes name what that leaves out.',
    options: [group.failOn, group.everyOutput],
    arguments: [
      {
        name: '<run|file...>',
        summary: 'Runs by id, or last for the newest; files that -o json wrote; - is stdin',
        missing: 'to list the runs: kubelatch runs',
      },
    ],
    changesNodes: false,
    examples: [
      { command: 'kubelatch report audit.json -o sarif', does: 'Write an audit for code scanning' },
      { command: 'kubelatch report a.json b.json -o json', does: 'Merge the audits of two shards' },
    ],
    run: async (cli, names) =>
      (await import('./verbs/report.js')).reportVerb(
        cli,
        names.filter((one) => one !== undefined),
      ),
  },
  {
    name: 'explain',
    summary: 'Explain a rule: what, why and what may break',
    details: 'To list the rules: kubelatch rules',
    options: [group.morePlaybooks, group.output],
    arguments: [
      {
        name: '<rule>',
        summary: 'Explain the rule with this id, CIS control or STIG id',
        missing: 'to list the rules: kubelatch rules',
      },
    ],
    changesNodes: false,
    examples: [
      { command: 'kubelatch explain anonymous-auth', does: 'Explain one rule' },
      { command: 'kubelatch explain 4.2.1', does: 'Explain the rule of a CIS control' },
      { command: 'kubelatch explain tls-versions', does: 'Explain a check of verify' },
    ],
    run: async (cli, [rule = '']) => (await import('./verbs/explain.js')).explainVerb(cli, rule),
  },
  {
    name: 'rules',
    summary: 'List playbooks and rules',
    details: 'Without -p: the built-in playbooks, and the rules that are judged with every playbook.',
    options: [group.listedPlaybooks, group.outputOf('rules')],
    changesNodes: false,
    examples: [
      { command: 'kubelatch rules', does: 'List all rules with their playbooks and control ids' },
      { command: 'kubelatch rules -p stig -o csv', does: 'List the rules of one playbook for a spreadsheet' },
    ],
    run: async (cli) => (await import('./verbs/rules.js')).rulesVerb(cli),
  },
  {
    name: 'node-helper',
    summary: 'Print a helper program that restricts sudo on nodes',
    details: 'With it, sudo on a node allows this one program instead of any shell command.',
    options: [group.nodeHelper, group.fileOutput],
    changesNodes: false,
    examples: [{ command: 'kubelatch node-helper --user deploy', does: 'Print the program for the login user deploy' }],
    run: async (cli) => (await import('./verbs/sudo-program.js')).nodeHelperVerb(cli),
  },
  {
    name: 'completion',
    summary: 'Print a script that completes commands in your shell',
    details: 'It completes verbs, flags, hosts, groups, rules and runs, and never connects to anything.',
    options: [],
    arguments: [{ name: '<shell>', summary: 'bash, zsh or fish' }],
    changesNodes: false,
    examples: [
      { command: 'kubelatch completion bash', does: 'In ~/.bashrc: source <(kubelatch completion bash)' },
      { command: 'kubelatch completion zsh', does: 'In ~/.zshrc, after compinit: source <(kubelatch completion zsh)' },
      { command: 'kubelatch completion fish', does: 'In config.fish: kubelatch completion fish | source' },
    ],
    run: async (cli, [shell = '']) => (await import('./verbs/completion.js')).completionVerb(cli, shell),
  },
];
