/** Turns errors of sockets and of ssh2 into host errors, by error codes and levels, never by the wording of a message. */
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

/** The code of an error, or of the first inner error if several addresses were tried. */
function codeOf(error: unknown): string | undefined {
  const { code, errors } = coded(error);
  if (typeof code === 'string') return code;
  return Array.isArray(errors) ? codeOf(errors[0]) : undefined;
}

/** The part of ssh2 that failed: client-socket, handshake, protocol, agent, … */
export function levelOf(error: unknown): string | undefined {
  const { level } = coded(error);
  return typeof level === 'string' ? level : undefined;
}

/** True if the server sent DISCONNECT. Only then does ssh2 put a number, the reason, into `code`. */
export const serverDisconnected = (error: unknown): boolean => typeof coded(error).code === 'number';

/** The reason code of a CHANNEL_OPEN_FAILURE; undefined for other errors. */
export function reasonOf(error: unknown): number | undefined {
  const { reason } = coded(error);
  return typeof reason === 'number' ? reason : undefined;
}

/** A failed TCP connection. `where` is host:port; `seconds` is the timeout. */
export function dialFailure(error: unknown, where: string, seconds: number): HostError {
  const code = codeOf(error);
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_FAIL':
      return hostError(
        'dns',
        `${where}: the name does not resolve`,
        'set `address` for this host in the inventory, or check DNS',
      );
    case 'ECONNREFUSED':
      return hostError(
        'refused',
        `nothing listens on ${where}`,
        'check that sshd is running, and check the port in the inventory',
      );
    case 'ETIMEDOUT':
      return timeoutFailure(where, seconds);
    default:
      return hostError(
        'network',
        `${where}: ${oneLine(messageOf(error))}`,
        'check the routes and firewalls between this machine and the host',
      );
  }
}

/** `where` is host:port; `words` is what ssh said meanwhile, or ''. */
export const timeoutFailure = (where: string, seconds: number, words = ''): HostError =>
  hostError(
    'timeout',
    `no answer from ${where} within ${seconds} s${words === '' ? '' : `; ssh says: ${words}`}`,
    'check that the host is up and that no firewall blocks SSH',
  );

/** A handshake that failed before the login. */
export function handshakeFailure(error: unknown, where: string): HostError {
  const what = oneLine(messageOf(error));
  if (levelOf(error) === 'handshake') {
    return hostError(
      'algorithms',
      `${where}: ${what}`,
      'allow curve25519-sha256, aes-gcm or aes-ctr, hmac-sha2 and an ed25519, ecdsa or rsa-sha2 host key in sshd_config on the host',
    );
  }
  return droppedFailure(where, what);
}

/** A connection that ended before the login, as sshd ends those that are too many; `what` is all that is known of it. */
export const droppedFailure = (where: string, what: string): HostError =>
  hostError(
    'network',
    `${where}: the server dropped the connection before the login: ${what}`,
    'sshd does that beyond its MaxStartups or PerSourcePenalties, and so do fail2ban and TCP wrappers: read its log, and check that this is an SSH server',
  );

/** A channel that could not be opened over an SSH connection. `far` is its target. */
export function openFailure(error: unknown, far: string): HostError {
  const what = oneLine(messageOf(error));
  switch (reasonOf(error)) {
    case PROHIBITED:
    case UNKNOWN_CHANNEL:
      return hostError(
        'forward',
        `the SSH server forbids forwarding to ${far}: ${what}`,
        'allow it in sshd_config on the host: AllowTcpForwarding, AllowStreamLocalForwarding, PermitOpen',
      );
    case CONNECT_FAILED: {
      // sshd gives this reason for a forbidden unix socket too.
      const or = far.startsWith('/') ? ', or the SSH server forbids forwarding to sockets' : '';
      return hostError(
        'refused',
        `nothing answers on ${far}${or}: ${what}`,
        'check that the service is listening there',
      );
    }
    default:
      return hostError('lost', `the connection was lost while opening ${far}: ${what}`, 'try again');
  }
}

/** A connection that broke during a call; `why` may be ''. */
export const lostFailure = (why: string): HostError =>
  hostError(
    'lost',
    `the connection was lost${why === '' ? '' : `: ${oneLine(why)}`}`,
    'try again; if it fails again, check the network and the sshd log on the host',
  );

export const abortedFailure = (): HostError => hostError('aborted', 'the call was cancelled', 'run the command again');

/** More output than the caller accepts. */
export const outputFailure = (where: string, cap: number): HostError =>
  hostError(
    'output',
    `more than ${cap} bytes of output ${where}`,
    'check what the host prints, for example in its login files',
  );
