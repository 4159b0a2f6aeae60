/** TLS servers on this machine with certificates of their own, and the vantage point to ask them from. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, type Server as TcpServer, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TlsOptions, createServer as createTls } from 'node:tls';
import { afterAll } from 'vitest';
import type { TlsTarget } from '../../src/verify/tls-offer.js';
import { fromController } from '../../src/verify/vantage.js';

export interface Pair {
  readonly key: string;
  readonly cert: string;
}

const folder = mkdtempSync(join(tmpdir(), 'kubelatch-tls-'));
const servers: TcpServer[] = [];
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const keyKinds = {
  rsa: ['rsa:2048'],
  ec: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
} as const;

/** A certificate, self-signed unless `by` names the one that signs it. `add`: extensions. */
export function makePair(
  name: string,
  kind: keyof typeof keyKinds,
  add: readonly string[] = [],
  by?: string,
  days = '30',
): Pair {
  const path = (end: string): string => join(folder, `${name}.${end}`);
  const signed = by === undefined ? [] : ['-CA', join(folder, `${by}.crt`), '-CAkey', join(folder, `${by}.key`)];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', ...keyKinds[kind], '-nodes', '-days', days, '-subj', `/CN=${name}`],
      ...['-keyout', path('key'), '-out', path('crt'), ...signed, ...add.flatMap((one) => ['-addext', one])],
    ],
    { stdio: 'pipe' },
  );
  return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('crt'), 'utf8') };
}

/** Returns the port. */
export const serveTls = (options: TlsOptions): Promise<number> => {
  const server = createTls(options, (socket) => socket.on('error', () => undefined));
  server.on('tlsClientError', () => undefined);
  return listen(server);
};

/** A server that answers the first bytes with `bytes`, and then closes or stays open. */
export const serveBytes = (bytes: Buffer, close = true): Promise<number> =>
  listen(
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => (close ? socket.end(bytes) : socket.write(bytes)));
    }),
  );

export function listen(server: TcpServer): Promise<number> {
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

export const targetAt = (port: number, over: Partial<TlsTarget> = {}): TlsTarget => ({
  vantage: fromController(),
  address: '127.0.0.1',
  port,
  deadline: 10_000,
  ca: undefined,
  stop: new AbortController().signal,
  ...over,
});
