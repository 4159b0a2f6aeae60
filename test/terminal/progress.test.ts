import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { plainStyle } from '../../src/report/style.js';
import type { RunEvent } from '../../src/run/outcome.js';
import type { Progress } from '../../src/terminal/progress.js';
import { createProgress } from '../../src/terminal/progress.js';
import { fakeTerminal } from './streams.js';

function play(progress: Progress): void {
  progress.phase('Connecting', 3);
  for (const host of ['n1', 'n2']) progress.onEvent({ event: 'judged', host });
  progress.onEvent({ event: 'unreachable', host: 'n3', reason: 'no \u001b[2Jroute' });
  progress.onEvent({ event: 'run-started', run: 'r1', hosts: 2, waves: 1 });
  progress.onEvent({ event: 'wave-started', wave: 1, waves: 1, hosts: ['n1', 'n2'] });
  progress.onEvent({ event: 'step', host: 'n1', step: 'gate' });
  progress.onEvent({ event: 'host-done', host: 'n1', outcome: 'confirmed' });
  progress.onEvent({ event: 'host-done', host: 'n2', outcome: 'reverted', reason: 'lease' });
}

/** Times of a log as `T`, and how long something took as `0s`. */
const untimed = (text: string): string =>
  text.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /gm, 'T ').replace(/in \d\.\ds/g, 'in 0s');

test('without a terminal: a line an event, with its time', async () => {
  const { stderr, shown } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: false, quiet: false, style: plainStyle });
  play(progress);
  await progress.stop();
  expect(untimed(shown()).split('\n')).toEqual([
    'T Connecting: 3',
    'T n1: judged',
    'T n2: judged',
    'T ! n3: unreachable: no route',
    'T run r1: 2 hosts in 1 wave',
    'T Connecting: 2 of 3 judged, 1 unreachable in 0s',
    'T wave 1/1: 2 hosts',
    'T n1: checking health',
    'T n1: confirmed',
    'T ! n2: reverted: lease',
    'T Wave 1/1: 1 of 2 confirmed, 1 reverted in 0s',
    '',
  ]);
});

test('without a terminal: 500 dead hosts of 3,000 are a few lines, and silence ends after ten seconds', async () => {
  vi.useFakeTimers();
  const { stderr, shown } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: false, quiet: false, style: plainStyle });
  progress.phase('Reading', 3000);
  for (let i = 0; i < 3000; i += 1) {
    const host = `n${i}`;
    progress.onEvent({ event: 'connecting', host });
    if (i % 6 === 0) progress.onEvent({ event: 'unreachable', host, reason: `nothing listens on ${host}:22` });
    else progress.onEvent({ event: 'judged', host });
  }
  await vi.advanceTimersByTimeAsync(21_000);
  await progress.stop();
  vi.useRealTimers();
  const lines = untimed(shown()).trimEnd().split('\n');
  expect(lines.slice(0, 6)).toEqual([
    'T Reading: 3000',
    ...[0, 6, 12, 18, 24].map((i) => `T ! n${i}: unreachable: nothing listens on n${i}:22`),
  ]);
  expect(lines.slice(6)).toEqual([
    'T Reading: 2500 of 3000 judged, 500 unreachable · 300 hosts/s',
    'T Reading: 2500 of 3000 judged, 500 unreachable · 150 hosts/s',
    'T ! 495 more hosts: unreachable; the result lists all of them',
    'T Reading: 2500 of 3000 judged, 500 unreachable in 21s',
  ]);
});

test.each([
  [true, /^\d\d:\d\d:\d\d n1: checking health$/m],
  [false, /^\S+Z n1: checking health$/m],
])('-v shows each step of each host with its time (terminal: %s)', async (isTty, line) => {
  for (const verbose of [true, false]) {
    const { stderr, shown } = fakeTerminal();
    const progress = createProgress({ stderr, isTty, quiet: false, verbose, style: plainStyle });
    progress.phase('Reading', 100);
    progress.onEvent({ event: 'step', host: 'n1', step: 'gate' });
    await progress.stop();
    expect(line.test(stripVTControlCharacters(shown()))).toBe(verbose);
  }
});

test.each([true, false])('quiet: failures only (terminal: %s)', async (isTty) => {
  const { stderr, shown } = fakeTerminal();
  const progress = createProgress({ stderr, isTty, quiet: true, style: plainStyle });
  play(progress);
  await progress.stop();
  expect(untimed(shown())).toBe('T ! n3: unreachable: no route\nT ! n2: reverted: lease\n');
});

