import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { plainStyle } from '../../src/report/style.js';
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

test('without a terminal: a line an event', async () => {
  const { stderr, shown } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: false, quiet: false, style: plainStyle });
  play(progress);
  await progress.stop();
  expect(shown().split('\n')).toEqual([
    'Connecting: 3',
    'n1: judged',
    'n2: judged',
    '! n3: unreachable: no route',
    'run r1: 2 hosts in 1 wave',
    'wave 1/1: 2 hosts',
    'n1: gate',
    'n1: confirmed',
    '! n2: reverted: lease',
    '',
  ]);
});

test.each([true, false])('quiet: failures only (terminal: %s)', async (isTty) => {
  const { stderr, shown } = fakeTerminal();
  const progress = createProgress({ stderr, isTty, quiet: true, style: plainStyle });
  play(progress);
  await progress.stop();
  expect(shown()).toBe('! n3: unreachable: no route\n! n2: reverted: lease\n');
});

test('on a terminal: one moving line, failures above it, the end of each phase stays', async () => {
  const { stderr, shown, waitFor } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: true, quiet: false, style: plainStyle });
  play(progress);
  await waitFor('Wave 1/1: 1 of 2 confirmed, 1 reverted');
  await progress.stop();
  await progress.stop();
  const kept = stripVTControlCharacters(shown()).split(/\r?\n/);
  for (const line of [
    '! n3: unreachable: no route',
    '! Connecting: 2 of 3 judged, 1 unreachable',
    'run r1: 2 hosts in 1 wave',
    '! n2: reverted: lease',
    '! Wave 1/1: 1 of 2 confirmed, 1 reverted',
  ])
    expect(kept).toContain(line);
  expect(shown()).not.toContain('\u001b[2J');
  expect(shown().lastIndexOf('\u001b[?25h'), 'the cursor is back').toBeGreaterThan(shown().lastIndexOf('\u001b[?25l'));
});

test('on a terminal a long failure breaks between words, and goes on below its beginning', async () => {
  const { stderr, shown } = fakeTerminal();
  const progress = createProgress({ stderr, isTty: true, quiet: false, style: plainStyle });
  const reason = 'kubelet-process: expected a new process that stays up, saw it died (unit activating/auto-restart)';
  progress.phase('Changing', 1);
  progress.onEvent({ event: 'host-done', host: 'n1', outcome: 'reverted', reason });
  await progress.stop();
  expect(stripVTControlCharacters(shown())).toContain(
    [
      '! n1: reverted: kubelet-process: expected a new process that stays up, saw it',
      '  died (unit activating/auto-restart)',
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
  await progress.aside(async () => {
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
  expect(shown()).toContain('+ Connecting: 2000 of 2000 judged\n');
  expect(shown().length).toBeLessThan(20_000);
});
