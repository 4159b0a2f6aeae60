/** A way to the API server: one long-lived `kubectl proxy` on a private socket, and kubectl itself for what it does best. */
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf } from '../lib/errors.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';

export interface ClusterError {
  readonly kind: 'unreachable' | 'refused' | 'malformed';
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  readonly message: string;
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object | undefined;
}

export interface Answer {
  /** Parsed JSON, or text where it is none. */
  readonly body: unknown;
  /** The API server's own clock as it answered, in milliseconds since the epoch and to the second; undefined where it did not say. */
  readonly date: number | undefined;
}

export interface Gateway {
  /** The body of a GET as parsed JSON, or as text where it is none. */
  get(path: string, deadline?: number): Promise<Result<unknown, ClusterError>>;
  /** One request; with `unreachable` a change may have been made all the same. `deadline` in milliseconds. */
  send(request: Request, deadline?: number): Promise<Result<Answer, ClusterError>>;
  /** Runs kubectl with the same credentials; `deadline` in milliseconds. */
  kubectl(args: readonly string[], deadline: number): Promise<Result<undefined, ClusterError>>;
  close(): Promise<void>;
}

/** Milliseconds for `kubectl proxy` to start. */
export const startPatience = 15_000;
/** Bytes of one answer: a list of 5,000 nodes fits. */
const bodyCap = 256 * 1024 * 1024;

export const unreachable = (message: string): { ok: false; error: ClusterError } =>
  fail({ kind: 'unreachable', message: oneLine(message) });

/** One GET over a stream that `dial` opens for it. */
export async function getOver(
  dial: () => Promise<Duplex>,
  path: string,
  deadline?: number,
): Promise<Result<unknown, ClusterError>> {
  const answer = await sendOver(dial, { method: 'GET', path }, deadline);
  return answer.ok ? ok(answer.value.body) : answer;
}

/** One request over a stream that `dial` opens for it. */
export function sendOver(
  dial: () => Promise<Duplex>,
  { method, path, body }: Request,
  deadline = 10_000,
): Promise<Result<Answer, ClusterError>> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(unreachable(`no answer within ${deadline / 1000} s`)), deadline);
    let stream: Duplex | undefined;
    let finished = false;
    const finish = (result: Result<Answer, ClusterError>): void => {
      finished = true;
      clearTimeout(timer);
      resolve(result);
      stream?.destroy();
    };
    dial()
      .then((dialled) => {
        stream = dialled;
        dialled.on('error', (error) => finish(unreachable(error.message)));
        if (finished) {
          dialled.destroy();
          return;
        }
        const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
        const headers = {
          accept: 'application/json',
          connection: 'close',
          ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
        };
        const sent = request(
          { createConnection: () => dialled, host: 'localhost', method, path, headers },
          (response) => readBody(response, finish),
        );
        sent.on('error', (error) => finish(unreachable(error.message)));
        sent.end(payload);
      })
      .catch((error: unknown) => finish(unreachable(messageOf(error))));
  });
}

function readBody(response: IncomingMessage, finish: (result: Result<Answer, ClusterError>) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('error', (error) => finish(unreachable(error.message)));
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > bodyCap) finish(fail({ kind: 'malformed', message: 'the answer is too large' }));
    else chunks.push(chunk);
  });
  response.on('end', () => {
    const text = Buffer.concat(chunks).toString('utf8');
    const status = response.statusCode ?? 0;
    const body = parseJson(text);
    if (status === 200 || status === 201) {
      const date = Date.parse(response.headers.date ?? '');
      finish(ok({ body, date: Number.isNaN(date) ? undefined : date }));
      return;
    }
    const said = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : text;
    finish(fail({ kind: 'refused', status, message: oneLine(`HTTP ${status}: ${said}`) }));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
