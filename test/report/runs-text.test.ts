import { expect, it } from 'vitest';
import type { HostRecord, RunRecord } from '../../src/run/record.js';
import { widthOf } from '../../src/report/layout.js';
import { formatted } from '../../src/report/formats.js';
import { runsText, recordText } from '../../src/report/runs-text.js';
import { plainStyle } from '../../src/report/style.js';

const options = { width: 80, style: plainStyle };
const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 23, 5, 1, 0) + seconds * 1000).toISOString();

const host = (name: string, over: Partial<HostRecord> = {}): HostRecord => ({
  host: name,
  steps: [
    { step: 'prepare', time: at(1) },
    { step: 'write', time: at(1.4) },
    { step: 'gate', time: at(3) },
  ],
  paths: ['/var/lib/kubelet/config.yaml'],
  outcome: 'confirmed',
  reason: undefined,
  endedAt: at(22),
  cordon: undefined,
  ...over,
});
const waiting = (name: string): HostRecord =>
  host(name, { steps: [], paths: [], outcome: undefined, endedAt: undefined });
const story = (hosts: readonly HostRecord[], over: Partial<RunRecord> = {}): RunRecord => ({
  run: '20261123T050100Z-3fa4c1',
  kind: 'apply',
  of: undefined,
  cluster: 'prod-eu',
  inventory: './inventory.yaml',
  operator: 'root@ops',
  startedAt: at(0),
  endedAt: at(185),
  stopped: undefined,
  resumed: [],
  controller: undefined,
  lock: undefined,
  fromNodes: false,
  hosts,
  ...over,
});
const lost = story([host('n1'), host('n2', { outcome: undefined, endedAt: undefined }), waiting('n3'), waiting('n4')], {
  endedAt: undefined,
});

it('says what was rolled back, by which playbooks and rules hosts were judged', () => {
  const record = story([host('n1'), host('n2')], { playbooks: ['cis-1.12', 'tls'], rules: ['anonymous-auth'] });
  const summary = { record, state: 'ended', rolledBack: [{ run: '20261124T050100Z-cccccc', hosts: ['n1'] }] } as const;
  const listed = runsText([summary], options);
  expect(listed).toContain('    2 hosts: 2 confirmed\n    rolled back on n1 by 20261124T050100Z-cccccc\n');
  const shown = recordText(summary, options);
  expect(shown).toContain('  playbooks: cis-1.12, tls\n  rules: anonymous-auth\n');
  expect(shown).toContain('  rolled back on n1 by 20261124T050100Z-cccccc\n');
  expect(recordText({ record: story([host('n1')]), state: 'ended' }, options)).not.toContain('playbooks');
});

it('lists when each run began, how long it took, and which did not end', () => {
  const back = story([host('n1'), host('n2', { outcome: 'unknown' })], {
    kind: 'rollback',
    of: '20261122T050100Z-aaaaaa',
    run: '20261123T060100Z-bbbbbb',
  });
  const going = { ...lost, controller: { machine: 'ops', pid: 4711, started: '' } };
  const text = runsText(
    [
      { record: lost, state: 'left' },
      { record: back, state: 'left' },
      { record: going, state: 'going on' },
      { record: story([host('n1')], { cluster: 'a-cluster-with-a-very-long-name' }), state: 'ended' },
    ],
    options,
  );
  expect(text.split('\n')).toEqual([
    'RUN                      STARTED (UTC)     TOOK    KIND      CLUSTER',
    '20261123T050100Z-3fa4c1  2026-11-23 05:01  -       apply     prod-eu',
    '    4 hosts: 1 confirmed, 1 in progress, 2 not started',
    '    Not finished. To continue: kubelatch resume 20261123T050100Z-3fa4c1',
    '20261123T060100Z-bbbbbb  2026-11-23 05:01  3m 05s  rollback  prod-eu',
    '    of 20261122T050100Z-aaaaaa, 2 hosts: 1 confirmed, 1 unknown',
    '    The state of n2 is unknown. To find out:',
    '    kubelatch resume 20261123T060100Z-bbbbbb',
    '20261123T050100Z-3fa4c1  2026-11-23 05:01  -       apply     prod-eu',
    '    4 hosts: 1 confirmed, 1 in progress, 2 not started',
    '    Running since 2026-11-23 05:01 UTC on ops (process 4711): wait until it ends',
    '',
    'RUN            20261123T050100Z-3fa4c1',
    'STARTED (UTC)  2026-11-23 05:01',
    'TOOK           3m 05s',
    'KIND           apply',
    'CLUSTER        a-cluster-with-a-very-long-name',
    '    1 host: 1 confirmed',
    '',
  ]);
});

it('shows a run host by host, with the time between its steps', () => {
  const reason = 'the run was interrupted before the change was confirmed; reverted by resume 20261123T050100Z-3fa4c1';
  const ended = story(
    [
      host('n1'),
      host('n2', {
        steps: [...host('n2').steps, { step: 'revert', time: '2026-11-24T07:00:00.000Z' }],
        outcome: 'reverted',
        reason,
        endedAt: '2026-11-24T07:00:09.900Z',
      }),
      host('n3', { steps: [], paths: [], outcome: 'skipped', reason: 'not started: the run ended first' }),
    ],
    { resumed: [{ time: '2026-11-24T06:59:58.000Z', operator: 'root@ops' }], endedAt: '2026-11-24T07:00:10.000Z' },
  );
  expect(recordText({ record: ended, state: 'ended' }, options).split('\n')).toEqual([
    '20261123T050100Z-3fa4c1: apply on prod-eu',
    '  started 2026-11-23 05:01:00 UTC by root@ops, took 25h 59m',
    '  3 hosts of ./inventory.yaml: 1 confirmed, 1 reverted, 1 skipped',
    '  resumed 2026-11-24 06:59:58 UTC by root@ops',
    '',
    'n1: confirmed in 21s',
    '  files: /var/lib/kubelet/config.yaml',
    '  TIME      STEP       TOOK',
    '  05:01:01  prepare    0.4s',
    '  05:01:01  write      1.6s',
    '  05:01:03  gate       19s',
    '  05:01:22  confirmed',
    '',
    'n2: reverted in 25h 59m',
    '  the run was interrupted before the change was confirmed; reverted by resume',
    '  20261123T050100Z-3fa4c1',
    '  files: /var/lib/kubelet/config.yaml',
    '  TIME                 STEP      TOOK',
    '  05:01:01             prepare   0.4s',
    '  05:01:01             write     1.6s',
    '  05:01:03             gate      25h 58m',
    '  2026-11-24 07:00:00  revert    9.9s',
    '  2026-11-24 07:00:09  reverted',
    '',
    'n3: skipped',
    '  not started: the run ended first',
    '',
  ]);
});

