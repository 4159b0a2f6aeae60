/** What most SSH tests need: a workshop for keys, and connectors that are closed after each test. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach } from 'vitest';
import type { Host } from '../../src/inventory/host.js';
import { createConnector } from '../../src/ssh/connect.js';
import type { ConnectOptions, Connector } from '../../src/ssh/connect.js';
import type { HostError } from '../../src/ssh/errors.js';
import type { Session } from '../../src/ssh/session.js';
import { silent } from './secrets-fake.js';
import { openWorkshop } from './sshd.js';
import type { Workshop } from './sshd.js';

export interface Rig {
  readonly shop: Workshop;
  /** A strict connector without agent, terminal and ssh_config, unless `options` say so. */
  connector(options?: Partial<ConnectOptions>): Connector;
  /** A session, or a thrown error with the reason. */
  session(host: Host, options?: Partial<ConnectOptions>): Promise<Session>;
  /** Why there is no session. */
  refusal(host: Host, options?: Partial<ConnectOptions>): Promise<HostError>;
  /** Serves bare TCP connections on loopback until the end of all tests; the port. */
  serve(connected: (socket: Socket) => void): Promise<number>;
  /** Ended after all tests. */
  later(end: () => Promise<void>): void;
}

/** Call at the top of a test file. */
export function useRig(): Rig {
  const shop = openWorkshop();
  const config = shop.write('ssh_config', '');
  const connectors: Connector[] = [];
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(connectors.splice(0).map((one) => one.close()));
  });
  afterAll(async () => {
    // All at once: one that hangs must not keep the others alive.
    await Promise.all(ends.map((end) => end()));
    shop.remove();
  });
  const connector = (options: Partial<ConnectOptions> = {}): Connector => {
    const made = createConnector({
      hostKeys: 'strict',
      connectTimeout: 10_000,
      secrets: silent,
      env: {},
      sshConfigFile: config,
      ...options,
    });
    connectors.push(made);
    return made;
  };
  return {
    shop,
    connector,
    async session(host, options) {
      const result = await connector(options).connect(host);
      if (!result.ok) throw new Error(`${result.error.kind}: ${result.error.message}`);
      return result.value;
    },
    async refusal(host, options) {
      const result = await connector(options).connect(host);
      if (result.ok) throw new Error('the connection was made');
      return result.error;
    },
    async serve(connected) {
      const server = createServer(connected).listen(0, '127.0.0.1');
      await once(server, 'listening');
      ends.push(() => new Promise((resolve) => server.close(() => resolve())));
      return (server.address() as AddressInfo).port;
    },
    later: (end) => ends.push(end),
  };
}
