/** One connection to one machine, directly or through the machine before it: dial, verify the host key, log in. */
import { connect as tcpConnect } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { Client } from 'ssh2';
import { sleep } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { offeredAlgorithms } from './algorithms.js';
import { createLogin } from './auth.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import {
  PROHIBITED,
  abortedFailure,
  dialFailure,
  handshakeFailure,
  levelOf,
  openFailure,
  reasonOf,
  timeoutFailure,
} from './failures.js';
import type { HostKeys } from './host-key.js';
import type { Keyring } from './keyring.js';
import { startPatience } from './patience.js';
import type { Patience } from './patience.js';
import type { Endpoint } from './route.js';
import type { Lender, Secrets } from './secrets.js';

export interface HopTools {
  readonly hostKeys: HostKeys;
  readonly keyring: Keyring;
  readonly lender: Lender;
  readonly secrets: Secrets;
  /** Milliseconds for dialling, handshake and login together; time in which a person is asked does not count. */
  readonly connectTimeout: number;
  /** Milliseconds; 0 switches keepalive off. */
  readonly keepaliveInterval: number;
  readonly signal: AbortSignal | undefined;
}

/** A machine on the way that failed is told as `jump`. */
export interface Via {
  readonly label: string;
  readonly client: Client;
}

export interface Hop {
  readonly client: Client;
  /** Why the connection ended, '' while it stands or when it was closed in order. */
  lastError(): string;
  alive(): boolean;
}

interface Failed {
  readonly error: HostError;
  /** The other side hung up early: worth another try. */
  readonly again: boolean;
}

const ATTEMPTS = 4;
const PAUSE_LIMIT = 1_000;

/** Connects and logs in, with a few jittered tries where the server hangs up early (MaxStartups). */
export async function openHop(
  endpoint: Endpoint,
  via: Via | undefined,
  tools: HopTools,
): Promise<Result<Hop, HostError>> {
  for (let attempt = 1; ; attempt++) {
    const result = await tryHop(endpoint, via, tools);
    if (result.ok) return result;
    if (!result.error.again || attempt === ATTEMPTS || tools.signal?.aborted === true) return fail(result.error.error);
    await sleep(150 * 2 ** attempt * (0.5 + Math.random()), tools.signal);
  }
}

async function tryHop(endpoint: Endpoint, via: Via | undefined, tools: HopTools): Promise<Result<Hop, Failed>> {
  const where = `${endpoint.hostname}:${endpoint.port}`;
  const seconds = tools.connectTimeout / 1000;
  let patience: Patience | undefined;
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<Result<never, Failed>>((resolve) => {
    patience = startPatience(tools.connectTimeout, () =>
      resolve(fail({ error: timeoutFailure(where, seconds), again: false })),
    );
    onAbort = () => resolve(fail({ error: abortedFailure(), again: false }));
    if (tools.signal?.aborted === true) onAbort();
    tools.signal?.addEventListener('abort', onAbort);
  });
  const stop = new AbortController();
  try {
    const knownTypes = await tools.hostKeys.knownTypes(endpoint);
    const socket = await Promise.race([dial(endpoint, via, stop.signal, seconds), stopped]);
    if (!socket.ok) return socket;
    const shaken = handshake({
      endpoint,
      socket: socket.value,
      tools,
      knownTypes,
      patience: patience as unknown as Patience,
      stop: stop.signal,
    });
    return await Promise.race([shaken, stopped]);
  } finally {
    (patience as unknown as Patience).stop();
    if (onAbort !== undefined) tools.signal?.removeEventListener('abort', onAbort);
    stop.abort();
  }
}

/** A TCP connection, or a channel through `via`. Aborting `stop` drops one that comes too late. */
function dial(
  endpoint: Endpoint,
  via: Via | undefined,
  stop: AbortSignal,
  seconds: number,
): Promise<Result<Duplex, Failed>> {
  const where = `${endpoint.hostname}:${endpoint.port}`;
  return new Promise((resolve) => {
    if (via === undefined) {
      const socket: Socket = tcpConnect({
        host: endpoint.hostname,
        port: endpoint.port,
        noDelay: true,
        autoSelectFamilyAttemptTimeout: 2_000,
      });
      const drop = (): void => void socket.destroy();
      stop.addEventListener('abort', drop);
      const onError = (error: Error): void =>
        resolve(fail({ error: dialFailure(error, where, seconds), again: false }));
      socket.once('error', onError);
      socket.once('connect', () => {
        // Between here and the handshake nobody else listens.
        socket.on('error', () => undefined);
        stop.removeEventListener('abort', drop);
        resolve(ok(socket));
      });
      return;
    }
    openThrough(via, endpoint, (error, channel) => {
      if (channel === undefined) resolve(fail({ error: viaFailure(error, via.label, where), again: false }));
      else if (stop.aborted) channel.destroy();
      else resolve(ok(channel));
    });
  });
}

