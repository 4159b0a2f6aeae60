// /api/v1/nodes/NAME/proxy/...: hands a request on to that node's kubelet, with the API server's own client certificate.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as sendPlain } from 'node:http';
import { request as sendSecure } from 'node:https';
import { at, listOf, text, type JsonObject } from '../json.js';
import { reason } from '../klog.js';
import { StatusError } from './status.js';

export interface KubeletAccess {
  readonly certFile: string;
  readonly keyFile: string;
  /** Empty: the kubelet's certificate is not checked. */
  readonly authorityFile: string;
  readonly addressTypes: readonly string[];
}

function unreachable(why: string): StatusError {
  return new StatusError(503, 'ServiceUnavailable', `error trying to reach service: ${why}`);
}

function addressOf(node: JsonObject, types: readonly string[]): string {
  const addresses = listOf(at(node, 'status', 'addresses'));
  for (const type of types) {
    const found = text(
      at(
        addresses.find((item) => at(item, 'type') === type),
        'address',
      ),
    );
    if (found !== '') return found;
  }
  const known = addresses.map((item) => `${text(at(item, 'type'))}:${text(at(item, 'address'))}`).join(' ');
  throw new StatusError(500, 'InternalError', `no preferred addresses found; known addresses: [${known}]`);
}

function goWords(thrown: NodeJS.ErrnoException, target: string): string {
  const code = thrown.code ?? '';
  if (code === 'ECONNREFUSED') return `dial tcp ${target}: connect: connection refused`;
  if (code === 'EHOSTUNREACH') return `dial tcp ${target}: connect: no route to host`;
  if (code === 'ETIMEDOUT') return `dial tcp ${target}: i/o timeout`;
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'EOF';
  if (/alert internal error/i.test(reason(thrown))) return 'remote error: tls: internal error';
  if (/alert handshake failure/i.test(reason(thrown))) return 'remote error: tls: handshake failure';
  if (/certificate|self.signed|altname/i.test(reason(thrown)))
    return `tls: failed to verify certificate: x509: ${reason(thrown)}`;
  return reason(thrown);
}

const droppedHeaders = ['authorization', 'connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'host', 'expect'];

/** Another port of the node than the kubelet's own: `http:NAME:10255` in the path. */
export interface NamedPort {
  readonly scheme: 'http' | 'https';
  readonly port: number;
}

/** Rejects with a StatusError when the kubelet gives no answer. What it answers is passed on as it is. */
export async function proxyToKubelet(
  access: KubeletAccess,
  node: JsonObject,
  named: NamedPort | undefined,
  path: string,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const host = addressOf(node, access.addressTypes);
  const port = named?.port ?? Number(at(node, 'status', 'daemonEndpoints', 'kubeletEndpoint', 'Port') ?? 10250);
  const read = (file: string): { value?: Buffer } => (file === '' ? {} : { value: readFileSync(file) });
  const [cert, key, ca] = [read(access.certFile).value, read(access.keyFile).value, read(access.authorityFile).value];
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !droppedHeaders.includes(name)),
  );
  await new Promise<void>((resolve, reject) => {
    const send = named?.scheme === 'http' ? sendPlain : sendSecure;
    const sent = send(
      {
        host,
        port,
        path,
        method: request.method ?? 'GET',
        headers,
        cert,
        key,
        ca,
        agent: false,
        rejectUnauthorized: ca !== undefined,
        timeout: 10_000,
      },
      (answer) => {
        const passed = Object.fromEntries(
          Object.entries(answer.headers).filter(([name]) => !droppedHeaders.includes(name)),
        );
        response.writeHead(answer.statusCode ?? 502, passed);
        answer.pipe(response);
        answer.on('end', resolve);
        answer.on('error', (thrown) => reject(unreachable(reason(thrown))));
      },
    );
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    sent.on('error', (thrown) => reject(unreachable(goWords(thrown, `${host}:${port}`))));
    sent.end(body);
  });
}
