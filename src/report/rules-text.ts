/** The list of playbooks and rules as text, and as rows for CSV and Markdown. */
import type { References } from '../playbook/schema.js';
import { type TextOptions, paragraph, sectionsText } from './layout.js';
import { controlsOf } from './judged-row.js';
import type { ListedRule, RulesResult } from './rules-model.js';
import type { Sheet } from './sheet.js';
import { type Row, table } from './table.js';
import { line } from './words.js';

/** Ends with a line feed. */
export function rulesText({ playbooks, rules }: RulesResult, { width, wide, style }: TextOptions): string {
  const columns = wide === true ? Infinity : width;
  const books = table(
    [{ header: 'PLAYBOOK', overflow: 'keep' }, { header: 'RULES', overflow: 'keep' }, { header: 'TITLE' }],
    playbooks.map(({ name, title, rules: number }) => ({ cells: [line(name), String(number), line(title)] })),
    columns,
  );
  const rows = rules.map((rule): Row => ({
    cells: [line(rule.id), rule.severity, playbooksText(rule)],
    below: [
      ...paragraph('    ', line(rule.title), columns),
      ...(controlsText(rule.references) === ''
        ? []
        : paragraph('    controls: ', controlsText(rule.references), columns).map(style.dim)),
    ],
  }));
  const list = table(
    [
      { header: 'RULE', overflow: 'keep' },
      { header: 'SEVERITY', overflow: 'keep' },
      { header: 'PLAYBOOKS', overflow: 'wrap' },
    ],
    rows,
    columns,
  );
  return sectionsText([books, list]);
}

const playbooksText = ({ kind, playbooks }: ListedRule): string =>
  kind === 'built-in' ? 'all (built-in)' : playbooks.map((one) => line(one)).join(', ');

/** `4.2.1 (cis-1.11, cis-1.12), V-242391`: the benchmarks that number a control alike share it. */
function controlsText({ cis, stig }: References): string {
  const byId = new Map<string, string[]>();
  for (const [benchmark, id] of Object.entries(cis)) byId.set(id, [...(byId.get(id) ?? []), benchmark]);
  const controls = [...byId].map(([id, names]) => `${line(id)} (${names.map((one) => line(one)).join(', ')})`);
  return [...controls, ...stig.map((one) => line(one))].join(', ');
}

/** A row for each rule. */
export function rulesSheet({ rules }: RulesResult): Sheet {
  const columns = ['rule', 'severity', 'title', 'kind', 'playbooks', 'controls'];
  const rows = rules.map(({ id, severity, title, kind, playbooks, references }) => [
    ...[line(id), severity, line(title), kind, playbooks.map((one) => line(one)).join('; ')],
    controlsOf(references)
      .map((one) => line(one))
      .join('; '),
  ]);
  return { columns, rows };
}
