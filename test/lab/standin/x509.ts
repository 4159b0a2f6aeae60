// Certificates: what a TLS peer proved about itself, and the openssl commands that make and sign them.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export function authenticated(name: string, groups: readonly string[]): User {
  return { name, groups: [...new Set([...groups, 'system:authenticated'])] };
}

/** undefined: no certificate was shown; 'rejected': one that the client CA does not vouch for. */
export function peerUser(socket: Socket): User | 'rejected' | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const peer = socket.getPeerCertificate();
  if (Object.keys(peer).length === 0) return undefined;
  if (!socket.authorized) return 'rejected';
  const { CN, O } = peer.subject as { CN?: string | string[]; O?: string | string[] };
  return authenticated([CN ?? ''].flat()[0] ?? '', [O ?? []].flat());
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'standin-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Hosts and addresses as a subjectAltName value. */
function altNames(names: readonly string[]): string {
  return names.map((name) => `${isIP(name) ? 'IP' : 'DNS'}:${name}`).join(',');
}

export async function makeSelfSigned(certFile: string, keyFile: string, host: string): Promise<void> {
  const subject = `/CN=${host}@${Math.floor(Date.now() / 1000)}`;
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile];
  const names = ['-addext', `subjectAltName=${altNames([host])}`, '-addext', 'extendedKeyUsage=serverAuth'];
  await run('openssl', ['req', '-x509', ...key, '-out', certFile, '-days', '365', '-subj', subject, ...names]);
}

export interface Request {
  readonly keyPem: string;
  readonly requestPem: string;
}

export async function makeRequest(user: User, names: readonly string[]): Promise<Request> {
  return inFolder(async (folder) => {
    const keyFile = join(folder, 'key');
    const subject = `${user.groups.map((group) => `/O=${group}`).join('')}/CN=${user.name}`;
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
    const addext = names.length > 0 ? ['-addext', `subjectAltName=${altNames(names)}`] : [];
    const { stdout } = await run('openssl', ['req', '-new', ...key, '-subj', subject, ...addext]);
    return { keyPem: await readFile(keyFile, 'utf8'), requestPem: stdout };
  });
}

export interface Authority {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The certificate for a request, with its subject and alternative names, for the given purposes. */
export async function signRequest(
  authority: Authority,
  requestPem: string,
  purposes: readonly ('serverAuth' | 'clientAuth')[],
): Promise<string> {
  return inFolder(async (folder) => {
    const request = join(folder, 'request');
    const extensions = join(folder, 'extensions');
    await writeFile(request, requestPem);
    const uses = `keyUsage=critical,digitalSignature\nextendedKeyUsage=${purposes.join(',')}\n`;
    await writeFile(extensions, `${uses}basicConstraints=critical,CA:FALSE\n`);
    const ca = ['-CA', authority.certFile, '-CAkey', authority.keyFile];
    const serial = `0x${Date.now().toString(16)}${Math.floor(Math.random() * 0xffffff).toString(16)}`;
    const how = ['-set_serial', serial, '-days', '365', '-copy_extensions', 'copy', '-extfile', extensions];
    const { stdout } = await run('openssl', ['x509', '-req', '-in', request, ...ca, ...how]);
    return stdout;
  });
}

/** The subject line of a request, for checks before it is signed. */
export async function requestSubject(requestPem: string): Promise<string> {
  return inFolder(async (folder) => {
    const request = join(folder, 'request');
    await writeFile(request, requestPem);
    const { stdout } = await run('openssl', [
      'req',
      '-in',
      request,
      '-noout',
      '-verify',
      '-subject',
      '-nameopt',
      'RFC2253',
    ]);
    return stdout.trim();
  });
}
