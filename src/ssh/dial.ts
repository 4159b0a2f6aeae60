/** The way to a machine's SSH port: a TCP connection, or a channel through the machine before it. */
import { connect as tcpConnect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import { messageOf } from '../lib/errors.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { PROHIBITED, dialFailure, openFailure, reasonOf } from './failures.js';
import type { Endpoint } from './route.js';

/** The machine before on the way. */
export interface Via {
  readonly label: string;
  readonly client: Client;
}

/** Milliseconds for one of several addresses of a name; Node's 250 are too short for far hosts. */
const ADDRESS_PATIENCE = 2_000;

/** `host:port`, as it stands in messages. */
export const addressOf = ({ hostname, port }: Endpoint): string =>
  hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`;

/** Aborting `stop` gives up, and drops a connection that comes too late. `seconds` is the deadline, for messages. */
export function dial(
  endpoint: Endpoint,
  via: Via | undefined,
  stop: AbortSignal,
  seconds: number,
): Promise<Result<Duplex, HostError>> {
  return via === undefined ? dialDirectly(endpoint, stop, seconds) : dialThrough(via, endpoint, stop);
}

function dialDirectly(endpoint: Endpoint, stop: AbortSignal, seconds: number): Promise<Result<Duplex, HostError>> {
  return new Promise((resolve) => {
    const socket = tcpConnect({
      host: endpoint.hostname,
      port: endpoint.port,
      noDelay: true,
      autoSelectFamilyAttemptTimeout: ADDRESS_PATIENCE,
    });
    const drop = (): void => {
      socket.destroy();
    };
    stop.addEventListener('abort', drop);
    // Stays after the connection stands: between here and the handshake nobody else listens for errors.
    socket.on('error', (error) => resolve(fail(dialFailure(error, addressOf(endpoint), seconds))));
    socket.once('connect', () => {
      stop.removeEventListener('abort', drop);
      resolve(ok(socket));
    });
  });
}

function dialThrough(via: Via, endpoint: Endpoint, stop: AbortSignal): Promise<Result<Duplex, HostError>> {
  return new Promise((resolve) => {
    const failed = (error: unknown): void => resolve(fail(viaFailure(error, via.label, addressOf(endpoint))));
    try {
      via.client.forwardOut('127.0.0.1', 0, endpoint.hostname, endpoint.port, (error, channel) => {
        if (error !== undefined) failed(error);
        else if (stop.aborted) channel.destroy();
        else resolve(ok(channel));
      });
    } catch (error) {
      failed(error);
    }
  });
}

function viaFailure(error: unknown, label: string, where: string): HostError {
  const failure = openFailure(error, where);
  if (failure.kind === 'refused') {
    return { ...failure, message: `jump host ${label} cannot connect to ${where}: ${oneLine(messageOf(error))}` };
  }
  const hint =
    reasonOf(error) === PROHIBITED ? `allow TCP forwarding on ${label} (AllowTcpForwarding, PermitOpen)` : failure.hint;
  return hostError('jump', `jump host ${label}: ${failure.message}`, hint);
}
