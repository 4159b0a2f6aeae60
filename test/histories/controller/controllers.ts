/** Processes of kubelatch in a history: each lives until it ends or dies, and what it awaits after its death never comes. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Random } from '../random.js';
import type { Time } from '../time.js';

/** One process of kubelatch, on its operator's machine. */
export interface Controller {
  readonly name: string;
  readonly pid: number;
  /** Its operator's machine: journals of another one are not there. */
  readonly place: string;
  isAlive: boolean;
  /** Called once, when it dies. */
  readonly died: () => void;
}

/** What the replaced modules of src work with: one history at a time. */
export interface Stage {
  readonly time: Time;
  readonly random: Random;
  readonly controllers: Controller[];
}

let stage: Stage | undefined;
const current = new AsyncLocalStorage<Controller>();

export const setStage = (next: Stage): void => void (stage = next);

export function theStage(): Stage {
  if (stage === undefined) throw new RangeError('no history');
  return stage;
}

export function theController(): Controller {
  const found = current.getStore();
  if (found === undefined) throw new RangeError('no controller');
  return found;
}

/** Runs a verb as a process of its own. Resolves to its result, or undefined where it died. */
export function control<T>(
  name: string,
  place: string,
  verb: (self: Controller) => Promise<T>,
): Promise<T | undefined> {
  const { controllers, time } = theStage();
  return new Promise((resolve, reject) => {
    const self: Controller = {
      ...{ name, place, pid: controllers.length + 1, isAlive: true },
      died() {
        self.isAlive = false;
        time.wake();
        resolve(undefined);
      },
    };
    controllers.push(self);
    current.run(self, () => {
      verb(self).then((result) => {
        if (!self.isAlive) return;
        self.isAlive = false;
        time.wake();
        resolve(result);
      }, reject);
    });
  });
}

/** Resolves in so many milliseconds of virtual time, unless the controller dies before. */
export function waited(ms: number, signal?: AbortSignal): Promise<void> {
  const { time } = theStage();
  const self = theController();
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const leave = (): void => {
      signal?.removeEventListener('abort', leave);
      appointment.cancel();
      if (!self.isAlive) return;
      time.wake();
      resolve();
    };
    const appointment = time.after(ms, leave);
    signal?.addEventListener('abort', leave, { once: true });
  });
}
