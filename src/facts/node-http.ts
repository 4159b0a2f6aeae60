/** Sends HTTP requests to ports of a node: through the SSH connection, so that the node needs no tools and no port is opened
 * here, or directly.
 */
import type { X509Certificate } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { type SecureContext, type TLSSocket, connect, createSecureContext } from 'node:tls';
import { type Result, fail, ok } from '../lib/result.js';
import { script } from '../node/scripts.js';
import type { HostError } from '../ssh/errors.js';
import type { Direct, Session } from '../ssh/session.js';

export type HttpAnswer =
  | { readonly kind: 'status'; readonly status: number; readonly body: string }
  /** No process listens there. */
  | { readonly kind: 'refused' }
  /** It listens, and the exchange failed; `code` is the one of Node.js, if there was one. */
  | { readonly kind: 'broken'; readonly reason: string; readonly code?: string | undefined }
  /** It could not be asked: nothing is known. */
  | { readonly kind: 'unknown'; readonly reason: string };

export interface PortRequest {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** A bearer token to show. */
  readonly bearer?: string | undefined;
  /** Milliseconds for the whole exchange. */
  readonly deadline: number;
}

export type Exchange = Extract<HttpAnswer, { kind: 'status' | 'broken' }>;

/** Limit on the stored bytes of a response body. */
const bodyCap = 64 * 1024;

export async function requestThroughNode(session: Session, ask: PortRequest): Promise<HttpAnswer> {
  const stream = await session.open({ host: ask.host, port: ask.port }, { deadline: ask.deadline });
  return !stream.ok && stream.error.kind === 'forward' ? requestOnNode(session, ask) : requestOver(stream, ask);
}

/** From this machine to the address that SSH is connected to. `unknown` if that fails, for example because of a firewall. */
export async function requestDirectly(direct: Direct, ask: Omit<PortRequest, 'host'>): Promise<HttpAnswer> {
  const stream = await direct.open(ask.port, { deadline: ask.deadline });
  return requestOver(stream, { ...ask, host: direct.address });
}

/** The certificate that a TLS port of the node shows, signed by anyone. `forward`: sshd does not allow port forwarding. */
export async function servedCertificate(
  session: Session,
  { host, port, deadline }: Pick<PortRequest, 'host' | 'port' | 'deadline'>,
): Promise<Result<X509Certificate, { readonly kind: string; readonly message: string }>> {
  const stream = await session.open({ host, port }, { deadline });
  if (!stream.ok) return stream;
  const shown = await new Promise<Result<X509Certificate, string>>((resolve) => {
    const socket = tlsOver(stream.value);
    const timer = setTimeout(() => resolve(fail('no answer in time')), deadline);
    const broken = (error: Error): void => resolve(fail(error.message));
    stream.value.on('error', broken);
    socket.on('error', broken);
    socket.on('close', () => resolve(fail('the connection was closed')));
    socket.on('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      resolve(certificate === undefined ? fail('no certificate was shown') : ok(certificate));
    });
    socket.on('close', () => clearTimeout(timer));
  });
  stream.value.destroy();
  return shown.ok ? shown : fail({ kind: 'broken', message: shown.error });
}

/** Sends one GET over a stream that was to be opened. */
async function requestOver(stream: Result<Duplex, HostError>, ask: PortRequest): Promise<HttpAnswer> {
  if (!stream.ok)
    return stream.error.kind === 'refused' ? { kind: 'refused' } : { kind: 'unknown', reason: stream.error.message };
  return requestOn(stream.value, ask);
}

/** Sends one GET over an open stream, and closes it. Never HEAD: a kubelet authorizes that with an empty verb. */
export async function requestOn(stream: Duplex, ask: PortRequest): Promise<Exchange> {
  const answer = await exchange(stream, ask);
  stream.destroy();
  return answer;
}

/** The fallback if sshd forbids forwarding: run curl or openssl on the node. */
export async function requestOnNode(
  session: Session,
  { scheme, host, port, path, deadline }: PortRequest,
): Promise<HttpAnswer> {
  const ran = await session.run(script('http'), [scheme, host, String(port), path], { deadline: deadline + 5000 });
  if (!ran.ok) return { kind: 'unknown', reason: ran.error.message };
  const said = ran.value.stdout.toString('utf8').trim();
  const status = /^status ([1-5]\d\d)$/.exec(said)?.[1];
  if (status !== undefined) return { kind: 'status', status: Number(status), body: '' };
  if (said === 'refused') return { kind: 'refused' };
  if (said === 'broken') return { kind: 'broken', reason: 'no HTTP answer' };
  return { kind: 'unknown', reason: 'sshd forbids port forwarding, and the node has neither curl nor openssl' };
}

let context: SecureContext | undefined;

/** Certificates are not verified, because kubelets sign their own. So one context without authorities serves all. */
function tlsOver(stream: Duplex): TLSSocket {
  context ??= createSecureContext({ ca: [] });
  return connect({ socket: stream, rejectUnauthorized: false, secureContext: context });
}

function exchange(stream: Duplex, ask: PortRequest): Promise<Exchange> {
  return new Promise((resolve) => {
    const socket = ask.scheme === 'https' ? tlsOver(stream) : stream;
    const timer = setTimeout(() => finish({ kind: 'broken', reason: 'no answer in time' }), ask.deadline);
    const finish = (result: Exchange): void => {
      clearTimeout(timer);
      resolve(result);
      sent.destroy();
    };
    const broken = ({ message, code }: NodeJS.ErrnoException): void =>
      finish({ kind: 'broken', reason: message, ...(code === undefined ? {} : { code }) });
    stream.on('error', broken);
    socket.on('error', broken);
    const sent = httpRequest(
      {
        createConnection: () => socket,
        host: ask.host,
        port: ask.port,
        path: ask.path,
        headers: {
          connection: 'close',
          ...(ask.bearer === undefined ? {} : { authorization: `Bearer ${ask.bearer}` }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        const done = (): void =>
          finish({ kind: 'status', status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= bodyCap) chunks.push(chunk);
          else done();
        });
        response.on('end', done);
        response.on('error', broken);
      },
    );
    sent.on('error', broken);
    sent.end();
  });
}
