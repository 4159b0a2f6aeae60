/** Markdown that text of a node cannot leave: it stands in code spans and fences, where nothing is a link, a mention or HTML. */
import { type SafeText, joinSafe, safeField, safeForm, safeText } from '../lib/output.js';

/** Longer than every run of backticks in the text. */
function fenceFor(text: string, least: number): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return '`'.repeat(Math.max(least, longest + 1));
}

/** A code span, also in a cell of a table; empty for an empty text. */
export const code = (text: string): SafeText =>
  safeField(text, (plain) => {
    if (plain === '') return '';
    const fence = fenceFor(plain, 1);
    const pad = plain.startsWith('`') || plain.endsWith('`') ? ' ' : '';
    // After a backslash, a table would take the escaped bar for the end of the cell.
    const barred = plain.replace(/\\(?=\|)/g, '\\ ').replaceAll('|', '\\|');
    return `${fence}${pad}${barred}${pad}${fence}`;
  });

/** Prose of a playbook or of this program: shown as it is written. */
export const prose = (text: string): SafeText =>
  safeField(text, (plain) =>
    plain
      .replace(/[\\`*_{}[\]()#+!|<>~&@]/g, '\\$&')
      .replace(/:\/\//g, ':&#8203;//')
      .replace(/www\./gi, 'www&#46;'),
  );

/** Several lines as a block of code, such as a diff. */
export function block(text: string, language: 'diff' | 'text'): SafeText {
  const fence = safeText(fenceFor(text, 3));
  const lines = text.replace(/\n$/, '').split('\n');
  const content = joinSafe(
    lines.map((one) => safeText(one)),
    '\n',
  );
  return safeForm`${fence}${safeText(language)}\n${content}\n${fence}\n`;
}

/** `cells` are Markdown already. */
export function tableText(columns: readonly string[], rows: readonly (readonly SafeText[])[]): SafeText {
  const row = (cells: readonly SafeText[]): SafeText => safeForm`| ${joinSafe(cells, ' | ')} |\n`;
  return joinSafe([
    row(columns.map((one) => prose(one))),
    row(columns.map(() => safeText('---'))),
    ...rows.map((cells) => row(cells)),
  ]);
}

export const items = (texts: readonly SafeText[]): SafeText => joinSafe(texts.map((text) => safeForm`- ${text}\n`));

/** Sections below headings; one without content is left out. */
export const section = (title: string, content: SafeText): readonly SafeText[] =>
  content === '' ? [] : [safeForm`## ${prose(title)}\n\n${content}`];
