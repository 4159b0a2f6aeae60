/** One connection to a machine, whatever carries it: what shells, sudo, streams and jump hosts are built on. */
import type { Duplex, Readable } from 'node:stream';
import type { Target } from './session.js';

/** A running command. Emits `exit` with its code (null if a signal ended it) and the signal's name, then `close`. */
export interface CommandChannel extends Duplex {
  readonly stderr: Readable;
  signal(name: string): void;
  close(): void;
}

type Opened<T> = (error: Error | undefined, channel: T) => void;

export interface Transport {
  readonly kind: 'ssh2' | 'openssh';
  /** The remote IP address in canonical form; undefined behind a jump host. */
  readonly peer?: string | undefined;
  /** Starts a command; the caller must listen to the channel before `opened` returns. Throws if the connection is gone. */
  exec(command: string, opened: Opened<CommandChannel>): void;
  /** Opens a stream to a place that the machine reaches. Throws if the connection is gone. */
  forward(target: Target, opened: Opened<Duplex>): void;
  /** Ends in order; after 2 s without an answer at once. Never rejects. */
  close(): Promise<void>;
  /** Ends at once. */
  destroy(): void;
  onClose(listener: () => void): void;
  alive(): boolean;
  /** Why the connection ended; '' while it is open or if it was closed normally. */
  lastError(): string;
}
