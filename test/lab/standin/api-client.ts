// A program's way to the API server: its kubeconfig, one keep-alive agent, JSON in and out.
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { at, listOf, parseJson, text, type Json } from './json.js';
import { reason } from './klog.js';

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

export interface ApiClient {
  readonly server: string;
  /** Rejects only when no answer came; the message reads like Go's. */
  call(method: string, path: string, body?: Json, contentType?: string): Promise<Answer>;
  close(): void;
}

interface Named {
  readonly [key: string]: Json;
}

function named(config: Json, list: string, name: string, key: string): Json | undefined {
  return at(
    listOf(at(config, list)).find((item): item is Named => at(item, 'name') === name),
    key,
  );
}

function fileOrData(entry: Json | undefined, key: string, folder: string): Buffer | undefined {
  const data = text(at(entry, `${key}-data`));
  if (data !== '') return Buffer.from(data, 'base64');
  const file = text(at(entry, key));
  return file === '' ? undefined : readFileSync(isAbsolute(file) ? file : join(folder, file));
}

function goNetworkError(thrown: unknown, method: string, url: string): Error {
  const { code } = thrown as NodeJS.ErrnoException;
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
    ECONNRESET: 'read: connection reset by peer',
  };
  const why = (code === undefined ? undefined : words[code]) ?? reason(thrown);
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  return new Error(`${verb} ${JSON.stringify(url)}: dial tcp ${new URL(url).host}: ${why}`, { cause: thrown });
}

/** Throws with client-go's words when the kubeconfig cannot be used. */
export function openKubeconfig(path: string): ApiClient {
  if (!existsSync(path)) throw new Error(`stat ${path}: no such file or directory`);
  const config = parse(readFileSync(path, 'utf8')) as Json;
  const context = named(config, 'contexts', text(at(config, 'current-context')), 'context');
  const cluster = named(config, 'clusters', text(at(context, 'cluster')), 'cluster');
  const user = named(config, 'users', text(at(context, 'user')), 'user');
  const server = text(at(cluster, 'server'));
  if (server === '') throw new Error('invalid configuration: no server found for cluster');
  const folder = dirname(path);
  const agent = new Agent({
    keepAlive: true,
    ca: fileOrData(cluster, 'certificate-authority', folder),
    cert: fileOrData(user, 'client-certificate', folder),
    key: fileOrData(user, 'client-key', folder),
    rejectUnauthorized: at(cluster, 'insecure-skip-tls-verify') !== true,
    // A lab's certificates name its own addresses, the chain is what counts.
    checkServerIdentity: () => undefined,
  });
  const token = text(at(user, 'token'));

  async function call(method: string, path: string, body?: Json, contentType = 'application/json'): Promise<Answer> {
    const url = `${server}${path}`;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const headers = {
        Accept: 'application/json',
        'User-Agent': 'kubernetes/stand-in',
        ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
        ...(payload === undefined ? {} : { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(payload) }),
      };
      const sent = request(url, { method, agent, headers, timeout: 10_000 }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (thrown) => reject(goNetworkError(thrown, method, url)));
        response.on('end', () => {
          const source = Buffer.concat(chunks).toString('utf8');
          let parsed: Json = source;
          if ((response.headers['content-type'] ?? '').includes('json')) {
            try {
              parsed = parseJson(source);
            } catch {
              parsed = source;
            }
          }
          resolve({ status: response.statusCode ?? 0, body: parsed });
        });
      });
      sent.on('timeout', () =>
        sent.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')),
      );
      sent.on('error', (thrown) => reject(goNetworkError(thrown, method, url)));
      sent.end(payload);
    });
  }
  return { server, call, close: () => agent.destroy() };
}

/** The API server's refusal in its own words. */
export function refusal(answer: Answer): string {
  return text(at(answer.body, 'message'), `the server responded with the status code ${answer.status}`);
}