it('shows what is left of a run that did not end', () => {
  const text = recordText(
    { record: { ...lost, stopped: 'the run journal cannot be written: ENOSPC' }, state: 'left' },
    options,
  );
  expect(text).toContain('\nn2: did not finish\n');
  expect(text).toContain('  05:01:03  gate     ?\n');
  expect(text).toContain('\nNot started: n3,n4\n');
  expect(text).toContain('\nStopped: the run journal cannot be written: ENOSPC\n');
  expect(text).toContain('\nNot finished. To continue: kubelatch resume 20261123T050100Z-3fa4c1\n');
});

it('fits the terminal and steers it nowhere, whatever the journal holds', () => {
  const evil = '\u001b[31mred\u0007\nline \u202e'.repeat(20);
  const hosts = [host(evil, { reason: evil, paths: [evil], steps: [{ step: evil, time: evil }] }), waiting(evil)];
  const told = {
    record: story(hosts, { run: evil, cluster: evil, operator: evil, inventory: evil, stopped: evil }),
    state: 'left',
  } as const;
  for (const text of [runsText([told], options), recordText(told, options)]) {
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    const long = text.split('\n').filter((line) => widthOf(line) > 80 && !line.includes('kubelatch resume'));
    expect(long).toEqual([]);
  }
});

it('is data for scripts, times in milliseconds', () => {
  const head = { schemaVersion: 1, tool: 'kubelatch', version: '1' } as const;
  const how = { text: options, time: at(300) };
  const left = { record: lost, state: 'left' } as const;
  const list = JSON.parse(formatted('json', { ...head, kind: 'runs', runs: [left] }, how)) as { runs: object[] };
  expect(list).toMatchObject({ schemaVersion: 1, tool: 'kubelatch', kind: 'runs' });
  expect(list.runs).toMatchObject([
    {
      ...{ id: '20261123T050100Z-3fa4c1', kind: 'apply', finishedAt: null, durationMs: null, state: 'left' },
      ...{
        next: 'kubelatch resume 20261123T050100Z-3fa4c1',
        outcomes: { confirmed: 1 },
        hosts: ['n1', 'n2', 'n3', 'n4'],
      },
    },
  ]);
  const ended = { record: story([host('n1')]), state: 'ended' } as const;
  const shown = JSON.parse(formatted('json', { ...head, kind: 'run', run: ended }, how)) as object;
  expect(shown).toMatchObject({
    kind: 'run',
    run: {
      ...{
        id: '20261123T050100Z-3fa4c1',
        kind: 'apply',
        durationMs: 185_000,
        state: 'ended',
        next: null,
        stopped: null,
      },
      hosts: [
        {
          ...{ host: 'n1', outcome: 'confirmed', durationMs: 21_000, files: ['/var/lib/kubelet/config.yaml'] },
          steps: [
            { step: 'prepare', startedAt: at(1), durationMs: 400 },
            { step: 'write', startedAt: at(1.4), durationMs: 1600 },
            { step: 'gate', startedAt: at(3), durationMs: 19_000 },
          ],
        },
      ],
    },
  });
  const lines = (text: string): unknown[] =>
    text
      .trimEnd()
      .split('\n')
      .map((one) => JSON.parse(one) as unknown);
  const run = '20261123T050100Z-3fa4c1';
  expect(lines(formatted('ndjson', { ...head, kind: 'run', run: left }, how))).toMatchObject([
    ...['n1', 'n2', 'n3', 'n4'].map((name) => ({ time: at(300), run, host: name, event: 'run-host' })),
    { run, host: null, event: 'summary', kind: 'run', runKind: 'apply', cluster: 'prod-eu', state: 'left' },
  ]);
  expect(lines(formatted('ndjson', { ...head, kind: 'runs', runs: [left] }, how))).toMatchObject([
    { run, host: null, event: 'run', runKind: 'apply', state: 'left', hosts: ['n1', 'n2', 'n3', 'n4'] },
    { run: null, host: null, event: 'summary', kind: 'runs' },
  ]);
  expect(formatted('table', { ...head, kind: 'runs', runs: [] }, how)).toBe('');
});

it('leaves out of its duration how long it waited for a person', () => {
  const ended = { record: { ...story([host('n1')]), waitedMs: 125_000 }, state: 'ended' } as const;
  expect(recordText(ended, options)).toContain(', took 1m 00s\n');
  expect(runsText([ended], options)).toMatch(/ 1m 00s +apply /);
  const head = { schemaVersion: 1, tool: 'kubelatch', version: '1' } as const;
  const how = { text: options, time: at(300) };
  expect(JSON.parse(formatted('json', { ...head, kind: 'run', run: ended }, how))).toMatchObject({
    run: { durationMs: 60_000 },
  });
});
