// One request to the API server from its first byte to its answer: who, what, allowed, done.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse } from 'yaml';
import { at, isObject, objectOf, parseJson, text, type Json, type JsonObject } from '../json.js';
import { reason } from '../klog.js';
import { authenticated, type User } from '../x509.js';
import { discover } from './discovery.js';
import { requestUser, type Tokens } from './identity.js';
import { changeObject, listDocument, listObjects } from './objects.js';
import { proxyToKubelet, type KubeletAccess } from './proxy.js';
import { decide } from './rbac.js';
import { review } from './reviews.js';
import { mustFind, reviews } from './resources.js';
import { attributesOf, routeOf, type Route } from './route.js';
import { badRequest, forbidden, noSuchPath, StatusError, statusBody } from './status.js';
import type { Store } from './store.js';
import { asTable } from './table.js';
import { streamChanges } from './watch.js';

export interface Server {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly kubelets: KubeletAccess;
}

function sendJson(response: ServerResponse, code: number, body: Json): void {
  const payload = `${JSON.stringify(body)}\n`;
  response.writeHead(code, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-cache, private',
    'Content-Length': Buffer.byteLength(payload),
  });
  response.end(payload);
}

function sendText(response: ServerResponse, body: string | Buffer, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parseBody(body: Buffer, contentType: string): Json {
  if (body.length === 0) return null;
  if (contentType.includes('protobuf'))
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
    );
  try {
    return contentType.includes('yaml') ? (parse(body.toString('utf8')) as Json) : parseJson(body.toString('utf8'));
  } catch (thrown) {
    throw badRequest(`the object provided is unrecognized: ${reason(thrown)}`);
  }
}

function nonResource(response: ServerResponse, path: string, query: URLSearchParams): void {
  if (/^\/(healthz|livez|readyz)(\/.*)?$/.test(path)) {
    const name = path.split('/')[1] ?? '';
    sendText(response, query.has('verbose') ? `[+]ping ok\n[+]log ok\n[+]etcd ok\n${name} check passed\n` : 'ok');
    return;
  }
  // An empty protobuf document: kubectl then skips its own validation.
  if (path === '/openapi/v2') {
    sendText(response, Buffer.alloc(0), 'application/octet-stream');
    return;
  }
  const document =
    path === '/' ? { paths: ['/api', '/apis', '/healthz', '/livez', '/readyz', '/version'] } : discover(path);
  if (document === undefined) throw noSuchPath();
  sendJson(response, 200, document);
}

function wantsTable(request: IncomingMessage): boolean {
  return (request.headers.accept ?? '').includes('as=Table');
}

function read(
  server: Server,
  route: Route,
  request: IncomingMessage,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const { store } = server;
  const { resource, namespace, name, subresource } = route;
  if (subresource !== '' && subresource !== 'status' && subresource !== 'approval') throw noSuchPath();
  const version = String(store.version());
  const render = (object: JsonObject): Json =>
    (wantsTable(request) ? asTable(resource, [object], version) : undefined) ?? object;
  if (['true', '1'].includes(query.get('watch') ?? ''))
    streamChanges(store, { resource, namespace, query, render }, response);
  else if (name !== '') sendJson(response, 200, render(store.get(resource, namespace, name)));
  else {
    const items = listObjects(store, route, query);
    sendJson(
      response,
      200,
      (wantsTable(request) ? asTable(resource, items, version) : undefined) ?? listDocument(resource, items, version),
    );
  }
}

function serviceAccountToken(server: Server, route: Route, body: Json): JsonObject {
  const { store, tokens } = server;
  store.get(route.resource, route.namespace, route.name);
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${route.namespace}`];
  const token = tokens.issue(authenticated(`system:serviceaccount:${route.namespace}:${route.name}`, groups));
  const expirationTimestamp = `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`;
  return {
    ...objectOf(body),
    metadata: { name: route.name, namespace: route.namespace },
    status: { token, expirationTimestamp },
  };
}

async function proxy(
  server: Server,
  route: Route,
  request: IncomingMessage,
  url: URL,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const [, scheme, name = route.name, port = ''] = /^(?:(https?):)?([^:]+)(?::(\d*))?$/.exec(route.name) ?? [];
  const node = server.store.get(mustFind('nodes'), '', name);
  const named =
    port === '' ? undefined : ({ scheme: scheme === 'https' ? scheme : 'http', port: Number(port) } as const);
  await proxyToKubelet(
    server.kubelets,
    node,
    named,
    `${route.rest === '' ? '/' : route.rest}${url.search}`,
    request,
    body,
    response,
  );
}

async function answer(server: Server, user: User, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://localhost');
  const method = request.method ?? 'GET';
  const route = routeOf(url.pathname);
  const what = attributesOf(method, url.pathname, route, url.searchParams);
  if (!decide(server.store, user, what).allowed) throw forbidden(user, what);
  if (route === undefined) {
    nonResource(response, url.pathname, url.searchParams);
    return;
  }
  const raw = await readBody(request);
  if (route.subresource === 'proxy' && route.resource.plural === 'nodes') {
    await proxy(server, route, request, url, raw, response);
    return;
  }
  if (method === 'GET' || method === 'HEAD') {
    read(server, route, request, url.searchParams, response);
    return;
  }
  const contentType = request.headers['content-type'] ?? 'application/json';
  const body = parseBody(raw, contentType);
  if (reviews.includes(route.resource)) {
    if (method !== 'POST' || !isObject(body)) throw badRequest('a review is created with an object');
    sendJson(response, 201, review(route.resource.plural, body, user, server.store, server.tokens));
  } else if (method === 'POST' && route.subresource === 'token')
    sendJson(response, 201, serviceAccountToken(server, route, body));
  else {
    const { code, object } = await changeObject(server.store, route, {
      method,
      contentType,
      query: url.searchParams,
      body,
      user,
    });
    sendJson(
      response,
      code,
      wantsTable(request) && text(at(object, 'kind')) !== 'Status'
        ? (asTable(route.resource, [object], '') ?? object)
        : object,
    );
  }
}

/** Answers one request; nothing is thrown. */
export async function handle(server: Server, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const user = requestUser(request, server.tokens);
    if (user === 'rejected') throw new StatusError(401, 'Unauthorized', 'Unauthorized');
    await answer(server, user, request, response);
  } catch (thrown) {
    const failure =
      thrown instanceof StatusError
        ? thrown
        : new StatusError(500, 'InternalError', `Internal error occurred: ${reason(thrown)}`);
    if (response.headersSent) response.destroy();
    else sendJson(response, failure.code, statusBody(failure));
  }
}
