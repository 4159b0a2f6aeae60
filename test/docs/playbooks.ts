/** docs/playbooks.md, made from the built-in playbooks. */
import { builtinNames } from '../../src/playbook/builtin.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import { ownRules } from '../../src/playbook/own-rules.js';
import type { Playbook, Rule } from '../../src/playbook/schema.js';
import { ruleWant } from '../../src/playbook/want.js';

const head = `# Playbooks and their rules

This page lists the built-in playbooks and their rules. \`npm run reference\` makes it from the files in
[playbooks](../playbooks). Choose a playbook with \`-p NAME\`. \`-p cis\` uses, for each node, the CIS playbook that fits it.
\`--rule ID\` uses only this rule; you can repeat it. \`kubelatch explain RULE\` says why a rule exists. To write your own
playbook, see [playbooks/README.md](../playbooks/README.md).

**May break** says what may stop working. kubelatch looks for clients that would break before it changes anything
([who breaks](consumers.md)). "Audit only" means that kubelatch reports the rule but never changes the setting, because
the right value depends on your cluster. \`kubelatch rules -p tls\` lists the rules of one playbook:

![Output of kubelatch rules -p tls: its rules with their control ids](images/rules.svg)`;

const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '\\<').replaceAll('*', '\\*').replace(/\s+/g, ' ').trim();
const anchor = (id: string): string => `#${id.replaceAll('.', '')}`;

function audience({ appliesTo }: Playbook): string {
  const distros = appliesTo?.distros === undefined ? '' : `For nodes of ${appliesTo.distros.join(' and ')}`;
  const versions = appliesTo?.versions === undefined ? '' : `Kubernetes \`${appliesTo.versions}\``;
  const both = [distros, versions].filter((one) => one !== '').join(', ');
  return both === '' ? 'For all nodes.' : `${both.startsWith('For') ? both : `For ${both}`}.`;
}

const bookPage = (book: Playbook): string[] => [
  ...[`### \`${book.name}\`: ${book.title}`, '', cell(book.description), '', audience(book), ''],
  ...book.rules.map(({ id, title }) => `- [\`${id}\`](${anchor(id)}): ${cell(title)}`),
  '',
];

/** What apply does about it. */
function writes(rule: Rule): string {
  if (rule.kind === 'manual') return `Audit only. Look by hand: ${cell(rule.look)}`;
  if (rule.kind === 'network') return 'Writes a filter on the node.';
  if (rule.kind === 'file') return rule.fix ? 'Sets mode and owner.' : 'Audit only.';
  return rule.set === undefined ? 'Audit only.' : `Writes \`${JSON.stringify(rule.set)}\`.`;
}

function place(rule: Rule): string {
  if (rule.kind === 'setting') return `\`${rule.setting}\` must be`;
  return rule.kind === 'file' ? `The file \`${rule.file.path}\` must be` : 'Wanted:';
}

function rulePage(rule: Rule, books: readonly string[]): string[] {
  const { id, title, severity, mayBreak, skip } = rule;
  return [
    ...[
      `### ${id}`,
      '',
      `${cell(title)}. Severity: ${severity}. In ${books.map((one) => `\`${one}\``).join(', ')}.`,
      '',
    ],
    `- ${place(rule)} ${cell(ruleWant(rule).wantText)}. ${writes(rule)}`,
    `- May break: ${mayBreak === undefined ? 'nothing that is known.' : cell(mayBreak)}`,
    ...Object.entries(skip).map(([distro, why]) => `- Not on ${distro}: ${cell(why)}.`),
    '',
  ];
}

/** docs/playbooks.md, before it is formatted. */
export async function playbooksDocument(): Promise<string> {
  const books = await Promise.all((await builtinNames()).map((name) => loadPlaybook(name)));
  const rules = new Map<string, { readonly rule: Rule; readonly books: string[] }>();
  for (const { name, rules: own } of books)
    for (const rule of own) {
      const known = rules.get(rule.id) ?? { rule, books: [] };
      rules.set(rule.id, { ...known, books: [...known.books, name] });
    }
  return [
    ...[head, '', '## Playbooks', '', ...books.flatMap(bookPage)],
    ...['## Rules', '', ...[...rules.values()].flatMap(({ rule, books: names }) => rulePage(rule, names))],
    ...[
      '## With every playbook',
      '',
      'No playbook holds these rules: kubelatch judges hosts and the cluster by them in any case.',
      '',
    ],
    ...Object.entries(ownRules).map(([id, { title, severity }]) => `- \`${id}\` (${severity}): ${cell(title)}`),
    '',
  ].join('\n');
}
