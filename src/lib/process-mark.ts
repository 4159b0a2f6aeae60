/** Which process this is, so that another one can tell later whether it still lives. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessMark {
  readonly machine: string;
  readonly pid: number;
  /** Boot and start of the process where the kernel tells them; empty elsewhere. */
  readonly started: string;
}

export const ownMark = (): ProcessMark => ({
  machine: hostname(),
  pid: process.pid,
  started: startOf(process.pid) ?? '',
});

/** `elsewhere`: the mark is of another machine, and nothing is known. A number that another process got since is no life. */
export function livesStill({ machine, pid, started }: ProcessMark): 'yes' | 'no' | 'elsewhere' {
  if (machine !== hostname()) return 'elsewhere';
  if (!Number.isInteger(pid) || pid <= 0) return 'no';
  const seen = startOf(pid);
  if (started !== '' && seen !== undefined) return seen === started ? 'yes' : 'no';
  if (started !== '') return 'no';
  try {
    process.kill(pid, 0);
    return 'yes';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'yes' : 'no';
  }
}

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .at(19);
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${ticks ?? ''}`;
  } catch {
    return undefined;
  }
}