test('on a terminal: one moving line, failures above it, the end of each phase stays', async () => {
  const { stderr, shown, waitFor } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: true, quiet: false, style: plainStyle });
  play(progress);
  await waitFor('Wave 1/1: 1 of 2 confirmed, 1 reverted');
  await progress.stop();
  await progress.stop();
  const kept = stripVTControlCharacters(shown()).split(/\r?\n|\r/);
  for (const line of [
    '! n3: unreachable: no route',
    expect.stringMatching(/^! Connecting: 2 of 3 judged, 1 unreachable in /),
    'run r1: 2 hosts in 1 wave',
    '! n2: reverted: lease',
    expect.stringMatching(/^! Wave 1\/1: 1 of 2 confirmed, 1 reverted in /),
  ])
    expect(kept).toContainEqual(line);
  expect(shown()).not.toContain('\u001b[2J');
  expect(shown().lastIndexOf('\u001b[?25h'), 'the cursor is back').toBeGreaterThan(shown().lastIndexOf('\u001b[?25l'));
});

test('on a terminal a long failure breaks between words, and goes on below its beginning', async () => {
  const { stderr, shown } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: true, quiet: false, style: plainStyle });
  const reason =
    'kubelet-process: expected a new process that stays up, saw the process exited (unit activating/auto-restart)';
  progress.phase('Changing', 1);
  progress.onEvent({ event: 'host-done', host: 'n1', outcome: 'reverted', reason });
  await progress.stop();
  expect(stripVTControlCharacters(shown())).toContain(
    [
      '! n1: reverted: kubelet-process: expected a new process that stays up, saw the',
      '  process exited (unit activating/auto-restart)',
      '',
    ].join('\n'),
  );
});

test('a question has the terminal to itself', async () => {
  const { stderr, shown, waitFor } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: true, quiet: false, style: plainStyle });
  progress.phase('Connecting', 9);
  await waitFor('Connecting: 0 of 9');
  let before = '';
  await progress.pauseFor(async () => {
    before = shown();
    progress.onEvent({ event: 'unreachable', host: 'n1', reason: 'x' });
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(shown()).toBe(before);
  });
  await waitFor('! n1: unreachable: x');
  await progress.stop();
});

test('2,000 hosts draw no more than a few frames', async () => {
  const { stderr, shown } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: true, quiet: false, style: plainStyle });
  const hosts = Array.from({ length: 2000 }, (_, i) => `n${i}`);
  progress.phase('Connecting', hosts.length);
  for (const host of hosts) progress.onEvent({ event: 'connecting', host });
  for (const host of hosts) progress.onEvent({ event: 'judged', host });
  await progress.stop();
  expect(shown()).toMatch(/\+ Connecting: 2000 of 2000 judged in \S+\n/);
  expect(shown().length).toBeLessThan(20_000);
});

describe('the output of a hook', () => {
  const ofHook = (host: string, state: 'done' | 'failed'): RunEvent[] => [
    { event: 'hook', hook: 'before-host', host, wave: 1, state: 'started' },
    { event: 'hook-output', hook: 'before-host', host, wave: 1, line: `from the balancer of ${host}` },
    {
      event: 'hook',
      hook: 'before-host',
      host,
      wave: 1,
      state,
      ...(state === 'failed' && { reason: 'exited with 3' }),
    },
  ];
  test.each([
    ['on a terminal', { isTty: true, quiet: false }],
    ['on a terminal with --quiet', { isTty: true, quiet: true }],
    ['without a terminal and with --quiet', { isTty: false, quiet: true }],
  ])('is shown where the hook failed: %s', async (_, how) => {
    const { stderr, shown } = fakeTerminal();
    const progress = createProgress({ stderr, ...how, style: plainStyle });
    for (const event of [...ofHook('n1', 'done'), ...ofHook('n2', 'failed')]) progress.onEvent(event);
    await progress.stop();
    const text = stripVTControlCharacters(shown());
    expect(text).not.toContain('balancer of n1');
    expect(text).toMatch(/n2: before-host hook \| from the balancer of n2[^]*! n2: before-host hook exited with 3/);
    expect(text.match(/balancer of n2/g)).toHaveLength(1);
  });

  test('is shown for every hook with --verbose', async () => {
    const { stderr, shown } = fakeTerminal();
    const progress = createProgress({ stderr, isTty: true, quiet: false, verbose: true, style: plainStyle });
    for (const event of [...ofHook('n1', 'done'), ...ofHook('n2', 'failed')]) progress.onEvent(event);
    await progress.stop();
    for (const host of ['n1', 'n2'])
      expect(stripVTControlCharacters(shown()).split(`balancer of ${host}`)).toHaveLength(2);
  });
});

test('a phase in which nothing happened before the run began is no line', async () => {
  const { stderr, shown } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: true, quiet: false, style: plainStyle });
  progress.phase('Changing', 4);
  progress.onEvent({ event: 'run-started', run: 'r1', hosts: 4, waves: 3 });
  await progress.stop();
  expect(stripVTControlCharacters(shown())).toContain('run r1: 4 hosts in 3 waves');
  expect(stripVTControlCharacters(shown())).not.toContain('+ Changing');
});
