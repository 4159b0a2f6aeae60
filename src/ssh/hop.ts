/** One connection to one machine, directly or through the machine before it: dial, verify the host key, log in. */
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { Client } from 'ssh2';
import { jitter, sleep } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { onAbort } from './abort.js';
import { offeredAlgorithms } from './algorithms.js';
import { createLogin } from './auth.js';
import type { Login } from './auth.js';
import { addressOf, dial } from './dial.js';
import type { Via } from './dial.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { abortedFailure, handshakeFailure, levelOf, saidGoodbye, timeoutFailure } from './failures.js';
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
/** Milliseconds; a server that hangs up after a person thought for longer lost its patience, not its trust. */
const LONG_PAUSE = 1_000;

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
    await sleep(jitter(150 * 2 ** attempt), tools.signal);
  }
}

async function tryHop(endpoint: Endpoint, via: Via | undefined, tools: HopTools): Promise<Result<Hop, Failed>> {
  const { signal, connectTimeout } = tools;
  const seconds = connectTimeout / 1000;
  let giveUp: (error: HostError) => void = () => undefined;
  const given = new Promise<Result<never, Failed>>((resolve) => {
    giveUp = (error) => resolve(fail({ error, again: false }));
  });
  const patience = startPatience(connectTimeout, () => giveUp(timeoutFailure(addressOf(endpoint), seconds)));
  const unlisten = onAbort(signal, () => giveUp(abortedFailure()));
  const stop = new AbortController();
  const connect = async (): Promise<Result<Hop, Failed>> => {
    const knownTypes = await tools.hostKeys.knownTypes(endpoint);
    const socket = await dial(endpoint, via, stop.signal, seconds);
    if (!socket.ok) return fail({ error: socket.error, again: false });
    return shakeHands({ endpoint, socket: socket.value, tools, knownTypes, patience, stop: stop.signal });
  };
  try {
    return await Promise.race([given, connect()]);
  } finally {
    patience.stop();
    unlisten();
    stop.abort();
  }
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
function shakeHands({ endpoint, socket, tools, knownTypes, patience, stop }: Handshake): Promise<Result<Hop, Failed>> {
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
  const check = hostKeyCheck(endpoint, tools.hostKeys);
  let loggingIn = false;
  let ready = false;
  let closed = false;
  let lastError: Error | undefined;

  return new Promise<Result<Hop, Failed>>((resolve) => {
    const abandon = (): void => {
      login.settle('unknown');
      client.destroy();
      socket.destroy();
    };
    const conclude = (): void => {
      if (ready) return;
      const failed = check.denied();
      const why: Failed =
        failed !== undefined
          ? { error: failed, again: false }
          : loggingIn
            ? loginFailed(endpoint, login, lastError, patience)
            : {
                error: handshakeFailure(lastError ?? 'it hung up', addressOf(endpoint)),
                again: levelOf(lastError) !== 'handshake',
              };
      login.settle(why.again ? 'unknown' : 'refused');
      resolve(fail(why));
      client.destroy();
    };
    stop.addEventListener('abort', abandon);
    // This listener stays for the connection's life: an error on an idle connection must not end the process.
    client.on('error', (error) => {
      // A key that would not sign is not the end: the next one is tried.
      if (levelOf(error) === 'agent') return;
      lastError = error;
      conclude();
    });
    client.on('close', () => {
      closed = true;
      conclude();
    });
    client.on('handshake', () => (loggingIn = true));
    client.on('change password', () => {
      login.settle('refused');
      const hint = `change it with: ssh ${endpoint.user}@${endpoint.alias}`;
      resolve(fail({ error: hostError('auth', `the password of ${endpoint.user} has expired`, hint), again: false }));
      client.destroy();
    });
    client.on('ready', () => {
      ready = true;
      lastError = undefined;
      login.settle('accepted');
      stop.removeEventListener('abort', abandon);
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
      hostVerifier: (key: Buffer, accept: (valid: boolean) => void) => void check.verify(key).then(accept),
      authHandler: login.handler,
    });
  });
}

interface HostKeyCheck {
  verify(key: Buffer): Promise<boolean>;
  denied(): HostError | undefined;
}

/** ssh2 asks again at every rekey: the key must stay the one that was verified. */
function hostKeyCheck(endpoint: Endpoint, hostKeys: HostKeys): HostKeyCheck {
  let verified: Buffer | undefined;
  let denied: HostError | undefined;
  return {
    async verify(key) {
      if (verified !== undefined) return key.equals(verified);
      denied = await hostKeys
        .check(endpoint, key)
        .catch((error: unknown) =>
          hostError(
            'host-key-unknown',
            `its host key could not be checked: ${oneLine(messageOf(error))}`,
            'look at known_hosts',
          ),
        );
      if (denied === undefined) verified = Buffer.from(key);
      return denied === undefined;
    },
    denied: () => denied,
  };
}

function loginFailed(endpoint: Endpoint, login: Login, lastError: Error | undefined, patience: Patience): Failed {
  if (levelOf(lastError) === 'client-authentication' || login.declined())
    return { error: login.failure(''), again: false };
  const said = lastError === undefined ? '' : oneLine(messageOf(lastError));
  // Too many keys or passwords: the server ends it with a message of its own.
  if (saidGoodbye(lastError)) return { error: login.failure(said), again: false };
  const error = hostError(
    'network',
    `${addressOf(endpoint)} closed the connection during the login${said === '' ? '' : `: ${said}`}`,
    `look at the log of its sshd (LoginGraceTime, AllowUsers), or try: ssh ${endpoint.user}@${endpoint.alias}`,
  );
  return { error, again: patience.paused > LONG_PAUSE };
}
