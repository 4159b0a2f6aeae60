/** A transport over a client of ssh2 that is logged in. */
import type { Client } from 'ssh2';
import type { Transport } from './transport.js';

const CLOSE_GRACE = 2_000;

export function ssh2Transport(client: Client, state: Pick<Transport, 'peer' | 'alive' | 'lastError'>): Transport {
  return {
    ...state,
    kind: 'ssh2',
    exec: (command, opened) => void client.exec(command, opened),
    forward(target, opened) {
      if ('socketPath' in target) client.openssh_forwardOutStreamLocal(target.socketPath, opened);
      else client.forwardOut('127.0.0.1', 0, target.host, target.port, opened);
    },
    destroy: () => void client.destroy(),
    onClose: (listener) => void client.once('close', listener),
    close() {
      if (!state.alive()) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          client.destroy();
          resolve();
        }, CLOSE_GRACE);
        client.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
        client.end();
      });
    },
  };
}
