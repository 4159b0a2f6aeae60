/** What a plan leaves as it is, as text: each rule with its hosts, the reason and the next step. */
import type { UnfixedRule } from '../plan/unfixed-rules.js';
import { groupBy } from './group.js';
import { hostList } from './host-list.js';
import { type TextOptions, paragraph } from './layout.js';
import type { ShownHost } from './model.js';
import { line, severityOrder, severityPaint } from './words.js';

interface Placed {
  readonly host: string;
  readonly one: UnfixedRule;
}

/** `Stays failing (3)` and `Stays unknown (2)`: rules are counted, the worst come first. Hosts that were refused are not among them. */
export function unfixedSections(hosts: readonly ShownHost[], options: TextOptions): string[][] {
  const all = hosts.flatMap(({ host, unfixed = [], refused }): Placed[] =>
    refused === undefined ? unfixed.map((one) => ({ host, one })) : [],
  );
  return (['fail', 'unknown'] as const).map((status) =>
    section(
      status === 'fail' ? 'Stays failing' : 'Stays unknown',
      all.filter(({ one }) => one.status === status),
      options,
    ),
  );
}

function section(title: string, all: readonly Placed[], options: TextOptions): string[] {
  if (all.length === 0) return [];
  const rules = new Set(all.map(({ one }) => one.rule)).size;
  const groups = groupBy(all, ({ one }) => JSON.stringify([one.severity, one.rule, one.reason, one.hint]));
  const sorted = groups.toSorted(([left], [right]) => rankOf(left) - rankOf(right));
  return [options.style.bold(`${title} (${rules})`), ...sorted.flatMap((group) => ruleLines(group, options))];
}

const rankOf = (placed: Placed | undefined): number => severityOrder[placed?.one.severity ?? 'low'];

function ruleLines(group: readonly Placed[], { style, width }: TextOptions): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const { severity, rule, status, reason, hint } = first.one;
  const paint = status === 'fail' ? severityPaint(severity, style) : style.bold;
  const names = hostList([...new Set(group.map(({ host }) => host))]);
  return [
    ...paragraph('  ', `${severity}  ${line(rule)}: ${names}`, width).map(paint),
    ...paragraph('    ', line(reason, 600), width),
    ...paragraph('    next: ', line(hint, 600), width),
  ];
}
