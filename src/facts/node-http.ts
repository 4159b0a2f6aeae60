/** Asks an HTTP port of a node through the SSH connection itself, so that nothing is needed there and no port is opened here. */
import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { type Result, fail, ok } from '../lib/result.js';
import { script } from '../node/scripts.js';
import type { Session } from '../ssh/session.js';

export type HttpAnswer =
  | { readonly kind: 'status'; readonly status: number; readonly body: string }
  /** Nobody listens there. */
  | { readonly kind: 'refused' }
  /** It listens, and the exchange failed. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** It could not be asked: nothing is known. */
  | { readonly kind: 'unknown'; readonly reason: string };

export interface Ask {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Milliseconds for the whole exchange. */
  readonly deadline: number;
}

/** Bytes of an answer's body that are kept. */
const bodyCap = 64 * 1024;

export async function askNode(session: Session, ask: Ask): Promise<HttpAnswer> {
  const stream = await session.open({ host: ask.host, port: ask.port }, { deadline: ask.deadline });
  if (!stream.ok) {
    if (stream.error.kind === 'refused') return { kind: 'refused' };
    if (stream.error.kind === 'forward') return askOnNode(session, ask);
    return { kind: 'unknown', reason: stream.error.message };
  }
  const answer = await exchange(stream.value, ask);
  stream.value.destroy();
  return answer.ok ? answer.value : { kind: 'broken', reason: answer.error };
}

/** The fallback where sshd forbids forwarding: curl or openssl on the node, else not known. */
async function askOnNode(session: Session, { scheme, host, port, path, deadline }: Ask): Promise<HttpAnswer> {
  const ran = await session.run(script('http'), [scheme, host, String(port), path], { deadline: deadline + 5000 });
  if (!ran.ok) return { kind: 'unknown', reason: ran.error.message };
  const said = ran.value.stdout.toString('utf8').trim();
  const status = /^status ([1-5]\d\d)$/.exec(said)?.[1];
  if (status !== undefined) return { kind: 'status', status: Number(status), body: '' };
  if (said === 'refused') return { kind: 'refused' };
  return { kind: 'unknown', reason: 'sshd forbids forwarding, and the node has neither curl nor openssl' };
}

/** One request over an open stream. TLS certificates are not judged here: kubelets sign their own. */
function exchange(stream: Duplex, ask: Ask): Promise<Result<Extract<HttpAnswer, { kind: 'status' }>, string>> {
  return new Promise((resolve) => {
    const socket = ask.scheme === 'https' ? tlsConnect({ socket: stream, rejectUnauthorized: false }) : stream;
    const timer = setTimeout(() => finish(fail('no answer in time')), ask.deadline);
    const finish = (result: Result<Extract<HttpAnswer, { kind: 'status' }>, string>): void => {
      clearTimeout(timer);
      resolve(result);
      sent.destroy();
    };
    const broken = (error: Error): void => finish(fail(error.message));
    stream.on('error', broken);
    socket.on('error', broken);
    const sent = httpRequest(
      {
        createConnection: () => socket,
        host: ask.host,
        port: ask.port,
        path: ask.path,

        headers: { connection: 'close' },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        const done = (): void =>
          finish(
            ok({ kind: 'status', status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
          );
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
