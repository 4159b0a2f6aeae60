/** Identifies a process, so that another process can check later whether it is still running. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessMark {
  readonly machine: string;
  readonly pid: number;
  /** Boot id and start time of the process; empty if the kernel does not provide them. */
  readonly started: string;
  /** PID namespace; empty if the kernel does not provide it, undefined in marks of older versions. */
  readonly namespace?: string | undefined;
}

/** The mark of this process. */
export const ownMark = (): ProcessMark => ({
  machine: hostname(),
  pid: process.pid,
  started: processStat(process.pid)?.started ?? '',
  namespace: ownNamespace(),
});

/**
 * `elsewhere`: the process belongs to another machine or PID namespace, so its state is unknown.
 * A reused PID is not a sign of life, nor is a zombie process.
 */
export function stillRunning({ machine, pid, started, namespace }: ProcessMark): 'yes' | 'no' | 'elsewhere' {
  if (machine !== hostname()) return 'elsewhere';
  if (namespace !== undefined && namespace !== ownNamespace()) return 'elsewhere';
  if (!Number.isInteger(pid) || pid <= 0) return 'no';
  const now = processStat(pid);
  if (now?.dead === true) return 'no';
  if (started !== '') return now?.started === started ? 'yes' : 'no';
  try {
    process.kill(pid, 0);
    return 'yes';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'yes' : 'no';
  }
}

function processStat(pid: number): { readonly started: string; readonly dead: boolean } | undefined {
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
