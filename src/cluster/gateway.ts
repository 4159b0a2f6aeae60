/** Access to the API server: one long-lived `kubectl proxy` on a private socket, and kubectl itself to cordon. */
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf } from '../lib/errors.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { reasonOf } from './plain-reason.js';

export interface ClusterError {
  readonly kind: 'unreachable' | 'refused' | 'malformed';
  /** The HTTP status, if there was a response. */
  readonly status?: number | undefined;
  readonly message: string;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Sent as JSON; with PATCH as a merge patch: fields with null are removed, lists are replaced as a whole. */
  readonly body?: object | undefined;
  /** True to have the API server check the request and change nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface ApiResponse {
  /** Parsed JSON, or the text if it is not JSON. */
  readonly body: unknown;
  /** The Date header: milliseconds since the epoch, to the second; undefined if missing. */
  readonly date: number | undefined;
}

export interface ResponseLimits {
  /** Milliseconds. */
  readonly deadline?: number | undefined;
  /** Maximum bytes of the response. */
  readonly bytes?: number | undefined;
}

export interface Gateway {
  /** The response body of a GET as parsed JSON, or as text if it is not JSON. */
  get(path: string, limits?: ResponseLimits): Promise<Result<unknown, ClusterError>>;
  /** Sends one request; `deadline` in milliseconds. After `unreachable` the change may have been made nevertheless. */
  send(request: ApiRequest, deadline?: number): Promise<Result<ApiResponse, ClusterError>>;
  /** Runs kubectl with the same credentials; `deadline` in milliseconds. */
  kubectl(args: readonly string[], deadline: number): Promise<Result<undefined, ClusterError>>;
  close(): Promise<void>;
}

/** Milliseconds for `kubectl proxy` to start. */
export const startTimeout = 15_000;
/** Maximum bytes of a response. A list of 5,000 nodes fits. */
const bodyCap = 256 * 1024 * 1024;

/** A ClusterError `unreachable` with the message made safe to print. */
export const unreachable = (message: string): { ok: false; error: ClusterError } =>
  fail({ kind: 'unreachable', message: oneLine(message) });

/** Sends one GET over a new stream from `dial`. */
export async function httpGet(
  dial: () => Promise<Duplex>,
  path: string,
  limits: ResponseLimits = {},
): Promise<Result<unknown, ClusterError>> {
  const answer = await httpRequest(dial, { method: 'GET', path }, limits.deadline, limits.bytes);
  return answer.ok ? ok(answer.value.body) : answer;
}

/** Sends one request over a new stream from `dial`. `deadline` in milliseconds, `bytes` limits the response. */
export function httpRequest(
  dial: () => Promise<Duplex>,
  { method, path, body, dryRun }: ApiRequest,
  deadline = 10_000,
  bytes = bodyCap,
): Promise<Result<ApiResponse, ClusterError>> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(unreachable(`no answer within ${deadline / 1000} s`)), deadline);
    let stream: Duplex | undefined;
    let finished = false;
    const finish = (result: Result<ApiResponse, ClusterError>): void => {
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
          ...(payload && { 'content-type': contentTypeOf(method), 'content-length': payload.length }),
        };
        const sent = request(
          { createConnection: () => dialled, host: 'localhost', method, path: pathOf(path, dryRun), headers },
          (response) => readBody(response, bytes, finish),
        );
        sent.on('error', (error) => finish(unreachable(error.message)));
        sent.end(payload);
      })
      .catch((error: unknown) => finish(unreachable(messageOf(error))));
  });
}

const contentTypeOf = (method: ApiRequest['method']): string =>
  method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';

const pathOf = (path: string, dryRun = false): string =>
  dryRun ? `${path}${path.includes('?') ? '&' : '?'}dryRun=All` : path;

function readBody(
  response: IncomingMessage,
  most: number,
  finish: (result: Result<ApiResponse, ClusterError>) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('error', (error) => finish(unreachable(error.message)));
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > most) finish(fail({ kind: 'malformed', message: 'the response is too large' }));
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
    // The API server answers with an object. Plain text is from the proxy on the way, which did not reach it.
    const isOwn = typeof body === 'object' && body !== null && 'message' in body;
    const message = isOwn ? oneLine(`HTTP ${status}: ${String(body.message)}`) : reasonOf(status, text);
    finish(fail({ kind: 'refused', status, message }));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
