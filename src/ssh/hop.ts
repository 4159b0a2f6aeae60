/** One connection to one machine, directly or through a jump host: by ssh2, by OpenSSH, or by the one that can. */
import type { Duplex } from 'node:stream';
import { monotonic } from '../lib/clock.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { onAbort } from './abort.js';
import { addressOf, dial } from './dial.js';
import type { JumpHost } from './dial.js';
import type { HostError } from './errors.js';
import { abortedFailure, timeoutFailure } from './failures.js';
import type { HostKeys } from './host-key.js';
import type { Keyring } from './keyring.js';
import { opensshHandshake } from './openssh-hop.js';
import type { Masters } from './openssh-master.js';
import type { Passwords } from './passwords.js';
import { reasonForOpenssh, reasonInKnownHosts, withOpensshHint, withSecondTry } from './choose-transport.js';
import { startTimeout } from './timeout.js';
import type { PausableTimeout } from './timeout.js';
import type { Endpoint } from './route.js';
import type { Secrets } from './secrets.js';
import { ssh2Handshake } from './ssh2-hop.js';
import type { Transport } from './transport.js';

export interface HopTools {
  readonly hostKeys: HostKeys;
  readonly keyring: Keyring;
  readonly passwords: Passwords;
  readonly secrets: Secrets;
  readonly masters: Masters;
  /** Milliseconds for TCP connection, handshake and login together, without the time spent on prompts. */
  readonly connectTimeout: number;
  /** Milliseconds; 0 disables keepalives. */
  readonly keepaliveInterval: number;
  readonly signal: AbortSignal | undefined;
  readonly log: (line: string) => void;
}

export interface Failed {
  readonly error: HostError;
  /**
   * `dropped`: the server closed the connection before the login, as a busy one does. `late`: during the login, because
   * the user took long to answer. A login that was refused is never to be tried again: sshd counts it.
   */
  readonly retry: false | 'dropped' | 'late';
  /** What ssh2 lacks here and OpenSSH may have. */
  readonly needsOpenssh?: string | undefined;
}

/** A connected socket, over which the handshake and the login are to be made. */
export interface Handshake {
  readonly endpoint: Endpoint;
  readonly socket: Duplex;
  readonly tools: HopTools;
  readonly knownTypes: readonly string[];
  readonly timeout: PausableTimeout;
  /** Fires at the end of the attempt. What is not ready then has to go. */
  readonly stop: AbortSignal;
  /** For a message about the timeout: what was said so far. */
  readonly progress: { words: () => string };
}

/** Milliseconds that the attempt took, without the time spent on prompts. */
export type Tried = Failed & { readonly took: number };
type Attempt = (jumpHost: JumpHost | undefined) => Promise<Result<Transport, Tried>>;
/** Makes as many attempts as it takes, each over a jump host that is alive, or from here. */
type Approach = (attempt: Attempt) => Promise<Result<Transport, Failed>>;

type Shake = (handshake: Handshake) => Promise<Result<Transport, Failed>>;

/** Connects and logs in, by the transport of the endpoint. */
export async function openHop(
  endpoint: Endpoint,
  approach: Approach,
  tools: HopTools,
): Promise<Result<Transport, HostError>> {
  const isAuto = endpoint.transport === 'auto';
  const first = isAuto ? await reasonForOpenssh(endpoint, tools.keyring) : undefined;
  const open = (shake: Shake): Promise<Result<Transport, Failed>> =>
    approach((jumpHost) => tryHop(shake, endpoint, jumpHost, tools));
  const byOpenssh = (why: string): Promise<Result<Transport, Failed>> => {
    tools.log(`${endpoint.label}: connecting by OpenSSH, because ${why}`);
    return open(opensshHandshake);
  };
  if (endpoint.transport === 'openssh') return errorOf(await open(opensshHandshake));
  if (first !== undefined) return errorOf(await byOpenssh(first));
  const tried = await open(ssh2Handshake);
  if (tried.ok) return tried;
  const { error } = tried.error;
  const needsOpenssh = tried.error.needsOpenssh ?? (await reasonInKnownHosts(endpoint, error, tools.hostKeys));
  if (needsOpenssh === undefined) return fail(error);
  if (!isAuto) return fail(withOpensshHint(error));
  const again = await byOpenssh(needsOpenssh);
  return again.ok ? again : fail(withSecondTry(error, again.error.error));
}

const errorOf = (result: Result<Transport, Failed>): Result<Transport, HostError> =>
  result.ok ? ok(result.value) : fail(result.error.error);

async function tryHop(
  shake: Shake,
  endpoint: Endpoint,
  jumpHost: JumpHost | undefined,
  tools: HopTools,
): Promise<Result<Transport, Tried>> {
  const { signal, connectTimeout } = tools;
  const began = monotonic();
  const seconds = connectTimeout / 1000;
  let cancel: (error: HostError) => void = () => undefined;
  const cancelled = new Promise<Result<never, Failed>>((resolve) => {
    cancel = (error) => resolve(fail({ error, retry: false }));
  });
  const progress = { words: (): string => '' };
  const timeout = startTimeout(connectTimeout, () =>
    cancel(timeoutFailure(addressOf(endpoint), seconds, progress.words())),
  );
  const stopListening = onAbort(signal, () => cancel(abortedFailure()));
  const stop = new AbortController();
  const connect = async (): Promise<Result<Transport, Failed>> => {
    const knownTypes = await tools.hostKeys.knownTypes(endpoint);
    const socket = await dial(endpoint, jumpHost, stop.signal, seconds);
    if (!socket.ok) return fail({ error: socket.error, retry: false });
    return shake({ endpoint, socket: socket.value, tools, knownTypes, timeout, stop: stop.signal, progress });
  };
  try {
    const result = await Promise.race([cancelled, connect()]);
    return result.ok ? result : fail({ ...result.error, took: monotonic() - began - timeout.paused });
  } finally {
    timeout.stop();
    stopListening();
    stop.abort('over');
  }
}
