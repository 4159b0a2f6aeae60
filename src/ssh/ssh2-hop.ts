/** The handshake and login by ssh2: verifies the host key, tries keys and passwords, explains a failure. */
import ssh2 from 'ssh2';
import type { ConnectConfig } from 'ssh2';
import { messageOf } from '../lib/errors.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { offeredAlgorithms } from './algorithms.js';
import { createLogin } from './auth.js';
import type { Login } from './auth.js';
import { addressOf, peerOf } from './dial.js';
import { hostError } from './errors.js';
import { handshakeFailure, levelOf, serverDisconnected } from './failures.js';
import type { Failed, Handshake, HopTools } from './hop.js';
import { hostKeyCheck } from './host-key.js';
import type { HostKeyCheck } from './host-key.js';
import type { HostPassword, NoPassword } from './passwords.js';
import type { PausableTimeout } from './timeout.js';
import type { Endpoint } from './route.js';
import { ssh2Transport } from './ssh2-transport.js';
import type { Transport } from './transport.js';
import { limitUnsolicited } from './unsolicited.js';

/** Milliseconds. If a prompt took longer, the server probably closed the connection because of its own timeout. */
const LONG_PAUSE = 1_000;

/** The SSH handshake and login over a connected socket. */
export function ssh2Handshake({
  endpoint,
  socket,
  tools,
  knownTypes,
  timeout,
  stop,
}: Handshake): Promise<Result<Transport, Failed>> {
  const client = new ssh2.Client();
  const login = createLogin({
    endpoint,
    keyring: tools.keyring,
    secrets: tools.secrets,
    requestPassword: () => requestPassword(endpoint, tools),
    pausedFor: (ask) => timeout.pausedFor(ask),
  });
  const check = hostKeyCheck(endpoint, tools.hostKeys);
  let loggingIn = false;
  let ready = false;
  let closed = false;
  let lastError: Error | undefined;

  return new Promise<Result<Transport, Failed>>((resolve) => {
    const abandon = (): void => {
      login.reportPassword('unknown');
      client.destroy();
      socket.destroy();
    };
    const conclude = (): void => {
      if (ready) return;
      const why = whyFailed({ endpoint, check, login, loggingIn, lastError, timeout });
      login.reportPassword(why.retry === false ? 'refused' : 'unknown');
      resolve(fail(why));
      client.destroy();
    };
    stop.addEventListener('abort', abandon);
    // Keep this listener: an error on an idle connection must not end the process.
    client.on('error', (error) => {
      // If a key cannot sign, the login goes on with the next one.
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
      login.reportPassword('refused');
      const hint = `change it: ssh ${endpoint.user}@${endpoint.alias}`;
      resolve(fail({ error: hostError('auth', `the password of ${endpoint.user} has expired`, hint), retry: false }));
      client.destroy();
    });
    client.on('ready', () => {
      ready = true;
      lastError = undefined;
      login.reportPassword('accepted');
      stop.removeEventListener('abort', abandon);
      // A socket that the server closed opens no channels, long before ssh2 says `close`.
      const isAlive = (): boolean => !closed && socket.writable;
      const endReason = (): string => (lastError === undefined ? '' : messageOf(lastError));
      resolve(ok(ssh2Transport(client, { peer: peerOf(socket), alive: isAlive, lastError: endReason })));
    });
    client.connect(
      connectConfig({ endpoint, socket, tools, knownTypes, check, login }, (error) => {
        lastError = error;
        socket.destroy();
        client.destroy();
      }),
    );
  });
}

/** All hosts share the password of a user. A jump host has its own, and so does a host whose key nobody compared. */
function requestPassword(endpoint: Endpoint, tools: HopTools): Promise<Result<HostPassword, NoPassword>> {
  const { user, label, isJump } = endpoint;
  const alone = isJump || tools.hostKeys.isNew(endpoint);
  return tools.passwords.request({
    key: JSON.stringify(['ssh', user, alone ? label : null, isJump]),
    ...{ host: label, alone },
    ask: (question) => tools.secrets.password(user, label, question),
  });
}

function connectConfig(
  {
    endpoint,
    socket,
    tools,
    knownTypes,
    check,
    login,
  }: Pick<Handshake, 'endpoint' | 'socket' | 'tools' | 'knownTypes'> & { check: HostKeyCheck; login: Login },
  onFlood: (error: Error) => void,
): ConnectConfig {
  return {
    sock: socket,
    username: endpoint.user,
    ident: 'kubelatch',
    // The caller's timeout replaces it, because that one pauses during prompts.
    readyTimeout: 0,
    keepaliveInterval: tools.keepaliveInterval,
    keepaliveCountMax: 3,
    algorithms: offeredAlgorithms(knownTypes),
    hostVerifier: (key: Buffer, accept: (valid: boolean) => void) => void check.verify(key).then(accept),
    authHandler: login.handler,
    debug: limitUnsolicited(onFlood),
  };
}

interface Ended {
  readonly endpoint: Endpoint;
  readonly check: HostKeyCheck;
  readonly login: Login;
  readonly loggingIn: boolean;
  readonly lastError: Error | undefined;
  readonly timeout: PausableTimeout;
}

function whyFailed({ endpoint, check, login, loggingIn, lastError, timeout }: Ended): Failed {
  const denied = check.denied();
  if (denied !== undefined) return { error: denied, retry: false };
  if (loggingIn) return loginFailed(endpoint, login, lastError, timeout);
  const error = handshakeFailure(lastError ?? 'the server closed the connection', addressOf(endpoint));
  if (levelOf(lastError) !== 'handshake') return { error, retry: 'dropped' };
  return { error, retry: false, needsOpenssh: 'ssh2 and the server have no algorithm in common' };
}

function loginFailed(endpoint: Endpoint, login: Login, lastError: Error | undefined, timeout: PausableTimeout): Failed {
  const needsOpenssh = login.needsOpenssh();
  if (levelOf(lastError) === 'client-authentication' || login.unansweredQuestion())
    return { error: login.failure(''), retry: false, needsOpenssh };
  const reason = lastError === undefined ? '' : oneLine(messageOf(lastError));
  // After too many keys or passwords the server disconnects with a message.
  if (serverDisconnected(lastError)) return { error: login.failure(reason), retry: false, needsOpenssh };
  const error = hostError(
    'network',
    `${addressOf(endpoint)} closed the connection during the login${reason === '' ? '' : `: ${reason}`}`,
    `check the sshd log on the host (LoginGraceTime, AllowUsers), or try: ssh ${endpoint.user}@${endpoint.alias}`,
  );
  return { error, retry: timeout.paused > LONG_PAUSE ? 'late' : false };
}
