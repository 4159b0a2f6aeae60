/** The interface of a connection to a host: run scripts as root, open streams, close. */
import type { Duplex } from 'node:stream';
import type { Result } from '../lib/result.js';
import type { HostError } from './errors.js';

export interface RunOptions {
  /** Milliseconds until the call fails and its channel is closed. */
  readonly deadline: number;
  /** Maximum bytes of stdout (default 4 MiB); more fails the call with kind `output`. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  /** The exit status of the script; null if a signal ended it. */
  readonly code: number | null;
  readonly signal: string | undefined;
  /** The output of the script, without earlier output of login files. */
  readonly stdout: Buffer;
  /** The last 8 KiB, as text. */
  readonly stderr: string;
  /** Milliseconds. */
  readonly took: number;
}

/** The target of a stream, as seen from the node. */
export type Target = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** A machine that was reached without a jump host. */
export interface Direct {
  /** The remote IP address of the SSH connection, in canonical form. */
  readonly address: string;
  /** Opens a TCP connection from this machine to a port of that address; `deadline` in milliseconds. */
  open(port: number, options: { readonly deadline: number }): Promise<Result<Duplex, HostError>>;
}

export interface Session {
  /** The host name in the inventory. */
  readonly name: string;
  /** The login user. */
  readonly user?: string | undefined;
  /** What carries the connection. */
  readonly transport?: 'ssh2' | 'openssh' | undefined;
  /** Undefined behind a jump host. */
  readonly direct?: Direct | undefined;
  /** True once the connection with the jump host on the way is gone; what came last may not be all. */
  lostBastion?(): boolean;
  /** Runs POSIX shell text with `args` as $1, $2 ... as root (become: sudo) or as the login user (become: none). */
  run(script: string, args: readonly string[], options: RunOptions): Promise<Result<RunResult, HostError>>;
  /** Opens a stream through the connection (direct-tcpip or direct-streamlocal); `deadline` in milliseconds. */
  open(target: Target, options: { readonly deadline: number }): Promise<Result<Duplex, HostError>>;
  /** Closes the connection. Never rejects. */
  close(): Promise<void>;
}
