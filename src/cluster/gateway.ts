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

export interface Gateway {
  /** The body of a GET as parsed JSON, or as text where it is none. */
  get(path: string, deadline?: number): Promise<Result<unknown, ClusterError>>;
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
export function getOver(
  dial: () => Promise<Duplex>,
  path: string,
  deadline = 10_000,
): Promise<Result<unknown, ClusterError>> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(unreachable(`no answer within ${deadline / 1000} s`)), deadline);
    let stream: Duplex | undefined;
    let finished = false;
    const finish = (result: Result<unknown, ClusterError>): void => {
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
        const headers = { accept: 'application/json', connection: 'close' };
        const sent = request({ createConnection: () => dialled, host: 'localhost', path, headers }, (response) =>
          readBody(response, finish),
        );
        sent.on('error', (error) => finish(unreachable(error.message)));
        sent.end();
      })
      .catch((error: unknown) => finish(unreachable(messageOf(error))));
  });
}

function readBody(response: IncomingMessage, finish: (result: Result<unknown, ClusterError>) => void): void {
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
    if (status === 200) {
      finish(ok(body));
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
