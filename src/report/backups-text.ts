/** What nodes keep of past runs, for a person and as JSON. */
import { groupBy } from './group.js';
import { compress, hostList } from './host-list.js';
import { plainJson } from './json.js';
import { type TextOptions, count, paragraph } from './layout.js';
import type { HostError } from './model.js';
import { type Column, table } from './table.js';
import { line } from './words.js';

export interface Backup {
  readonly run: string;
  readonly state: string;
  /** ISO 8601, the clock of the machine that began it; empty where the node's record cannot be read. */
  readonly startedAt: string;
  readonly operator: string;
  readonly files: readonly string[];
  /** Who ended it and when, by the node's clock. */
  readonly verdict: string;
  /** On the node's disk; undefined where it does not say. */
  readonly bytes: number | undefined;
}

export interface HostBackups {
  readonly name: string;
  readonly error?: HostError | undefined;
  /** Newest first. */
  readonly backups: readonly Backup[];
}

/** The newest run first; hosts alike share a row, but with `wide`. Ends with a line feed. */
export function backupsText(hosts: readonly HostBackups[], options: TextOptions): string {
  const wide = options.wide === true;
  const width = wide ? Infinity : options.width;
  const all = hosts.flatMap(({ name, backups }) => backups.map((backup) => ({ name, backup })));
  const groups = groupBy(all, ({ name, backup: { run, state } }) => JSON.stringify([run, state, wide ? name : '']));
  const rows = groups
    .toSorted(([a], [b]) => (b?.backup.run ?? '').localeCompare(a?.backup.run ?? ''))
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { run, state, startedAt, operator, files, verdict, bytes } = first.backup;
      const names = group.map(({ name }) => name);
      const cells = [run, state, moment(startedAt), operator, wide ? compress(names).join(',') : hostList(names)];
      return [{ cells: (wide ? [...cells, size(bytes), files.join(' '), verdict] : cells).map((cell) => line(cell)) }];
    });
  const columns: Column[] = [
    { header: 'RUN', overflow: 'keep' },
    { header: 'STATE', overflow: 'keep' },
    { header: 'BEGAN (UTC)', overflow: 'keep' },
    { header: 'BY' },
    { header: 'HOSTS', overflow: 'wrap' },
    ...(wide ? [{ header: 'SIZE' }, { header: 'FILES' }, { header: 'ENDED' }] : []),
  ];
  const empty = hosts.filter(({ error, backups }) => error === undefined && backups.length === 0);
  const unasked = hosts.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, error }]));
  const lines = [
    ...table(columns, rows, width),
    ...(empty.length === 0 ? [] : paragraph('Nothing is kept on: ', hostList(empty.map(({ name }) => name)), width)),
    ...unasked.flatMap(({ name, error }) => [
      ...paragraph('! ', `${line(name)}: ${line(error.message)}`, width).map(options.style.yellow),
      ...paragraph('    hint: ', line(error.hint), width),
    ]),
    summary(hosts, groups.length === 0 ? 0 : new Set(all.map(({ backup }) => backup.run)).size),
  ];
  return `${lines.join('\n')}\n`;
}

function summary(hosts: readonly HostBackups[], runs: number): string {
  const asked = hosts.filter(({ error }) => error === undefined).length;
  const missing = hosts.length - asked;
  const not = missing === 0 ? '' : `, ${missing} not`;
  const known = hosts.flatMap(({ backups }) => backups.flatMap(({ bytes }) => bytes ?? []));
  const all = known.length === 0 ? '' : `, ${size(known.reduce((sum, bytes) => sum + bytes, 0))}`;
  return `Backups: ${count(runs, 'run')}${all}; ${count(asked, 'host')} asked${not}`;
}

/** `512 B`, `36 KiB`, `1.5 MiB`; a dash where it is not known. */
function size(bytes: number | undefined): string {
  if (bytes === undefined) return '-';
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const unit = units.findLastIndex((_, power) => power === 0 || bytes >= 1024 ** power);
  const number = bytes / 1024 ** unit;
  return `${unit === 0 || number >= 10 ? Math.round(number) : number.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `2026-11-23 05:01:02`; a dash for what is no time. */
function moment(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : '-';
}

/** One object; with `eachLine` one a host. Ends with a line feed. */
export function backupsJson(
  about: { readonly version: string; readonly cluster: string },
  hosts: readonly HostBackups[],
  eachLine: boolean,
): string {
  const trees = hosts.map(({ name, error, backups }) => ({
    name,
    status: error === undefined ? 'read' : error.kind === 'script' ? 'unreadable' : 'unreachable',
    ...(error === undefined ? {} : { error: { kind: error.kind, message: line(error.message), hint: error.hint } }),
    backups,
  }));
  if (eachLine) return trees.map((tree) => `${plainJson({ event: 'host-backups', ...tree })}\n`).join('');
  return `${plainJson({ schemaVersion: 1, tool: 'kubelatch', ...about, kind: 'backups', hosts: trees }, 2)}\n`;
}
