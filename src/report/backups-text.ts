/** The backups on the nodes, as text. */
import { groupBy } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, count, paragraph } from './layout.js';
import type { HostBackups } from './model.js';
import { type Column, table } from './table.js';
import { line } from './words.js';

/** Newest run first. Hosts with the same run and state share a row unless `wide` is set. Ends with a line feed. */
export function backupsText(hosts: readonly HostBackups[], options: TextOptions): string {
  const wide = options.wide === true;
  const width = wide ? Infinity : options.width;
  const all = hosts.flatMap(({ host, backups }) => backups.map((backup) => ({ host, backup })));
  const groups = groupBy(all, ({ host, backup: { run, state } }) => JSON.stringify([run, state, wide ? host : '']));
  const rows = groups
    .toSorted(([a], [b]) => (b?.backup.run ?? '').localeCompare(a?.backup.run ?? ''))
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { run, state, startedAt, operator, files, verdict, bytes } = first.backup;
      const names = group.map(({ host }) => host);
      const cells = [run, state, moment(startedAt), operator, wide ? compress(names).join(',') : hostList(names)];
      return [{ cells: (wide ? [...cells, size(bytes), files.join(' '), verdict] : cells).map((cell) => line(cell)) }];
    });
  const columns: Column[] = [
    { header: 'RUN', overflow: 'keep' },
    { header: 'STATE', overflow: 'keep' },
    { header: 'STARTED (UTC)', overflow: 'keep' },
    { header: 'BY' },
    { header: 'HOSTS', overflow: 'wrap' },
    ...(wide ? [{ header: 'SIZE' }, { header: 'FILES' }, { header: 'ENDED' }] : []),
  ];
  const empty = hosts.filter(({ error, backups }) => error === undefined && backups.length === 0);
  const unanswered = hosts.flatMap(({ host, error }) => (error === undefined ? [] : [{ host, error }]));
  const lines = [
    ...table(columns, rows, width),
    ...(empty.length === 0 ? [] : paragraph('No backups on: ', hostList(empty.map(({ host }) => host)), width)),
    ...unanswered.flatMap(({ host, error }) => [
      ...paragraph('! ', `${line(host)}: ${line(error.message)}`, width).map(options.style.yellow),
      ...paragraph('    hint: ', line(error.hint), width),
    ]),
    ...paragraph('', summary(hosts, new Set(all.map(({ backup }) => backup.run)).size), width),
  ];
  return `${lines.join('\n')}\n`;
}

function summary(hosts: readonly HostBackups[], runs: number): string {
  const asked = hosts.filter(({ error }) => error === undefined).length;
  const missing = hosts.length - asked;
  const unread = missing === 0 ? '' : `, ${missing} not`;
  const known = hosts.flatMap(({ backups }) => backups.flatMap(({ bytes }) => bytes ?? []));
  const all = known.length === 0 ? '' : `, ${size(known.reduce((sum, bytes) => sum + bytes, 0))}`;
  return `Backups: ${count(runs, 'run')}${all}; ${count(asked, 'host')} read${unread}`;
}

/** `512 B`, `36 KiB`, `1.5 MiB`; a dash if unknown. */
function size(bytes: number | undefined): string {
  if (bytes === undefined) return '-';
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const unit = units.findLastIndex((_, power) => power === 0 || bytes >= 1024 ** power);
  const number = bytes / 1024 ** unit;
  return `${unit === 0 || number >= 10 ? Math.round(number) : number.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `2026-11-23 05:01`; a dash if the text is not a time. */
function moment(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 16).replace('T', ' ') : '-';
}
