/** What the rest of the program knows of a connection: run a shell script with privileges, open a stream, close. */
import type { Duplex } from 'node:stream';
import type { Result } from '../lib/result.js';
import type { HostError } from './errors.js';

export interface RunOptions {
  /** Milliseconds until the call is given up; the channel is closed then. */
  readonly deadline: number;
  /** Bytes of stdout that are accepted (default 4 MiB); more ends the call with kind `output`. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  /** The script's exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | undefined;
  /** What the script itself wrote (noise of login files before it is cut off). */
  readonly stdout: Buffer;
  /** At most the last 8 KiB, as text. */
  readonly stderr: string;
  /** Milliseconds. */
  readonly took: number;
}

/** Where a stream is opened to, as seen from the node. */
export type Target = { readonly host: string; readonly port: number } | { readonly socketPath: string };

export interface Session {
  /** The inventory's name of the host. */
  readonly name: string;
  /** Runs POSIX shell text with `args` as $1, $2 ... as root (become: sudo) or as the login user (become: none). */
  run(script: string, args: readonly string[], options: RunOptions): Promise<Result<RunResult, HostError>>;
  /** A stream through the connection (direct-tcpip or direct-streamlocal). */
  open(target: Target, options: { readonly deadline: number }): Promise<Result<Duplex, HostError>>;
  /** Ends the connection; never rejects. */
  close(): Promise<void>;
}
