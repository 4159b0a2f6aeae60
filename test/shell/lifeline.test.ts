import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { script } from '../../src/node/scripts.js';
import { shells } from './shells.js';

const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe.each(shells)('lifeline.sh under $name', ({ command: [program, ...options] }) => {
  const start = (...words: string[]) =>
    spawn(program, [...options, '-c', script('lifeline'), 'sh', ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  /** Says its pid, then lives on for a minute. */
  const patient = ['sh', '-c', 'echo "$$"; exec sleep 60'];
  const pidOf = async (child: ReturnType<typeof start>): Promise<number> =>
    Number(String(((await once(child.stdout, 'data')) as [Buffer])[0]));

  it('ends its command when nobody holds its standard input any more', async () => {
    const child = start(...patient);
    const pid = await pidOf(child);
    await sleep(100);
    expect(lives(pid)).toBe(true);
    child.stdin.destroy();
    await once(child, 'close');
    await vi.waitFor(() => expect(lives(pid)).toBe(false), { timeout: 60_000 });
  });

  it('hands on a signal', async () => {
    const child = start(...patient);
    const pid = await pidOf(child);
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(lives(pid)).toBe(false);
  });

  it('ends with its command, with the same status and output, and leaves nobody', async () => {
    const child = start('sh', '-c', 'echo out; echo "$1" >&2; exit 5', 'sh', "it's $HOME");
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    // Not before all of its output is closed: nobody holds that any more.
    const [code] = (await once(child, 'close')) as [number];
    expect([code, said.split('\n').sort()]).toEqual([5, ['', "it's $HOME", 'out']]);
  });

  it('says what it cannot run, and needs something to run', async () => {
    const missing = start('/nowhere/kubectl');
    let said = '';
    missing.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect((await once(missing, 'close'))[0]).toBe(127);
    expect(said).toMatch(/\/nowhere\/kubectl.*(not found|No such file)/);
    expect((await once(start(), 'close'))[0]).toBe(97);
  });
});
