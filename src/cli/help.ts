/** How help looks: options in sections, examples, exit codes. All of it fits 80 columns. */
import type { Command, HelpConfiguration, Option } from 'commander';
import type { Example } from './verbs.js';

const overview: readonly Example[] = [
  { command: 'kubelatch', does: 'Start the guided mode (on a terminal)' },
  { command: 'kubelatch audit', does: 'Find weak settings and where they come from' },
  { command: 'kubelatch plan -p cis-1.12 -l workers', does: 'Show the exact edits for one group' },
  { command: 'kubelatch apply --yes', does: 'Harden all hosts in waves, without a prompt' },
  { command: 'kubelatch rollback', does: 'Roll back the newest run' },
];

export const settings = `
Settings:
  Most flags can also be set by a variable (KUBELATCH_FORKS=8 for --forks 8), or
  in ~/.config/kubelatch/config.yaml (forks: 8). ./kubelatch.yaml can set those
  that are safe even if somebody else wrote it. Flags win over variables,
  variables over ./kubelatch.yaml, and that over config.yaml.
`;

export const exitCodes = `
Exit codes:
  0    Success (audit and plan also return 0 when rules fail)
  1    Error in kubelatch or on at least one host
  2    Rules fail or changes are pending, if a flag such as --fail-on asks
  3    Some hosts were not checked: unreachable or unreadable
  4    Rollout stopped or paused, or hosts were reverted and are healthy
  5    A host could not be reverted or its state is unknown: look now
  64   Invalid command line, inventory or playbook
  129  Interrupted by SIGHUP
  130  Interrupted by SIGINT (Ctrl-C)
  143  Interrupted by SIGTERM`;

const exampleText = (examples: readonly Example[]): string =>
  ['Examples:', ...examples.flatMap(({ command, does }) => [`  # ${does}`, `  ${command}`])].join('\n');

export const programHelp = `\n${exampleText(overview)}\n${settings}${exitCodes}`;

export const verbHelp = (examples: readonly Example[]): string =>
  `${examples.length === 0 ? '' : `\n${exampleText(examples)}\n`}\nSettings and exit codes: kubelatch --help`;

export const layout = (columns: number | undefined): HelpConfiguration => ({
  helpWidth: Math.min(columns === undefined || columns === 0 ? 80 : columns, 100),
  subcommandTerm,
  optionDescription,
});

/** `apply [plan]`; that it takes options goes without saying. */
const subcommandTerm = (command: Command): string =>
  [
    command.name(),
    ...command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`)),
  ].join(' ');

/** Choices and default; that each has a variable is said once, for all of them. */
export function optionDescription({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const isOff = defaultValue === undefined || typeof defaultValue === 'boolean' || defaultValue === 0;
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(isOff ? [] : [`default: ${defaultValueDescription ?? String(defaultValue)}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}
