/** A transport over an ssh process that is logged in. */
import { sleep } from '../lib/clock.js';
import type { Channels } from './channels.js';
import type { PacketStream } from './mux-proxy.js';
import type { Master } from './openssh-master.js';
import type { Transport } from './transport.js';

export interface OpensshParts {
  readonly channels: Channels;
  readonly stream: PacketStream;
  readonly master: Master;
  /** The remote IP address; undefined behind a jump host. */
  readonly peer: string | undefined;
}

const CLOSE_GRACE = 2_000;

export function opensshTransport({ channels, stream, master, peer }: OpensshParts): Transport {
  let isAlive = true;
  let isClosing = false;
  stream.onEnd(() => {
    isAlive = false;
    // Without its control socket, ssh is of no use.
    if (!isClosing) master.kill('SIGTERM');
  });
  return {
    kind: 'openssh',
    peer,
    exec: (command, opened) => channels.exec(command, opened),
    forward: (target, opened) => channels.forward(target, opened),
    alive: () => isAlive,
    lastError: () => (isClosing ? '' : master.words()),
    onClose: (listener) => stream.onEnd(listener),
    destroy() {
      master.kill('SIGKILL');
      stream.destroy();
    },
    async close() {
      isClosing = true;
      master.kill('SIGTERM');
      const timer = setTimeout(() => master.kill('SIGKILL'), CLOSE_GRACE);
      // Something that ssh started may hold its pipes open.
      const stop = new AbortController();
      await Promise.race([master.ended, sleep(2 * CLOSE_GRACE, stop.signal)]);
      stop.abort();
      clearTimeout(timer);
    },
  };
}
