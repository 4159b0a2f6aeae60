#!/usr/bin/env node
// Stands for kubectl: `proxy` serves what $FAKE_API says over a unix socket, in the way that $FAKE_MODE names.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const args = process.argv.slice(2);
const mode = process.env.FAKE_MODE ?? '';
const socket = args.find((arg) => arg.startsWith('--unix-socket='))?.slice('--unix-socket='.length);
if (process.env.FAKE_CALLS) writeFileSync(process.env.FAKE_CALLS, `${JSON.stringify(args)}\n`, { flag: 'a' });

if (!args.includes('proxy')) {
  if (mode === 'refuses') {
    process.stderr.write('error: cannot delete Pods with local storage\n');
    process.exit(1);
  }
  if (mode === 'hangs') {
    // A credential plugin that holds the pipes.
    const plugin = spawn('sleep', ['60'], { stdio: 'inherit' });
    writeFileSync(process.env.FAKE_CALLS, `${JSON.stringify([process.pid, plugin.pid])}\n`, { flag: 'a' });
    if (args.includes('stubborn')) process.on('SIGTERM', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  } else if (mode === 'leaves') spawn('sleep', ['60'], { stdio: 'inherit' }).unref();
  process.exit(0);
} else if (mode === 'dies') {
  process.stderr.write('error: context "nope" does not exist\n\u001b[31m');
  process.exit(1);
} else if (existsSync(socket ?? '')) {
  process.exit(9);
} else {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET') {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const { method, headers } = request;
      response.writeHead(request.url === '/taken' ? 409 : method === 'POST' ? 201 : 200, {
        date: 'Mon, 23 Nov 2026 12:00:05 GMT',
      });
      const got = Buffer.concat(chunks).toString('utf8');
      response.end(JSON.stringify({ method, url: request.url, type: headers['content-type'], got: JSON.parse(got) }));
      return;
    }
    if (request.url === '/slow') return;
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":');
      setTimeout(() => response.destroy(), 20);
    } else if (request.url === '/forbidden') {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'Status', message: 'nodes is forbidden: User "x"\n\u001b]0;evil\u0007' }));
    } else if (request.url === '/text') response.end('ok');
    else if (request.url === '/error') {
      response.writeHead(502);
      response.end('<html>'.repeat(1000));
    } else response.end(JSON.stringify({ path: request.url }));
  });
  // The sentence comes in two pieces, as it may.
  server.listen(socket, () => {
    process.stdout.write('Starting to ');
    setTimeout(() => process.stdout.write(`serve on ${socket}\n`), 20);
  });
}
