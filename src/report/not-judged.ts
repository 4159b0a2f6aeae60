/** Hosts that nothing is known of, grouped by why, each with what to do next. */
import { groupBy, skeleton } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, paragraph } from './layout.js';
import type { AuditResult, HostAudit, PlanResult } from './model.js';
import { line } from './words.js';

/** Lines; none where every host was judged. With `wide` each host has its own. */
export function notJudgedText(hosts: readonly HostAudit[], { style, width, wide }: TextOptions): string[] {
  const missing = hosts.filter(({ status }) => status !== 'judged');
  if (missing.length === 0) return [];
  const groups = groupBy(missing, ({ name, status, error }) =>
    wide === true ? name : JSON.stringify([status, error?.kind, skeleton(error?.message ?? '', name)]),
  );
  const lines = groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { status, error } = first;
    const names = hostList(group.map(({ name }) => name));
    return [
      ...paragraph(`! ${status}: `, names, width).map(style.yellow),
      ...paragraph('    ', alike(line(error?.message ?? 'no reason is known'), group.length, first.name), width),
      ...(error === undefined || error.hint === '' ? [] : paragraph('    hint: ', line(error.hint), width)),
    ];
  });
  return [style.bold('Not judged'), ...lines];
}

/** What could not be asked: on any host, and on some that were judged. */
export function notesText({ notes: common, hosts }: Noted, { style, width, wide }: TextOptions): string[] {
  const notes = hosts.flatMap(({ name, notes: own }) => own.map((note) => ({ name, note })));
  if (common.length + notes.length === 0) return [];
  const lines = groupBy(notes, ({ note }) => note).flatMap((group) => {
    const names = group.map(({ name }) => name);
    const text = `${wide === true ? compress(names).join(',') : hostList(names)}: ${line(group[0]?.note ?? '')}`;
    return paragraph('  ', text, width);
  });
  return [style.bold('Notes'), ...common.flatMap((note) => paragraph('  ', line(note), width)), ...lines];
}

type Noted = Pick<AuditResult | PlanResult, 'notes' | 'hosts'>;

/** The first message of a group whose others differ in names and numbers only. */
export const alike = (message: string, size: number, host: string): string =>
  size === 1 ? message : `${message} (this is ${line(host)}; ${size - 1} more like it)`;
