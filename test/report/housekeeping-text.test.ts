import { describe, expect, it } from 'vitest';
import { type HostBackups, backupsJson, backupsText } from '../../src/report/backups-text.js';
import { plainStyle } from '../../src/report/style.js';
import { type Uninstalled, uninstallCode, uninstallJson, uninstallText } from '../../src/report/uninstall-text.js';

const options = { width: 90, style: plainStyle };
const about = { version: '1.0.0', cluster: 'lab' };

describe('backups', () => {
  const backup = (run: string, state: string, operator = 'ann@desk'): HostBackups['backups'][number] => {
    const [files, bytes] = [['/a', '/b'], run === 'r1' ? 40_960 : 1_600_000];
    return { run, state, startedAt: '2026-11-23T05:01:02.345Z', operator, files, verdict: 'put back', bytes };
  };
  const hosts: HostBackups[] = [
    { name: 'n1', backups: [backup('r2', 'reverted'), backup('r1', 'confirmed')] },
    { name: 'n2', backups: [backup('r1', 'confirmed', 'ann\u001b[2J@desk')] },
    { name: 'n3', backups: [] },
    { name: 'n4', error: { kind: 'timeout', message: 'no answer', hint: 'is it up?' }, backups: [] },
  ];

  it('are told newest first, hosts alike together, those not asked with what to do', () => {
    expect(backupsText(hosts, options).split('\n')).toEqual([
      'RUN  STATE      BEGAN (UTC)          BY        HOSTS',
      'r2   reverted   2026-11-23 05:01:02  ann@desk  n1',
      'r1   confirmed  2026-11-23 05:01:02  ann@desk  n1,n2',
      'Nothing is kept on: n3',
      '! n4: no answer',
      '    hint: is it up?',
      'Backups: 2 runs, 1.6 MiB; 3 hosts asked, 1 not',
      '',
    ]);
  });

  it('have a row a host, with files and verdicts, when there is room', () => {
    const wide = backupsText(hosts, { ...options, wide: true }).split('\n');
    expect(wide.slice(1, 4).map((row) => row.split(/ {2,}/))).toEqual([
      ['r2', 'reverted', '2026-11-23 05:01:02', 'ann@desk', 'n1', '1.5 MiB', '/a /b', 'put back'],
      ['r1', 'confirmed', '2026-11-23 05:01:02', 'ann@desk', 'n1', '40 KiB', '/a /b', 'put back'],
      ['r1', 'confirmed', '2026-11-23 05:01:02', 'ann@desk', 'n2', '40 KiB', '/a /b', 'put back'],
    ]);
  });

  it('are told as JSON with what could not be asked', () => {
    const tree = JSON.parse(backupsJson(about, hosts, false)) as { kind: string; hosts: { status: string }[] };
    expect(tree).toMatchObject({ schemaVersion: 1, kind: 'backups', cluster: 'lab' });
    expect(tree.hosts.map(({ status }) => status)).toEqual(['read', 'read', 'read', 'unreachable']);
    expect(tree.hosts[0]).toMatchObject({ name: 'n1', backups: [{ run: 'r2', files: ['/a', '/b'] }, { run: 'r1' }] });
    expect(backupsJson(about, hosts, true).trimEnd().split('\n')).toHaveLength(4);
  });
});

describe('an uninstall', () => {
  const host = (name: string, outcome: Uninstalled['outcome'], over: Partial<Uninstalled> = {}): Uninstalled => {
    return { name, outcome, runs: 0, ...over };
  };
  const trouble = { reason: 'bob holds this node', hint: 'wait for it' };
  const hosts = [
    host('n1', 'removed', { runs: 3 }),
    host('n2', 'nothing'),
    host('n3', 'refused', trouble),
    host('n4', 'unreachable', { reason: 'no answer\u001b[2J' }),
  ];

  it('has one line a host', () => {
    expect(uninstallText(hosts, options).split('\n')).toEqual([
      '+ n1: removed, with the backups of 3 runs',
      '+ n2: nothing was there',
      '! n3: refused: bob holds this node',
      '    hint: wait for it',
      '! n4: unreachable: no answer',
      'Uninstall: 1 removed, 1 nothing, 1 refused, 1 unreachable',
      '',
    ]);
  });

  it('is JSON', () => {
    expect(JSON.parse(uninstallJson(about, hosts, false))).toMatchObject({
      schemaVersion: 1,
      kind: 'uninstall',
      hosts: [{ name: 'n1', outcome: 'removed', runs: 3 }, {}, { outcome: 'refused', ...trouble }, {}],
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
