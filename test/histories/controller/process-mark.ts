/** In the place of src/lib/process-mark.ts: the processes of a history. */
import { theController, theStage } from './controllers.js';

export interface ProcessMark {
  readonly machine: string;
  readonly pid: number;
  readonly started: string;
  readonly namespace?: string | undefined;
}

export function ownMark(): ProcessMark {
  const { place, pid } = theController();
  return { machine: place, pid, started: `start-${pid}`, namespace: place };
}

export function stillRunning({ machine, pid }: ProcessMark): 'yes' | 'no' | 'elsewhere' {
  if (machine !== theController().place) return 'elsewhere';
  return theStage().controllers.some((one) => one.pid === pid && one.isAlive) ? 'yes' : 'no';
}
