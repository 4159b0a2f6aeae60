import { describe, expect, it } from 'vitest';
import { backupsText } from '../../src/report/backups-text.js';
import { formatted } from '../../src/report/formats.js';
import type { HostBackups, Uninstalled } from '../../src/report/model.js';
import { plainStyle } from '../../src/report/style.js';
import { uninstallCode, uninstallText } from '../../src/report/uninstall-text.js';

const options = { width: 90, style: plainStyle };
const about = { schemaVersion: 1, tool: 'kubelatch', version: '1.0.0', cluster: 'lab' } as const;
const how = { text: options, time: '2026-11-23T05:01:02Z' };

describe('backups', () => {
  const backup = (run: string, state: string, operator = 'ann@desk'): HostBackups['backups'][number] => {
    const [files, bytes] = [['/a', '/b'], run === 'r1' ? 40_960 : 1_600_000];
    return { run, state, startedAt: '2026-11-23T05:01:02.345Z', operator, files, verdict: 'put back', bytes };
  };
  const hosts: HostBackups[] = [
    { host: 'n1', backups: [backup('r2', 'reverted'), backup('r1', 'confirmed')] },
    { host: 'n2', backups: [backup('r1', 'confirmed', 'ann\u001b[2J@desk')] },
    { host: 'n3', backups: [] },
    { host: 'n4', error: { kind: 'timeout', message: 'no answer', hint: 'is it up?' }, backups: [] },
  ];

  it('are told newest first, hosts alike together, those not asked with what to do', () => {
    expect(backupsText(hosts, options).split('\n')).toEqual([
      'RUN  STATE      STARTED (UTC)     BY        HOSTS',
      'r2   reverted   2026-11-23 05:01  ann@desk  n1',
      'r1   confirmed  2026-11-23 05:01  ann@desk  n1,n2',
      'No backups on: n3',
      '! n4: no answer',
      '    hint: is it up?',
      'Backups: 2 runs, 1.6 MiB; 3 hosts read, 1 not',
      '',
    ]);
  });

  it('have a row a host, with files and verdicts, when there is room', () => {
    const wide = backupsText(hosts, { ...options, wide: true }).split('\n');
    expect(wide.slice(1, 4).map((row) => row.split(/ {2,}/))).toEqual([
      ['r2', 'reverted', '2026-11-23 05:01', 'ann@desk', 'n1', '1.5 MiB', '/a /b', 'put back'],
      ['r1', 'confirmed', '2026-11-23 05:01', 'ann@desk', 'n1', '40 KiB', '/a /b', 'put back'],
      ['r1', 'confirmed', '2026-11-23 05:01', 'ann@desk', 'n2', '40 KiB', '/a /b', 'put back'],
    ]);
  });

  it('are told as JSON with what could not be asked', () => {
    const result = { ...about, kind: 'backups', hosts } as const;
    const tree = JSON.parse(formatted('json', result, how)) as { kind: string; hosts: { status: string }[] };
    expect(tree).toMatchObject({ schemaVersion: 1, kind: 'backups', cluster: 'lab' });
    expect(tree.hosts.map(({ status }) => status)).toEqual(['read', 'read', 'read', 'unreachable']);
    expect(tree.hosts[0]).toMatchObject({ host: 'n1', backups: [{ run: 'r2', files: ['/a', '/b'] }, { run: 'r1' }] });
    expect(formatted('ndjson', result, how).trimEnd().split('\n')).toHaveLength(5);
  });
});

describe('an uninstall', () => {
  const host = (name: string, outcome: Uninstalled['outcome'], over: Partial<Uninstalled> = {}): Uninstalled => {
    return { host: name, outcome, backupCount: 0, ...over };
  };
  const trouble = { reason: 'bob holds this node', hint: 'wait for it' };
  const hosts = [
    host('n1', 'removed', { backupCount: 3 }),
    host('n2', 'nothing'),
    host('n3', 'refused', trouble),
    host('n4', 'unreachable', { reason: 'no answer\u001b[2J' }),
  ];

  const run = { id: 'r3', kind: 'uninstall' } as const;

  it('has one line per host, and names the run where hosts are left over', () => {
    expect(uninstallText({ run, hosts }, options).split('\n')).toEqual([
      '+ n1: removed, including the backups of 3 runs',
      '+ n2: nothing to remove',
      '! n3: refused: bob holds this node',
      '    hint: wait for it',
      '! n4: unreachable: no answer',
      'Hardened settings stay in place, in the files that kubelatch wrote too. Comments in them',
      'that mention kubelatch rollback no longer hold: the backups are gone.',
      'To see each step: kubelatch runs show r3',
      'Uninstall: 1 removed, 1 with nothing to remove, 1 refused, 1 unreachable',
      '',
    ]);
    const end = (result: Parameters<typeof uninstallText>[0]): string[] => uninstallText(result, options).split('\n');
    expect(end({ run, hosts: hosts.slice(0, 2) })).toHaveLength(6);
    expect(end({ run: undefined, hosts })).not.toContainEqual(expect.stringContaining('runs show'));
  });

  it('is JSON', () => {
    const times = { startedAt: '2026-11-23T05:01:02Z', finishedAt: '2026-11-23T05:01:12Z' };
    expect(JSON.parse(formatted('json', { ...about, ...times, kind: 'uninstall', run, hosts }, how))).toMatchObject({
      schemaVersion: 1,
      kind: 'uninstall',
      run,
      ...times,
      hosts: [{ host: 'n1', outcome: 'removed', backupCount: 3 }, {}, { outcome: 'refused', ...trouble }, {}],
      summary: { removed: 1, nothing: 1, refused: 1, failed: 0, unreachable: 1, skipped: 0 },
    });
  });

  it.each<[Uninstalled['outcome'][], number]>([
    [['removed', 'nothing'], 0],
    [['removed', 'unreachable'], 3],
    [['refused', 'unreachable'], 1],
    [['failed'], 1],
    [['skipped', 'removed'], 4],
    [[], 0],
  ])('%j is worth %d', (outcomes, code) => {
    expect(uninstallCode(outcomes.map((outcome) => host('n', outcome)))).toBe(code);
  });
});
