/** docs/cli.md and man/kubelatch.1, made from the table of verbs. */
import { exitCodes, optionDescription, settings } from '../../src/cli/help.js';
import { type Verb, verbs } from '../../src/cli/verbs.js';

const shown = verbs.filter(({ hidden }) => hidden !== true);
const usage = ({ name, arguments: args = [] }: Verb): string =>
  ['kubelatch', name, ...args.map((one) => one.name), '[options]'].join(' ');

interface Section {
  readonly title: string;
  readonly rows: readonly { readonly flags: string; readonly does: string }[];
}

/** Groups of one title are one section. */
function sectionsOf({ options }: Verb): Section[] {
  const titles = [...new Set(options.map(({ title }) => title))];
  return titles.map((title) => ({
    title,
    rows: options
      .filter((group) => group.title === title)
      .flatMap((group) => group.options.map((one) => ({ flags: one.flags, does: optionDescription(one) }))),
  }));
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<');

function verbPage(verb: Verb): string[] {
  const { name, summary, details, examples, arguments: args = [] } = verb;
  return [
    ...[`## \`kubelatch ${name}\``, '', `${summary}.${details === undefined ? '' : ` ${details}`}`, ''],
    ...['```text', usage(verb), '```', ''],
    ...(args.length === 0 ? [] : [...args.map((one) => `- \`${one.name}\`: ${one.summary}`), '']),
    ...['```sh', ...examples.flatMap(({ command, does }) => [`# ${does}`, command]), '```', ''],
    ...sectionsOf(verb).flatMap(({ title, rows }) => [
      ...[`${title}:`, '', '| Flag | Meaning |', '| --- | --- |'],
      ...rows.map(({ flags, does }) => `| \`${flags.replaceAll('|', '\\|')}\` | ${cell(does)} |`),
      '',
    ]),
  ];
}

/** docs/cli.md, before it is formatted. */
export const cliDocument = (): string =>
  [
    ...[
      '# Command line',
      '',
      'This page is made from the table of verbs (`npm run reference`); so is the man page.',
      '',
    ],
    ...shown.map(({ name, summary }) => `- [\`${name}\`](#kubelatch-${name.replaceAll(' ', '-')}): ${summary}`),
    ...['', '```text', settings.trim(), exitCodes.trimEnd(), '```', ''],
    ...shown.flatMap(verbPage),
  ].join('\n');

/** roff takes a dot or a quote at the start of a line for a request, and backslashes and minus signs for its own. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', "'")
    .replace(/^([.'])/gm, '\\&$1');

/** man/kubelatch.1 */
export const manPage = (): string =>
  [
    '.TH KUBELATCH 1',
    '.SH NAME',
    roff('kubelatch - harden kubelets across a fleet over SSH, with automatic rollback'),
    '.SH SYNOPSIS',
    ...['.B kubelatch', roff('[verb] [options]')],
    '.SH VERBS',
    ...shown.flatMap((verb) => [
      ...[
        '.SS',
        roff(usage(verb)),
        `${roff(verb.summary)}.`,
        ...(verb.details === undefined ? [] : [roff(verb.details)]),
      ],
      ...(verb.arguments ?? []).flatMap((one) => ['.TP', `.B ${roff(one.name)}`, roff(one.summary)]),
      ...sectionsOf(verb).flatMap(({ rows }) =>
        rows.flatMap(({ flags, does }) => ['.TP', `.B ${roff(flags)}`, roff(does)]),
      ),
      ...verb.examples.flatMap(({ command, does }) => ['.P', `${roff(does)}:`, '.EX', roff(command), '.EE']),
    ]),
    ...[
      '.SH SETTINGS',
      '.EX',
      roff(settings.trim()),
      '.EE',
      '.SH EXIT STATUS',
      '.EX',
      roff(exitCodes.trim()),
      '.EE',
      '',
    ],
  ].join('\n');
