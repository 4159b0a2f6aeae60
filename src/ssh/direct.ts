/** TCP connections from this machine to other ports of a host that needs no jump host. */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { hostAndPort } from '../lib/ip-address.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { HostError } from './errors.js';
import { dialFailure, timeoutFailure } from './failures.js';
import type { Direct } from './session.js';

/** `address` is the remote IP address of the SSH connection. */
export const directTo = (address: string): Direct => ({
  address,
  open: (port, { deadline }) => openPort(address, port, deadline),
});

function openPort(address: string, port: number, deadline: number): Promise<Result<Duplex, HostError>> {
  const where = hostAndPort(address, port);
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, noDelay: true });
    const end = (error: HostError): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(fail(error));
    };
    const timer = setTimeout(() => end(timeoutFailure(where, deadline / 1000)), deadline);
    // Keep this listener: the stream may have no other one when the connection breaks.
    socket.on('error', (error) => end(dialFailure(error, where, deadline / 1000)));
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(ok(socket));
    });
  });
}
