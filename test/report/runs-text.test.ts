import { expect, it } from 'vitest';
import type { HostStory, RunStory } from '../../src/apply/run-story.js';
import { widthOf } from '../../src/report/layout.js';
import { runsJson, storyJson } from '../../src/report/runs-json.js';
import { runsText, storyText } from '../../src/report/runs-text.js';
import { plainStyle } from '../../src/report/style.js';

const options = { width: 80, style: plainStyle };
const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 23, 5, 1, 0) + seconds * 1000).toISOString();

const host = (name: string, over: Partial<HostStory> = {}): HostStory => ({
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
const waiting = (name: string): HostStory =>
  host(name, { steps: [], paths: [], outcome: undefined, endedAt: undefined });
const story = (hosts: readonly HostStory[], over: Partial<RunStory> = {}): RunStory => ({
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

it('lists when each run began, how long it took, and which did not end', () => {
  const back = story([host('n1'), host('n2', { outcome: 'unknown' })], {
    kind: 'rollback',
    of: '20261122T050100Z-aaaaaa',
    run: '20261123T060100Z-bbbbbb',
  });
  const going = { ...lost, controller: { machine: 'ops', pid: 4711, started: '' } };
  const text = runsText(
    [
      { story: lost, state: 'left' },
      { story: back, state: 'left' },
      { story: going, state: 'going on' },
      { story: story([host('n1')], { cluster: 'a-cluster-with-a-very-long-name' }), state: 'ended' },
    ],
    options,
  );
  expect(text.split('\n')).toEqual([
    'RUN                      STARTED (UTC)     TOOK    KIND      CLUSTER       HOSTS',
    '20261123T050100Z-3fa4c1  2026-11-23 05:01  -       apply     prod-eu       4',
    '    1 confirmed, 1 under way, 2 not begun',
    '    did not end: kubelatch resume 20261123T050100Z-3fa4c1',
    '20261123T060100Z-bbbbbb  2026-11-23 05:01  3m 05s  rollback  prod-eu       2',
    '    of 20261122T050100Z-aaaaaa: 1 confirmed, 1 unknown',
    '    nobody knows of n2: kubelatch resume 20261123T060100Z-bbbbbb',
    '20261123T050100Z-3fa4c1  2026-11-23 05:01  -       apply     prod-eu       4',
    '    1 confirmed, 1 under way, 2 not begun',
    '    is going on: process 4711',
    '20261123T050100Z-3fa4c1  2026-11-23 05:01  3m 05s  apply     a-cluster-w…  1',
    '    1 confirmed',
    '',
  ]);
});

it('shows a run host by host, with the time between its steps', () => {
  const reason = 'the run was lost before the change was confirmed; put back by resume 20261123T050100Z-3fa4c1';
  const ended = story(
    [
      host('n1'),
      host('n2', {
        steps: [...host('n2').steps, { step: 'revert', time: '2026-11-24T07:00:00.000Z' }],
        outcome: 'reverted',
        reason,
        endedAt: '2026-11-24T07:00:09.900Z',
      }),
      host('n3', { steps: [], paths: [], outcome: 'skipped', reason: 'the run ended before its turn' }),
    ],
    { resumed: [{ time: '2026-11-24T06:59:58.000Z', operator: 'root@ops' }], endedAt: '2026-11-24T07:00:10.000Z' },
  );
  expect(storyText({ story: ended, state: 'ended' }, options).split('\n')).toEqual([
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
    '  the run was lost before the change was confirmed; put back by resume',
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
    '  the run ended before its turn',
    '',
  ]);
});

it('shows what is left of a run that did not end', () => {
  const text = storyText(
    { story: { ...lost, stopped: 'the journal cannot be written: ENOSPC' }, state: 'left' },
    options,
  );
  expect(text).toContain('\nn2: did not end\n');
  expect(text).toContain('  05:01:03  gate     ?\n');
  expect(text).toContain('\nNot begun: n3,n4\n');
  expect(text).toContain('\nStopped: the journal cannot be written: ENOSPC\n');
  expect(text).toContain('\ndid not end: kubelatch resume 20261123T050100Z-3fa4c1\n');
});

it('fits the terminal and steers it nowhere, whatever the journal holds', () => {
  const evil = '\u001b[31mred\u0007\nline \u202e'.repeat(20);
  const hosts = [host(evil, { reason: evil, paths: [evil], steps: [{ step: evil, time: evil }] }), waiting(evil)];
  const told = {
    story: story(hosts, { run: evil, cluster: evil, operator: evil, inventory: evil, stopped: evil }),
    state: 'left',
  } as const;
  for (const text of [runsText([told], options), storyText(told, options)]) {
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    const long = text.split('\n').filter((line) => widthOf(line) > 80 && !line.includes('kubelatch resume'));
    expect(long).toEqual([]);
  }
});

it('is data for scripts, seconds and all', () => {
  const list = JSON.parse(runsJson([{ story: lost, state: 'left' }], '1', false)) as { runs: object[] };
  expect(list).toMatchObject({ schemaVersion: 1, tool: 'kubelatch', kind: 'runs' });
  expect(list.runs).toMatchObject([
    {
      ...{ run: '20261123T050100Z-3fa4c1', kind: 'apply', endedAt: null, seconds: null, state: 'left' },
      ...{
        next: 'kubelatch resume 20261123T050100Z-3fa4c1',
        outcomes: { confirmed: 1 },
        hosts: ['n1', 'n2', 'n3', 'n4'],
      },
    },
  ]);
  const shown = JSON.parse(storyJson({ story: story([host('n1')]), state: 'ended' }, '1', false)) as object;
  expect(shown).toMatchObject({
    kind: 'run',
    run: {
      ...{ seconds: 185, state: 'ended', next: null, stopped: null },
      hosts: [
        {
          ...{ name: 'n1', outcome: 'confirmed', seconds: 21, files: ['/var/lib/kubelet/config.yaml'] },
          steps: [
            { step: 'prepare', time: at(1), seconds: 0.4 },
            { step: 'write', time: at(1.4), seconds: 1.6 },
            { step: 'gate', time: at(3), seconds: 19 },
          ],
        },
      ],
    },
  });
  const lines = storyJson({ story: lost, state: 'left' }, '1', true).trimEnd().split('\n');
  expect(lines.map((one) => (JSON.parse(one) as { name: string }).name)).toEqual(['n1', 'n2', 'n3', 'n4']);
  expect(runsJson([], '1', true)).toBe('');
});
