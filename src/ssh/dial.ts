/** Connects to an SSH port: over TCP, or through a jump host. */
import { connect as tcpConnect } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../lib/errors.js';
import { canonicalAddress, hostAndPort } from '../lib/ip-address.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { PROHIBITED, dialFailure, openFailure, reasonOf } from './failures.js';
import type { Endpoint } from './route.js';
import type { Transport } from './transport.js';

/** The jump host through which a machine is reached. */
export interface JumpHost {
  readonly label: string;
  readonly transport: Pick<Transport, 'forward'>;
}

/** Milliseconds for each address of a name. Node's default of 250 is too short for distant hosts. */
const ADDRESS_TIMEOUT = 2_000;

/** `host:port` for messages. */
export const addressOf = ({ hostname, port }: Endpoint): string => hostAndPort(hostname, port);

/** The remote IP address of a socket in canonical form; undefined for a stream through a jump host. */
export const peerOf = (socket: Duplex): string | undefined =>
  'remoteAddress' in socket && typeof socket.remoteAddress === 'string'
    ? canonicalAddress(socket.remoteAddress)
    : undefined;

/** Aborting `stop` cancels, and closes a connection that opens too late. `seconds` is the timeout shown in messages. */
export function dial(
  endpoint: Endpoint,
  jumpHost: JumpHost | undefined,
  stop: AbortSignal,
  seconds: number,
): Promise<Result<Duplex, HostError>> {
  return jumpHost === undefined ? dialDirectly(endpoint, stop, seconds) : dialThrough(jumpHost, endpoint, stop);
}

function dialDirectly(endpoint: Endpoint, stop: AbortSignal, seconds: number): Promise<Result<Duplex, HostError>> {
  return new Promise((resolve) => {
    const socket = tcpConnect({
      host: endpoint.hostname,
      port: endpoint.port,
      noDelay: true,
      autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT,
    });
    const drop = (): void => {
      socket.destroy();
    };
    stop.addEventListener('abort', drop);
    // Keep this listener: until the handshake starts, nothing else handles socket errors.
    socket.on('error', (error) => resolve(fail(dialFailure(error, addressOf(endpoint), seconds))));
    socket.once('connect', () => {
      stop.removeEventListener('abort', drop);
      resolve(ok(socket));
    });
  });
}

function dialThrough(jumpHost: JumpHost, endpoint: Endpoint, stop: AbortSignal): Promise<Result<Duplex, HostError>> {
  return new Promise((resolve) => {
    const failed = (error: unknown): void => resolve(fail(jumpFailure(error, jumpHost.label, addressOf(endpoint))));
    try {
      jumpHost.transport.forward({ host: endpoint.hostname, port: endpoint.port }, (error, channel) => {
        if (error !== undefined) failed(error);
        else if (stop.aborted) channel.destroy();
        else resolve(ok(channel));
      });
    } catch (error) {
      failed(error);
    }
  });
}

function jumpFailure(error: unknown, label: string, where: string): HostError {
  const failure = openFailure(error, where);
  if (failure.kind === 'refused') {
    return { ...failure, message: `jump host ${label} could not connect to ${where}: ${oneLine(messageOf(error))}` };
  }
  const hint =
    reasonOf(error) === PROHIBITED ? `allow TCP forwarding on ${label} (AllowTcpForwarding, PermitOpen)` : failure.hint;
  return hostError('jump', `jump host ${label}: ${failure.message}`, hint);
}
