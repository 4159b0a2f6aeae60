/** What a rollback is about to undo, for the question: the run, its age, its files, and which weaknesses come back. */
import { groupBy } from './group.js';
import { hostList } from './host-list.js';
import { type TextOptions, count, paragraph } from './layout.js';
import { between } from './time.js';
import { line } from './words.js';

/** What one node keeps of the run. Every text in it is the node's. */
export interface UndoneHost {
  readonly host: string;
  /** Files that get back what they were before. */
  readonly restores: readonly string[];
  /** Files that the run created. */
  readonly removes: readonly string[];
  /** Rules that the run made pass. */
  readonly fixes: readonly string[];
}

export interface UndoneRun {
  readonly run: string;
  /** By the clock of the machine that started it; empty if no node tells. */
  readonly startedAt: string;
  readonly operator: string;
  readonly hosts: readonly UndoneHost[];
}

/** `now`: ISO 8601. Without a line feed at the end. */
export function undoText({ run, startedAt, operator, hosts }: UndoneRun, now: string, options: TextOptions): string {
  const { width, style } = options;
  const by = operator === '' ? '' : ` by ${line(operator, 80)}`;
  const title = `Run ${line(run)}, started ${ageText(between(startedAt, now))}${by}, changed ${count(hosts.length, 'host')}: ${hostList(hosts.map(({ host }) => host))}`;
  const none = 'no failing rule, as far as the nodes tell';
  return [
    ...paragraph('', title, width).map(style.bold),
    ...list(
      '  restores: ',
      hosts,
      ({ restores, removes }) => (restores.length > 0 || removes.length === 0 ? restores : undefined),
      'no files',
      width,
    ),
    ...list('  removes: ', hosts, ({ removes }) => (removes.length > 0 ? removes : undefined), '', width),
    ...list('  reopens: ', hosts, ({ fixes }) => fixes, none, width).map(style.red),
  ].join('\n');
}

/** Hosts with the same list share it; their names follow only where lists differ. A host whose list is undefined has no line. */
function list(
  label: string,
  hosts: readonly UndoneHost[],
  of: (host: UndoneHost) => readonly string[] | undefined,
  none: string,
  width: number,
): string[] {
  const told = hosts.flatMap((host) => {
    const items = of(host);
    return items === undefined ? [] : [{ name: host.host, items }];
  });
  return groupBy(told, ({ items }) => JSON.stringify(items)).flatMap((group) => {
    const items = group[0]?.items.map((item) => line(item, 200)) ?? [];
    const where = group.length === hosts.length ? '' : ` (${hostList(group.map(({ name }) => name))})`;
    return paragraph(label, `${items.length === 0 ? none : items.join(', ')}${where}`, width);
  });
}

/** `3 days ago`. */
function ageText(ms: number | undefined): string {
  if (ms === undefined || ms < 0) return 'at an unknown time';
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute ago';
  if (minutes < 120) return `${count(minutes, 'minute')} ago`;
  return minutes < 2880
    ? `${count(Math.floor(minutes / 60), 'hour')} ago`
    : `${count(Math.floor(minutes / 1440), 'day')} ago`;
}
