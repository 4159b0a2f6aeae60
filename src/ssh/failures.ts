/** Errors of sockets and of ssh2 as host errors: told by their codes and levels, quoted but never matched on words. */
import { messageOf } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';

/** CHANNEL_OPEN_FAILURE reasons of RFC 4254, 5.1. */
export const PROHIBITED = 1;
const CONNECT_FAILED = 2;
const UNKNOWN_CHANNEL = 3;

interface CodedError {
  readonly code?: unknown;
  readonly level?: unknown;
  readonly reason?: unknown;
  readonly errors?: unknown;
}

const coded = (error: unknown): CodedError => (typeof error === 'object' && error !== null ? error : {});

/** The code of an error, or of the first one inside where several addresses were tried. */
function codeOf(error: unknown): string | undefined {
  const { code, errors } = coded(error);
  if (typeof code === 'string') return code;
  return Array.isArray(errors) ? codeOf(errors[0]) : undefined;
}

/** ssh2's own word for the part that failed: client-socket, handshake, protocol, agent, … */
export function levelOf(error: unknown): string | undefined {
  const { level } = coded(error);
  return typeof level === 'string' ? level : undefined;
}

/** The server ended the connection with a DISCONNECT message: ssh2 puts its reason, a number, into `code`. */
export const saidGoodbye = (error: unknown): boolean => typeof coded(error).code === 'number';

export function reasonOf(error: unknown): number | undefined {
  const { reason } = coded(error);
  return typeof reason === 'number' ? reason : undefined;
}

/** A TCP connection that did not come about. `where` is host:port. */
export function dialFailure(error: unknown, where: string, seconds: number): HostError {
  const code = codeOf(error);
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_FAIL':
      return hostError(
        'dns',
        `${where}: the name does not resolve (${code})`,
        'set its address in the inventory, or check the DNS',
      );
    case 'ECONNREFUSED':
      return hostError(
        'refused',
        `nothing listens on ${where}`,
        'check that sshd runs there, and the port in the inventory',
      );
    case 'ETIMEDOUT':
      return timeoutFailure(where, seconds);
    default:
      return hostError(
        'network',
        `${where}: ${oneLine(messageOf(error))}${code === undefined ? '' : ` (${code})`}`,
        'check routes and firewalls between here and the host',
      );
  }
}

export const timeoutFailure = (where: string, seconds: number): HostError =>
  hostError(
    'timeout',
    `no answer from ${where} within ${seconds} s`,
    'check that the host is up and that a firewall lets SSH through',
  );

/** A handshake that ended before the login began. */
export function handshakeFailure(error: unknown, where: string): HostError {
  const what = oneLine(messageOf(error));
  if (levelOf(error) === 'handshake') {
    return hostError(
      'algorithms',
      `${where}: ${what}`,
      'allow curve25519-sha256, aes-gcm or aes-ctr, hmac-sha2 and an ed25519, ecdsa or rsa-sha2 host key in its sshd_config',
    );
  }
  return hostError(
    'network',
    `${where}: the connection ended during the handshake: ${what}`,
    'check that this is an SSH server, and its log (MaxStartups, fail2ban, TCP wrappers)',
  );
}

/** A channel through an established connection that was not opened. `far` is what it should have led to. */
export function openFailure(error: unknown, far: string): HostError {
  const what = oneLine(messageOf(error));
  switch (reasonOf(error)) {
    case PROHIBITED:
    case UNKNOWN_CHANNEL:
      return hostError(
        'forward',
        `the SSH server forbids forwarding to ${far}: ${what}`,
        'allow it: AllowTcpForwarding, AllowStreamLocalForwarding, PermitOpen in its sshd_config',
      );
    case CONNECT_FAILED: {
      // sshd uses this reason for a forbidden unix socket too.
      const or = far.startsWith('/') ? ', or the SSH server forbids forwarding to sockets' : '';
      return hostError('refused', `nothing answers on ${far}${or}: ${what}`, 'check that the service listens there');
    }
    default:
      return hostError('lost', `the connection ended while ${far} was opened: ${what}`, 'try again');
  }
}

export const lostFailure = (why: string): HostError =>
  hostError(
    'lost',
    `the connection was lost${why === '' ? '' : `: ${oneLine(why)}`}`,
    'try again; if it comes back, look at the network and at the log of its sshd',
  );

export const abortedFailure = (): HostError => hostError('aborted', 'the call was cancelled', 'run it again');
