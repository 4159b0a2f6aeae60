/**
 * Stands in for kubectl: `proxy --unix-socket=PATH` answers as the API server of a large cluster would, and counts what it is
 * asked. BENCH_API_NODES: how many nodes; BENCH_API_COUNTS: a file for the counts, written after each answer.
 */
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { apiObjects } from './api-objects.js';

const socketPath = process.argv.find((word) => word.startsWith('--unix-socket='))?.slice('--unix-socket='.length);
const nodes = Number(process.env['BENCH_API_NODES'] ?? 5_000);
const countsFile = process.env['BENCH_API_COUNTS'];
const objects = apiObjects(nodes);
const counts: Record<string, { calls: number; bytes: number }> = {};

/** What a request is counted as: the names of nodes and the tokens of pages left out. */
const kindOf = (method: string, path: string): string =>
  `${method} ${path.replace(/\?.*$/, '').replace(/\/(nodes|leases)\/[^/]+/, '/$1/NAME')}`;

/** The object of one node: the number in its name is its place in the lists. */
function ownOf(path: string): string | undefined {
  const [, list = '', place] = /^(.*)\/node-(\d+)$/.exec(path) ?? [];
  return place === undefined ? undefined : objects.lists.get(list)?.[Number(place)];
}

function answerTo({ method = 'GET', url = '/' }: IncomingMessage): { readonly status: number; readonly text: string } {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  if (method !== 'GET') return { status: 201, text: '{"status":{"allowed":true}}' };
  if (/\/proxy\/configz$/.test(pathname)) return { status: 200, text: objects.configz };
  const one = ownOf(pathname);
  if (one !== undefined) return { status: 200, text: one };
  const list = objects.lists.get(pathname);
  if (list === undefined && /\/namespaces\/[^/]+\/[^/]+\/[^/]+$/.test(pathname))
    return { status: 404, text: '{"kind":"Status","message":"not found"}' };
  const limit = Number(searchParams.get('limit') ?? Infinity);
  const from = Number(searchParams.get('continue') ?? 0);
  const items = (list ?? []).slice(from, from + limit);
  const next = from + items.length < (list ?? []).length ? String(from + items.length) : '';
  return { status: 200, text: `{"metadata":{"continue":"${next}"},"items":[${items.join(',')}]}` };
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.on('end', () => {
    const { status, text } = answerTo(request);
    const kind = kindOf(request.method ?? 'GET', request.url ?? '/');
    const of = (counts[kind] ??= { calls: 0, bytes: 0 });
    of.calls += 1;
    of.bytes += Buffer.byteLength(text);
    if (countsFile !== undefined) writeFileSync(countsFile, JSON.stringify(counts));
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  });
}

if (socketPath === undefined) throw new Error('this is only kubectl proxy --unix-socket=PATH');
createServer(serve).listen(socketPath, () => process.stdout.write(`Starting to serve on ${socketPath}\n`));
