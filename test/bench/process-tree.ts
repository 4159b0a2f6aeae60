/** The memory that a process and all that it started hold at one moment, read from /proc. */
import { readFileSync, readdirSync } from 'node:fs';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
};

const threadsOf = (pid: number): string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
};

const childrenOf = (pid: number): number[] =>
  threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );

/** KiB of all processes below `pid`, without its own. Pages that several share count for each. */
export function memoryBelow(pid: number): number {
  return childrenOf(pid).reduce(
    (sum, child) => sum + residentOf(read(`/proc/${child}/status`)) + memoryBelow(child),
    0,
  );
}

/** KiB, from the text of /proc/PID/status; 0 for a process that has ended. */
export const residentOf = (status: string): number => Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