function openThrough(via: Via, endpoint: Endpoint, done: (error: unknown, channel?: Duplex) => void): void {
  try {
    via.client.forwardOut('127.0.0.1', 0, endpoint.hostname, endpoint.port, (error, channel) => {
      if (error === undefined) done(undefined, channel);
      else done(error);
    });
  } catch (error) {
    done(error);
  }
}

function viaFailure(error: unknown, label: string, where: string): HostError {
  const failure = openFailure(error, where);
  if (failure.kind === 'refused')
    return { ...failure, message: `${label} cannot connect to ${where}: ${oneLine(messageOf(error))}` };
  const hint =
    reasonOf(error) === PROHIBITED ? `allow TCP forwarding on ${label} (AllowTcpForwarding, PermitOpen)` : failure.hint;
  return hostError('jump', `jump host ${label}: ${failure.message}`, hint);
}

interface Handshake {
  readonly endpoint: Endpoint;
  readonly socket: Duplex;
  readonly tools: HopTools;
  readonly knownTypes: readonly string[];
  readonly patience: Patience;
  readonly stop: AbortSignal;
}

/** The SSH handshake and login over a connected socket. */
function handshake({ endpoint, socket, tools, knownTypes, patience, stop }: Handshake): Promise<Result<Hop, Failed>> {
  const where = `${endpoint.hostname}:${endpoint.port}`;
  const client = new ssh2.Client();
  const login = createLogin({
    endpoint,
    keyring: tools.keyring,
    secrets: tools.secrets,
    borrowPassword: () =>
      tools.lender.borrow(`ssh ${endpoint.user}@${endpoint.label}`, () =>
        tools.secrets.password(endpoint.user, endpoint.label),
      ),
    pausedFor: (ask) => patience.pausedFor(ask),
  });
  let denied: HostError | undefined;
  let verified: Buffer | undefined;
  let loggingIn = false;
  let ready = false;
  let closed = false;
  let lastError: Error | undefined;

  const verify = async (key: Buffer): Promise<boolean> => {
    // Called again at every rekey: the key must stay the one that was verified.
    if (verified !== undefined) return key.equals(verified);
    denied = await tools.hostKeys.check(endpoint, key);
    if (denied === undefined) verified = Buffer.from(key);
    return denied === undefined;
  };

  return new Promise<Result<Hop, Failed>>((resolve) => {
    const failed = (error: HostError, again: boolean): void => {
      login.settle(false);
      resolve(fail({ error, again }));
      client.destroy();
    };
    const abandon = (): void => {
      login.settle(false);
      client.destroy();
      socket.destroy();
    };
    stop.addEventListener('abort', abandon);
    client.on('close', () => (closed = true));
    const conclude = (): void => {
      if (ready) return;
      if (denied !== undefined) failed(denied, false);
      else if (levelOf(lastError) === 'client-authentication') failed(login.failure(), false);
      else if (loggingIn) {
        const hungUp = hostError(
          'network',
          `${where} closed the connection during the login: ${oneLine(messageOf(lastError ?? 'no reason given'))}`,
          `look at the log of its sshd (MaxAuthTries, LoginGraceTime, AllowUsers), or try: ssh ${endpoint.user}@${endpoint.alias}`,
        );
        failed(hungUp, patience.paused > PAUSE_LIMIT);
      } else failed(handshakeFailure(lastError ?? 'it hung up', where), levelOf(lastError) !== 'handshake');
    };
    // This listener stays for the connection's life: an error on an idle connection must not end the process.
    client.on('error', (error) => {
      // A key that would not sign is not the end: the next one is tried.
      if (levelOf(error) === 'agent') return;
      lastError = error;
      if (!ready) conclude();
    });
    client.on('handshake', () => (loggingIn = true));
    client.on('change password', () => {
      failed(
        hostError(
          'auth',
          `the password of ${endpoint.user} has expired`,
          `change it with: ssh ${endpoint.user}@${endpoint.alias}`,
        ),
        false,
      );
    });
    client.on('close', conclude);
    client.on('ready', () => {
      ready = true;
      login.settle(true);
      stop.removeEventListener('abort', abandon);
      lastError = undefined;
      resolve(
        ok({ client, alive: () => !closed, lastError: () => (lastError === undefined ? '' : messageOf(lastError)) }),
      );
    });
    client.connect({
      sock: socket,
      username: endpoint.user,
      ident: 'kubelatch',
      // Own clock instead: it stands still while a person is asked.
      readyTimeout: 0,
      keepaliveInterval: tools.keepaliveInterval,
      keepaliveCountMax: 3,
      algorithms: offeredAlgorithms(knownTypes),
      hostVerifier: (key: Buffer, accept: (valid: boolean) => void) => {
        verify(key).then(accept, (error: unknown) => {
          denied ??= hostError(
            'host-key-unknown',
            `its host key could not be checked: ${oneLine(messageOf(error))}`,
            'look at known_hosts',
          );
          accept(false);
        });
      },
      authHandler: login.handler,
    });
  });
}
