/** Opens connections to a node's ports from a vantage point: from this machine, from the node itself, or from another node. */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type HttpAnswer, type PortRequest, requestOnNode } from '../facts/node-http.js';
import { oneLine } from '../lib/sanitize.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import type { Origin } from './check.js';

export type Opened =
  | { readonly kind: 'open'; readonly stream: Duplex }
  /** A machine answered that nothing listens there. */
  | { readonly kind: 'refused' }
  /** Nobody answered: a firewall drops packets, or nothing has that address. */
  | { readonly kind: 'filtered'; readonly reason: string }
  /** This vantage point has no way to that address, such as a machine without IPv6. */
  | { readonly kind: 'no-route'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface Vantage {
  readonly origin: Origin;
  /** `deadline` in milliseconds. */
  open(address: string, port: number, deadline: number): Promise<Opened>;
  /** Sends one request with the node's own tools where no stream can be opened, and tells nothing but the HTTP status. */
  readonly requestWithoutStream?: ((ask: PortRequest) => Promise<HttpAnswer>) | undefined;
}

export const fromController = (): Vantage => ({ origin: { from: 'controller' }, open: openHere });

/** From the node that the session is with, to its own ports. */
export const fromNode = (session: Session): Vantage => overSession(session, { from: 'node' });

/** From the node that the session is with, to the ports of another one. */
export const fromPeer = (session: Session): Vantage => ({
  ...overSession(session, { from: 'peer', via: session.name }),
  // The node's own tools tell of listeners on the node itself.
  requestWithoutStream: undefined,
});

function overSession(session: Session, origin: Origin): Vantage {
  return {
    origin,
    async open(address, port, deadline) {
      const stream = await session.open({ host: address, port }, { deadline });
      return stream.ok ? { kind: 'open', stream: stream.value } : refusalOf(stream.error);
    },
    requestWithoutStream: (ask) => requestOnNode(session, ask),
  };
}

/**
 * An SSH server gives one reason for every connection that failed, and the error of the operating system as text. Only those
 * that are sure to say it count as refused.
 */
function refusalOf({ kind, message }: HostError): Opened {
  const reason = oneLine(message);
  if (kind === 'deadline' || kind === 'timeout') return { kind: 'filtered', reason };
  if (kind !== 'refused') return { kind: 'unknown', reason };
  if (/Connection refused/i.test(message)) return { kind: 'refused' };
  return /unreachable|no route/i.test(message) ? { kind: 'no-route', reason } : { kind: 'filtered', reason };
}

function openHere(address: string, port: number, deadline: number): Promise<Opened> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, noDelay: true });
    const end = (opened: Opened): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(opened);
    };
    const timer = setTimeout(
      () => end({ kind: 'filtered', reason: `no answer within ${deadline / 1000} s` }),
      deadline,
    );
    // Keep this listener: the stream may have no other one when the connection breaks.
    socket.on('error', (error: NodeJS.ErrnoException) => end(failureOf(error)));
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve({ kind: 'open', stream: socket });
    });
  });
}

function failureOf({ code, message }: NodeJS.ErrnoException): Opened {
  const reason = code ?? oneLine(message);
  if (code === 'ECONNREFUSED') return { kind: 'refused' };
  if (code === 'ETIMEDOUT') return { kind: 'filtered', reason };
  const noRoute = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN', 'EHOSTDOWN'];
  return noRoute.includes(code ?? '') ? { kind: 'no-route', reason } : { kind: 'unknown', reason };
}
