import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { stillRunning, ownMark } from '../../src/lib/process-mark.js';

it('knows itself, and a process that ended', async () => {
  const mark = ownMark();
  expect(mark).toMatchObject({ pid: process.pid });
  expect(stillRunning(mark)).toBe('yes');
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  expect(stillRunning({ ...mark, pid: child.pid ?? 0, started: '' })).toBe('yes');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(stillRunning({ ...mark, pid: child.pid ?? 0, started: '' })).toBe('no');
});

it('takes another process with the same number for what it is, and says nothing of other machines', () => {
  const mark = ownMark();
  expect(stillRunning({ ...mark, started: 'another boot:1' })).toBe('no');
  expect(stillRunning({ ...mark, machine: 'elsewhere' })).toBe('elsewhere');
  expect(stillRunning({ ...mark, pid: -1 })).toBe('no');
  expect(stillRunning({ ...mark, pid: 1.5 })).toBe('no');
});

it('does not count a process as alive that ended and was not collected', async () => {
  // What its shell became waits for nobody.
  const child = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = Number(said.toString());
  await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /), { timeout: 60_000 });
  expect(stillRunning({ ...ownMark(), pid, started: '' })).toBe('no');
  child.kill('SIGKILL');
});

it('says nothing of processes that are numbered by others', () => {
  const mark = ownMark();
  expect(mark.namespace).toMatch(/^pid:\[\d+\]$/);
  expect(stillRunning({ ...mark, namespace: 'pid:[1]' })).toBe('elsewhere');
  expect(stillRunning({ ...mark, namespace: '' })).toBe('elsewhere');
  expect(stillRunning({ ...mark, namespace: undefined })).toBe('yes');
});
