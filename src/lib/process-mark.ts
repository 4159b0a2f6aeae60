/** Which process this is, so that another one can tell later whether it still lives. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessMark {
  readonly machine: string;
  readonly pid: number;
  /** Boot and start of the process where the kernel tells them; empty elsewhere. */
  readonly started: string;
  /** Of which numbers `pid` is one; empty where the kernel does not tell, undefined in marks of before. */
  readonly namespace?: string | undefined;
}

export const ownMark = (): ProcessMark => ({
  machine: hostname(),
  pid: process.pid,
  started: seen(process.pid)?.started ?? '',
  namespace: ownNamespace(),
});

/**
 * `elsewhere`: the mark is of another machine, or of a container that counts its processes by itself, and nothing is known.
 * A number that another process got since is no life, nor is one that only waits to be collected.
 */
export function livesStill({ machine, pid, started, namespace }: ProcessMark): 'yes' | 'no' | 'elsewhere' {
  if (machine !== hostname()) return 'elsewhere';
  if (namespace !== undefined && namespace !== ownNamespace()) return 'elsewhere';
  if (!Number.isInteger(pid) || pid <= 0) return 'no';
  const now = seen(pid);
  if (now?.dead === true) return 'no';
  if (started !== '') return now?.started === started ? 'yes' : 'no';
  try {
    process.kill(pid, 0);
    return 'yes';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'yes' : 'no';
  }
}

function seen(pid: number): { readonly started: string; readonly dead: boolean } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { started: `${boot}:${fields[18] ?? ''}`, dead: ['Z', 'X'].includes(state) };
  } catch {
    return undefined;
  }
}

function ownNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
