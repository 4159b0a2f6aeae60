/** The program of the probe pod, in every shell: what it says of open, closed and other ports. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { script } from '../../src/node/scripts.js';
import { runScriptBeside, shells } from './shells.js';

const folder = mkdtempSync(join(tmpdir(), 'kubelatch-pod-'));
const answer = join(folder, 'answer');
let server: Server;
let port = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    response.writeHead(request.url === '/pods' ? 401 : 200).end('an answer');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe.each(shells)('pod-probe.sh under $name', (shell) => {
  it('says what each place answers, and that it is done', async () => {
    const program = script('pod-probe').replace(/\$\{ANSWER:-[^}]*\}/, answer);
    const places = [`http 127.0.0.1 ${port} /pods`, `http 127.0.0.1 ${port} /healthz`, 'http 127.0.0.1 1 /pods'];
    const { code, stderr } = await runScriptBeside(shell, program, places);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [refused, ok, closed, control, end] = readFileSync(answer, 'utf8').trim().split('\n');
    expect(refused).toBe(`127.0.0.1 ${port} /pods status 401`);
    expect(ok).toBe(`127.0.0.1 ${port} /healthz status 200`);
    expect(closed).toBe('127.0.0.1 1 /pods refused');
    // There is no API server here, so that anything but a status will do.
    expect(control).toMatch(/^none 443 \/version (refused|timeout|broken)$/);
    expect(end).toBe('done');
  });
});
