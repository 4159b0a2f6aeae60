/** The word to a node that this side lives: as long as it comes, the node's switch waits. */
import { sleep } from '../lib/clock.js';
import type { Session } from '../ssh/session.js';
import type { HostTask } from './host-task.js';
import { type SwitchTimes, beat } from './transaction.js';

export interface Heartbeat {
  /** No further word is sent; resolves when the last one is through. */
  stop(): Promise<void>;
}

/** Milliseconds; often enough that two words may be lost. */
const interval = ({ deadline }: SwitchTimes): number => Math.min(20_000, (deadline * 1000) / 3);

/** Sends heartbeats through `session`, and over a new connection once that one fails. */
export function startHeartbeat(
  { connect }: Pick<HostTask, 'connect'>,
  session: Session,
  change: { readonly id: string; readonly nonce: string; readonly times: SwitchTimes },
): Heartbeat {
  const ended = new AbortController();
  let own: Session | undefined;
  const isEnded = (): boolean => ended.signal.aborted;
  const loop = async (): Promise<void> => {
    for (let isLost = false; !isEnded();) {
      if (isLost) {
        await own?.close();
        const fresh = await connect();
        own = fresh.ok ? fresh.value : undefined;
      }
      if (!isLost || own === undefined) await sleep(isLost ? 1000 : interval(change.times), ended.signal);
      if (isEnded()) break;
      const said = await beat(own ?? session, change.id, change.nonce);
      // Decided: there is nothing to put off any more.
      if (said.ok && said.value.word === 'state') break;
      isLost = !said.ok;
    }
    await own?.close();
  };
  const done = loop();
  return {
    stop() {
      ended.abort();
      return done;
    },
  };
}
