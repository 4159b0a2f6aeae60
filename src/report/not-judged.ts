/** Hosts that could not be judged, grouped by reason, with a hint. */
import { groupBy, messagePattern } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, paragraph } from './layout.js';
import type { AuditResult, HostAudit, PlanResult, ShownHost } from './model.js';
import type { VerifyResult } from './verify-model.js';
import { line } from './words.js';

/** The lines of the section; empty if every host was judged. With `wide`, one entry per host. */
export function notJudgedText(
  hosts: readonly Omit<HostAudit, 'findings'>[],
  { style, width, wide }: TextOptions,
): string[] {
  const missing = hosts.filter(({ status }) => status !== 'judged');
  if (missing.length === 0) return [];
  const groups = groupBy(missing, ({ host, status, error }) =>
    wide === true ? host : JSON.stringify([status, error?.kind, messagePattern(error?.message ?? '', host)]),
  );
  const lines = groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { status, error } = first;
    const names = hostList(group.map(({ host }) => host));
    return [
      ...paragraph(`! ${status}: `, names, width).map(style.yellow),
      ...paragraph('    ', withSimilarCount(line(error?.message ?? 'unknown reason'), group.length, first.host), width),
      ...(error === undefined || error.hint === '' ? [] : paragraph('    hint: ', line(error.hint), width)),
    ];
  });
  return [style.bold('Not judged'), ...lines];
}

/** Notes about all hosts, then notes about single hosts. */
export function notesText({ notes: common, hosts }: ResultWithNotes, { style, width, wide }: TextOptions): string[] {
  const notes = hosts.flatMap(({ host, notes: own }) => own.map((note) => ({ host, note })));
  if (common.length + notes.length === 0) return [];
  const lines = groupBy(notes, ({ note }) => note).flatMap((group) => {
    const names = group.map(({ host }) => host);
    const text = `${wide === true ? compress(names).join(',') : hostList(names)}: ${line(group[0]?.note ?? '')}`;
    return paragraph('  ', text, width);
  });
  return [style.bold('Notes'), ...common.flatMap((note) => paragraph('  ', line(note), width)), ...lines];
}

type ResultWithNotes = Pick<AuditResult | VerifyResult | PlanResult<ShownHost>, 'notes' | 'hosts'>;

/** The message of the first host in a group of `size` hosts; the others differ only in names and numbers. */
export const withSimilarCount = (message: string, size: number, host: string): string =>
  size === 1 ? message : `${message} (${line(host)} and ${size - 1} more)`;
