import { expect, test, vi } from 'vitest';
import { plainStyle } from '../../src/report/style.js';
import { createProgress } from '../../src/terminal/progress.js';
import { createScreen } from './screen.js';
import { fakeTerminal } from './streams.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function onScreen(columns: number) {
  const { stderr } = fakeTerminal();
  const screen = createScreen(columns);
  stderr.columns = columns;
  stderr.on('data', (chunk: Buffer) => screen.write(chunk.toString()));
  const resize = (to: number): void => {
    screen.resize(to);
    stderr.columns = to;
    stderr.emit('resize');
  };
  return { screen, resize, progress: createProgress({ stderr, isTty: true, quiet: false, style: plainStyle }) };
}

test.each([
  [120, 40],
  [120, 30],
  [40, 120],
  [80, 79],
])('from %i to %i columns the line is drawn anew, and nothing of the old one stays', async (from, to) => {
  const { screen, resize, progress } = onScreen(from);
  progress.print('above');
  progress.phase('Reading', 6);
  progress.onEvent({ event: 'connecting', host: 'a-host-with-a-name-of-some-length.example' });
  progress.onEvent({ event: 'judged', host: 'n2' });
  await vi.waitFor(() => expect(screen.rows().join('\n')).toContain('Reading: 1 of 6 judged'), 60_000);
  resize(to);
  await pause(600);
  const rows = screen.rows().filter((row) => row !== '');
  expect(rows).toEqual(['above', expect.stringContaining('Reading: 1 of 6 judged')]);
  expect(rows[1]?.includes('a-host-with')).toBe(to > 90);
  for (const row of rows) expect(row.length).toBeLessThanOrEqual(to);
  await progress.stop();
  const left = screen.lines().filter((line) => line !== '');
  expect(left[0]).toBe('above');
  expect(
    left
      .slice(1)
      .map((line) => line.trim())
      .join(' '),
  ).toMatch(/^\+ Reading: 1 of 6 judged in \S+$/);
  expect(screen.isCursorVisible()).toBe(true);
});

test.each([40, 80, 120])('%i columns: a failure breaks between words, the moving line is one row', async (columns) => {
  const { screen, progress } = onScreen(columns);
  progress.phase('Wave 1/1', 3000);
  for (let i = 0; i < 200; i += 1) progress.onEvent({ event: 'step', host: `node-${i}`, step: 'gate' });
  const reason = 'kubelet-process: expected a new process that stays up, saw the process exited (unit activating)';
  progress.onEvent({ event: 'host-done', host: 'node-7', outcome: 'reverted', reason });
  await pause(400);
  const rows = screen.rows().filter((row) => row !== '');
  expect(
    rows
      .slice(0, -1)
      .map((row) => row.trim())
      .join(' '),
  ).toBe(`! node-7: reverted: ${reason}`);
  expect(rows.at(-1)).toMatch(/Wave 1\/1: 1 of 3000 reverted/);
  await progress.stop();
});
