/** Tells whether a file changed after the running kubelet started. Pure. */
import type { FileFact, ProcessFact } from './node-facts.js';

/** Seconds. File times and process start times closer than this cannot be ordered. */
export const clockTolerance = 2;

/** `edited`: the modification time is newer than the kubelet. `touched`: only the change time (ctime) is, as after a chmod or `cp -p`. */
export type ChangeSinceStart = 'edited' | 'touched';

/** Undefined for a file older than the kubelet, and for one that a plan is about to write. */
export function changeSinceStart(file: FileFact | undefined, process: ProcessFact): ChangeSinceStart | undefined {
  if (file === undefined || file.kind === 'absent' || file.kind === 'unreadable' || file.planned === true)
    return undefined;
  const started = process.startedAt + clockTolerance;
  if (file.mtime > started) return 'edited';
  return (file.ctime ?? 0) > started ? 'touched' : undefined;
}
