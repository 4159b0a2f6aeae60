/** Lets OpenSSH decide whether a host has a certificate of an authority in known_hosts. `ssh` verifies it and does not log in. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closing } from '../lib/closing.js';
import { messageOf } from '../lib/errors.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { type KnownHostsLine, lineText } from './known-hosts.js';
import type { Endpoint } from './route.js';

export interface CertificateQuery {
  /** Reached directly: what is behind a jump host, `ssh` could only reach by a login of its own. */
  readonly endpoint: Endpoint;
  /** The lines with `@cert-authority` and `@revoked`. No others: a plain key must not count as a certificate. */
  readonly lines: readonly KnownHostsLine[];
  /** Read by `ssh` in place of ~/.ssh/config. */
  readonly configFile: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The host key in the certificate that OpenSSH accepted: signed by one of the authorities, for this name, valid now, and
 * not revoked. The error is one line with the reason; it also stands for all that could not be checked.
 */
export async function certifiedKey(query: CertificateQuery): Promise<Result<Buffer, string>> {
  try {
    const folder = await mkdtemp(join(tmpdir(), 'kubelatch-ca-'));
    const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
    return await closing({ close }, () => askSsh(query, folder));
  } catch (error) {
    return fail(`the check failed: ${oneLine(messageOf(error))}`);
  }
}

/**
 * `ssh` asks its agent for keys only after it accepted the host key, and first tells it which key that was
 * (session-bind@openssh.com). So the agent here, which never answers, learns the decision, and the login never begins.
 */
async function askSsh(query: CertificateQuery, folder: string): Promise<Result<Buffer, string>> {
  await writeFile(join(folder, 'known_hosts'), query.lines.map(lineText).join(''), { mode: 0o600 });
  const agent = await openAgent(join(folder, 'agent'));
  const stop = new AbortController();
  try {
    const accepted = agent.request.then(acceptedKey);
    return await Promise.race([accepted, refusalOf(query, folder, stop.signal)]);
  } finally {
    stop.abort();
    agent.close();
  }
}

/** Certificates of the kinds of keys that ssh2 can verify; none with SHA-1. */
const algorithms = [
  ...['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ...['rsa-sha2-512', 'rsa-sha2-256'],
].map((name) => `${name}-cert-v01@openssh.com`);

function sshArguments({ endpoint, configFile, timeout }: CertificateQuery, folder: string): readonly string[] {
  const settings = [
    `UserKnownHostsFile=${join(folder, 'known_hosts')}`,
    `IdentityAgent=${join(folder, 'agent')}`,
    `HostKeyAlgorithms=${algorithms.join(',')}`,
    `ConnectTimeout=${Math.ceil(timeout / 1000)}`,
    ...['GlobalKnownHostsFile=none', 'KnownHostsCommand=none', 'StrictHostKeyChecking=yes', 'UpdateHostKeys=no'],
    // Else the user's settings could accept a key for another reason than its certificate.
    ...['NoHostAuthenticationForLocalhost=no', 'VerifyHostKeyDNS=no', 'CheckHostIP=no'],
    ...['ControlMaster=no', 'ControlPath=none', 'ProxyCommand=none', 'ProxyJump=none'],
    ...['BatchMode=yes', 'PubkeyAuthentication=yes', 'PreferredAuthentications=publickey'],
    ...['ClearAllForwardings=yes', 'ForwardAgent=no', 'PermitLocalCommand=no', 'LogLevel=INFO'],
  ];
  return [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...settings.flatMap((one) => ['-o', one]),
    ...['-N', '-T', '-l', endpoint.user, '-p', String(endpoint.port), '--', endpoint.alias],
  ];
}

/** Why `ssh` ended without a question to its agent, in its own words. */
function refusalOf(query: CertificateQuery, folder: string, stop: AbortSignal): Promise<Result<never, string>> {
  const signal = query.signal === undefined ? stop : AbortSignal.any([stop, query.signal]);
  const options = { timeout: query.timeout, signal, killSignal: 'SIGKILL', encoding: 'utf8' } as const;
  return new Promise((resolve) => {
    execFile('ssh', sshArguments(query, folder), options, (error, _, stderr) => {
      if (error?.code === 'ENOENT') resolve(fail('ssh was not found: install OpenSSH'));
      else if (error?.killed === true) resolve(fail(`ssh gave no answer within ${query.timeout / 1000} s`));
      else resolve(fail(sshWords(stderr)));
    });
  });
}

/** The first line; a frame of @ stands around warnings. */
const sshWords = (stderr: string): string => {
  const said = stderr.split('\n').find((line) => line.trim() !== '' && !line.startsWith('@'));
  return `ssh says: ${oneLine(said ?? 'nothing')}`;
};

/** Bytes of a request; larger ones are none that `ssh` sends. */
const maxRequest = 64 * 1024;

interface Agent {
  /** The first request that `ssh` sends, without its length. */
  readonly request: Promise<Buffer>;
  close(): void;
}

function openAgent(path: string): Promise<Agent> {
  const sockets: Socket[] = [];
  let heard: (request: Buffer) => void = () => undefined;
  const request = new Promise<Buffer>((resolve) => (heard = resolve));
  const server = createServer((socket) => {
    sockets.push(socket);
    let all = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      all = Buffer.concat([all, chunk]);
      const first = stringAt(all, 0);
      if (first !== undefined) heard(first);
      else if (all.length > maxRequest) socket.destroy();
    });
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(path, () => resolve({ request, close }));
  });
}

const requestExtension = 27;
const sessionBind = 'session-bind@openssh.com';

/** PROTOCOL.agent, 1: a byte, the extension's name, the host key, and more that is of no interest here. */
function acceptedKey(request: Buffer): Result<Buffer, string> {
  const name = request[0] === requestExtension ? stringAt(request, 1) : undefined;
  if (name?.toString('latin1') !== sessionBind)
    return fail('ssh does not say which key it accepted: OpenSSH 8.9 or newer is needed');
  const key = plainKeyOf(stringAt(request, 1 + 4 + name.length) ?? Buffer.alloc(0));
  return key === undefined ? fail('ssh accepted a key that is not in a certificate') : ok(key);
}

/** The fields of a public key after its type. */
const fieldsOf: Readonly<Record<string, number>> = {
  'ssh-ed25519': 1,
  'ssh-rsa': 2,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
};

/** PROTOCOL.certkeys: type, nonce, the fields of the public key, and then what the authority says of it. */
export function plainKeyOf(certificate: Buffer): Buffer | undefined {
  const type = stringAt(certificate, 0)?.toString('latin1') ?? '';
  const plain = type.replace(/-cert-v01@openssh\.com$/, '');
  const fields = plain === type ? undefined : fieldsOf[plain];
  const nonce = stringAt(certificate, 4 + type.length);
  if (fields === undefined || nonce === undefined) return undefined;
  const from = 4 + type.length + 4 + nonce.length;
  let to = from;
  for (let i = 0; i < fields; i++) {
    const field = stringAt(certificate, to);
    if (field === undefined) return undefined;
    to += 4 + field.length;
  }
  const head = Buffer.alloc(4);
  head.writeUInt32BE(plain.length);
  return Buffer.concat([head, Buffer.from(plain, 'latin1'), certificate.subarray(from, to)]);
}

/** A length of four bytes, and as many bytes; undefined if they are not there. */
function stringAt(buffer: Buffer, at: number): Buffer | undefined {
  if (at + 4 > buffer.length) return undefined;
  const end = at + 4 + buffer.readUInt32BE(at);
  return end > buffer.length ? undefined : buffer.subarray(at + 4, end);
}
