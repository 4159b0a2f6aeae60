/** Memory of a tree of processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { memoryBelow, residentOf } from './process-tree.js';

it('reads what a process holds, and nothing of one that has ended', () => {
  expect(residentOf('Name:\tnode\nVmHWM:\t   99999 kB\nVmRSS:\t   41234 kB\nRssAnon:\t 12 kB\n')).toBe(41_234);
  expect(residentOf('Name:\tnode\nState:\tZ (zombie)\n')).toBe(0);
});

it('counts the children of children', async () => {
  const child = spawn('sh', ['-c', 'sh -c "echo up; read -r line; :"; :'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const { pid = 0 } = child;
  // Its only child is the inner shell.
  expect(memoryBelow(pid)).toBeGreaterThan(100);
  expect(memoryBelow(process.pid)).toBeGreaterThan(memoryBelow(pid));
  child.stdin.end('\n');
  await once(child, 'close');
  expect(memoryBelow(pid)).toBe(0);
});
