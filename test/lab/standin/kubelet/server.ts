// The kubelet's doors: 10250 with TLS and a gatekeeper, 10255 read-only and plain, 10248 for healthz.
import { constants } from 'node:crypto';
import { readdirSync } from 'node:fs';
import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type Server as TcpServer } from 'node:net';
import type { Json } from '../json.js';
import * as klog from '../klog.js';
import type { TlsLimits } from '../tls-suites.js';
import type { Gatekeeper } from './authn.js';
import type { Pair } from './serving-cert.js';

// A fatal TLS alert "internal error", which is what Go sends while there is no certificate to serve.
const internalErrorAlert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50]);
const handshakeRecord = 0x16;
const podList = { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: null };

export interface Content {
  readonly node: string;
  readonly configz: () => Json;
  readonly debugging: boolean;
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function sendJson(response: ServerResponse, body: Json): void {
  send(response, 200, JSON.stringify(body), 'application/json');
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?')[0] ?? '/';
}

/** Requests that were answered, by server type, method and path, as a kubelet counts them. */
const requests = new Map<string, number>();

function countRequest(server: 'readonly' | 'readwrite', request: IncomingMessage, path: string): void {
  const [, first = '', second = ''] = path.split('/');
  const shown = ['metrics', 'stats'].includes(first) && second !== '' ? `${first}/${second}` : first;
  const labels = `long_running="false",method="${request.method ?? ''}",path="${shown.replace(/[^\w/]/g, '')}",server_type="${server}"`;
  requests.set(labels, (requests.get(labels) ?? 0) + 1);
}

const requestMetrics = (): string =>
  [...requests].map(([labels, count]) => `kubelet_http_requests_total{${labels}} ${count}\n`).join('');

function readOnlyAnswer(response: ServerResponse, path: string, content: Content): boolean {
  if (path === '/healthz') send(response, 200, 'ok');
  else if (path === '/pods' || path === '/pods/') sendJson(response, podList);
  else if (path === '/stats/summary')
    sendJson(response, { node: { nodeName: content.node, systemContainers: [] }, pods: [] });
  else if (path === '/metrics')
    send(
      response,
      200,
      `# TYPE kubelet_node_name gauge\nkubelet_node_name{node="${content.node}"} 1\n${requestMetrics()}`,
    );
  else return false;
  return true;
}

function logListing(): string {
  const names = readdirSync('/var/log', { withFileTypes: true }).map(
    (entry) => `${entry.name}${entry.isDirectory() ? '/' : ''}`,
  );
  return `<pre>\n${names.map((name) => `<a href="${name}">${name}</a>\n`).join('')}</pre>\n`;
}

const debugPaths = [
  '/run/',
  '/exec/',
  '/attach/',
  '/portForward/',
  '/containerLogs/',
  '/runningpods',
  '/pprof/',
  '/logs',
];

function fullAnswer(response: ServerResponse, path: string, content: Content): void {
  if (readOnlyAnswer(response, path, content)) return;
  if (!content.debugging && debugPaths.some((prefix) => path.startsWith(prefix)))
    send(response, 405, 'Debug endpoints are disabled.\n');
  else if (content.debugging && path === '/configz') sendJson(response, content.configz());
  else if (content.debugging && (path === '/runningpods' || path === '/runningpods/')) sendJson(response, podList);
  else if (content.debugging && (path === '/logs' || path === '/logs/'))
    send(response, 200, logListing(), 'text/html; charset=utf-8');
  else if (content.debugging && path.startsWith('/containerLogs/')) send(response, 404, `pod does not exist\n`);
  else send(response, 404, '404 page not found\n');
}

async function listen(server: Server | TcpServer, port: number, address: string): Promise<void> {
  // Go listens on both families when told an unspecified address.
  const tries = address === '0.0.0.0' || address === '' ? ['::', '0.0.0.0'] : [address];
  for (const [index, host] of tries.entries()) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.removeListener('error', reject);
          resolve();
        });
      });
      return;
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      const noFamily = code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
      if (noFamily && index < tries.length - 1) continue;
      const why = code === 'EADDRINUSE' ? 'address already in use' : klog.reason(thrown);
      throw new Error(`listen tcp ${address}:${port}: bind: ${why}`, { cause: thrown });
    }
  }
}

export interface SecureDoor {
  readonly port: number;
  readonly address: string;
  readonly limits: TlsLimits;
  readonly clientCa: string | undefined;
  readonly gate: Gatekeeper;
  /** undefined until there is a certificate. */
  readonly pair: () => Pair | undefined;
}

export async function openSecure(door: SecureDoor, content: Content): Promise<void> {
  const handler: RequestListener = (request, response) => {
    const path = pathOf(request);
    response.once('finish', () => countRequest('readwrite', request, path));
    door.gate(request, path).then(
      (verdict) => {
        if (verdict.status === 200) fullAnswer(response, path, content);
        else send(response, verdict.status, verdict.body);
      },
      (thrown: unknown) => send(response, 500, klog.reason(thrown)),
    );
  };
  let tls: ReturnType<typeof createHttps> | undefined;
  const tlsServer = (): typeof tls => {
    const pair = tls === undefined ? door.pair() : undefined;
    if (pair === undefined) return tls;
    const client =
      door.clientCa === undefined ? {} : { ca: door.clientCa, requestCert: true, rejectUnauthorized: false };
    const options = { cert: pair.cert, key: pair.key, ...door.limits, honorCipherOrder: true, ...client };
    // A resumed session would come without its client certificate.
    tls = createHttps({ ...options, secureOptions: constants.SSL_OP_NO_TICKET }, handler);
    tls.on('tlsClientError', (thrown) => klog.info('log.go:245', 'http: TLS handshake error', { err: thrown.message }));
    return tls;
  };
  const front = createTcp((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (first) => {
      if (first[0] !== handshakeRecord) {
        socket.end('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
        return;
      }
      const server = tlsServer();
      if (server === undefined) {
        klog.info('log.go:245', 'http: TLS handshake error', {
          err: 'no serving certificate available for the kubelet',
        });
        socket.end(internalErrorAlert);
        return;
      }
      socket.pause();
      socket.unshift(first);
      server.emit('connection', socket);
    });
  });
  await listen(front, door.port, door.address);
  klog.info('server.go:161', 'Starting to listen', { address: door.address, port: door.port });
}

export async function openReadOnly(port: number, address: string, content: Content): Promise<void> {
  const server = createHttp((request, response) => {
    const path = pathOf(request);
    response.once('finish', () => countRequest('readonly', request, path));
    if (!readOnlyAnswer(response, path, content)) send(response, 404, '404 page not found\n');
  });
  await listen(server, port, address);
  klog.info('server.go:187', 'Starting to listen read-only', { address, port });
}

export async function openHealthz(port: number, address: string): Promise<void> {
  const server = createHttp((request, response) => {
    if (pathOf(request) === '/healthz') send(response, 200, 'ok');
    else send(response, 404, '404 page not found\n');
  });
  await listen(server, port, address);
}
