/** The handshake and login by ssh over a connected socket: checks the host key before ssh does, explains a failure. */
import { existsSync } from 'node:fs';
import { Transform } from 'node:stream';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { createChannels } from './channels.js';
import { addressOf, peerOf } from './dial.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { droppedFailure } from './failures.js';
import type { Failed, Handshake } from './hop.js';
import { plainKeyOf } from './host-certificate.js';
import { shortType, sshCommand } from './host-key.js';
import { createKexWatch, lackCommon } from './kex-watch.js';
import type { KexWatch } from './kex-watch.js';
import { fingerprint, keyTypeOf } from './known-hosts.js';
import { openMuxProxy } from './mux-proxy.js';
import type { PacketStream } from './mux-proxy.js';
import type { Master } from './openssh-master.js';
import { opensshTransport } from './openssh-transport.js';
import type { Endpoint } from './route.js';
import type { Transport } from './transport.js';

/** What was seen of one handshake. */
interface Seen {
  readonly client: KexWatch;
  readonly server: KexWatch;
  /** The host key, or the certificate with it. */
  shown: Buffer | undefined;
  /** Why kubelatch does not accept it, or what came in its place. */
  denied: HostError | undefined;
}

export async function opensshHandshake(handshake: Handshake): Promise<Result<Transport, Failed>> {
  const { endpoint, socket, tools, stop, progress } = handshake;
  const started = tools.masters.start(endpoint);
  if (!started.ok) {
    socket.destroy();
    return fail({ error: started.error, retry: false });
  }
  const master = started.value;
  progress.words = () => master.words();
  const seen: Seen = { client: createKexWatch(), server: createKexWatch(), shown: undefined, denied: undefined };
  const abandon = (): void => {
    master.kill('SIGKILL');
    socket.destroy();
  };
  carry(handshake, master, seen, abandon);
  stop.addEventListener('abort', abandon);
  const stream = await loggedIn(master);
  if (stream === undefined || stop.aborted) {
    abandon();
    return fail(whyFailed(endpoint, master, seen));
  }
  stop.removeEventListener('abort', abandon);
  return ok(opensshTransport({ channels: createChannels(stream), stream, master, peer: peerOf(socket) }));
}

/** Carries the bytes of the connection, and follows them. */
function carry(handshake: Handshake, master: Master, seen: Seen, abandon: () => void): void {
  const { endpoint, socket } = handshake;
  const end = (why: HostError): void => {
    seen.denied ??= why;
    abandon();
  };
  // What ssh has not received, it cannot accept: the check comes first.
  const gate = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      objection(handshake, seen, chunk).then(
        (denied) => {
          if (denied === undefined) done(null, chunk);
          else end(denied);
        },
        () => end(notSsh(addressOf(endpoint))),
      );
    },
  });
  socket.pipe(gate).pipe(master.input);
  master.output.on('data', (chunk: Buffer) => {
    try {
      seen.client.take(chunk);
    } catch {
      abandon();
    }
  });
  master.output.pipe(socket);
  socket.on('error', () => undefined);
  socket.once('close', () => gate.end());
  void master.ended.then(() => void socket.destroy());
}

/** Why ssh is not to receive these bytes of the server. Rejects if they are no handshake. */
async function objection({ endpoint, tools }: Handshake, seen: Seen, chunk: Buffer): Promise<HostError | undefined> {
  const { hostKeys } = tools;
  for (const shown of seen.server.take(chunk)) {
    seen.shown = shown;
    const plain = plainKeyOf(shown);
    const denied = await (plain === undefined
      ? hostKeys.check(endpoint, shown)
      : hostKeys.checkCertificate(endpoint, plain));
    if (denied !== undefined) return denied;
  }
  return seen.server.isDone && seen.shown === undefined ? noHostKey : undefined;
}

/** The packets of the connection; undefined if ssh ended before it was logged in. */
async function loggedIn(master: Master): Promise<PacketStream | undefined> {
  const ended = new AbortController();
  void master.ended.then(() => ended.abort());
  return openMuxProxy(master.controlPath, ended.signal).catch(() => undefined);
}

const noHostKey = hostError(
  'host-key-unknown',
  'the server showed no host key (GSSAPIKeyExchange), so it could not be checked',
  'set GSSAPIKeyExchange no for this host in ~/.ssh/config',
);

function whyFailed(endpoint: Endpoint, master: Master, { client, server, shown, denied }: Seen): Failed {
  if (denied !== undefined) return { error: denied, retry: false };
  const words = client.hasBegun ? master.words() : [master.startWords(), master.words()].filter(Boolean).join('; ');
  const said = words === '' ? 'ssh ended without a message' : `ssh says: ${words}`;
  const failed = (error: HostError): Failed => ({ error, retry: false });
  const startError = master.startError();
  if (startError !== undefined) return failed(notStarted(startError));
  if (!client.hasBegun) return failed(hostError('config', `ssh did not start: ${said}`, 'check ~/.ssh/config'));
  if (client.isDone) return failed(loginRefused(endpoint, said));
  if (shown !== undefined) return failed(keyNotAccepted(endpoint, shown, said));
  const where = addressOf(endpoint);
  if (client.offer !== undefined && server.offer !== undefined && lackCommon(client.offer, server.offer)) {
    const hint = 'compare the algorithms of sshd_config on the host with those of ssh -Q and ~/.ssh/config';
    return failed(hostError('algorithms', `${where}: ${said}`, hint));
  }
  return { error: droppedFailure(where, said), retry: 'dropped' };
}

const notSsh = (where: string): HostError =>
  hostError('network', `${where}: the answer is not an SSH handshake`, 'check that this is an SSH server');

function notStarted({ code, message }: NodeJS.ErrnoException): HostError {
  const what = code === 'ENOENT' ? 'ssh was not found' : `ssh could not be started: ${oneLine(message)}`;
  return hostError('config', what, 'install OpenSSH, or set ssh.transport: ssh2 in the inventory');
}

const loginRefused = (endpoint: Endpoint, said: string): HostError =>
  hostError(
    'auth',
    oneLine(`login as ${endpoint.user} failed: ${triedKey(endpoint)}${said}`, 900),
    `try: ${sshCommand(endpoint)}; if it asks for a passphrase, add the key to ssh-agent; if for a password, set ssh.transport: ssh2`,
  );

const triedKey = ({ hasOwnIdentity, identityFiles }: Endpoint): string =>
  hasOwnIdentity
    ? `tried ${identityFiles.map(({ path }) => (existsSync(path) ? path : `${path} (there is no such file)`)).join(', ')}; `
    : '';

function keyNotAccepted(endpoint: Endpoint, shown: Buffer, said: string): HostError {
  const plain = plainKeyOf(shown);
  const what = plain === undefined ? 'host key' : 'host certificate with the key';
  const key = plain ?? shown;
  return hostError(
    'host-key-unknown',
    `ssh does not accept the ${what} ${shortType(keyTypeOf(key))} ${fingerprint(key)}: ${said}`,
    `find out why: ${sshCommand(endpoint)}`,
  );
}
