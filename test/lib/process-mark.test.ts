import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { livesStill, ownMark } from '../../src/lib/process-mark.js';

it('knows itself, and a process that ended', async () => {
  const mark = ownMark();
  expect(mark).toMatchObject({ pid: process.pid });
  expect(livesStill(mark)).toBe('yes');
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  expect(livesStill({ ...mark, pid: child.pid ?? 0, started: '' })).toBe('yes');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(livesStill({ ...mark, pid: child.pid ?? 0, started: '' })).toBe('no');
});

it('takes another process with the same number for what it is, and says nothing of other machines', () => {
  const mark = ownMark();
  expect(livesStill({ ...mark, started: 'another boot:1' })).toBe('no');
  expect(livesStill({ ...mark, machine: 'elsewhere' })).toBe('elsewhere');
  expect(livesStill({ ...mark, pid: -1 })).toBe('no');
  expect(livesStill({ ...mark, pid: 1.5 })).toBe('no');
});
