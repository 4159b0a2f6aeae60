import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { script } from '../../src/node/scripts.js';
import { runScriptBeside, shells } from './shells.js';

let server: Server;
let port: number;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(request.url === '/pods' ? 401 : 200).end('a long answer that nobody needs');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.close();
  await once(server, 'close');
});

describe.each(shells)('http.sh under $name', (shell) => {
  const ask = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runScriptBeside(shell, script('http'), args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };

  it('gives the status and nothing else', async () => {
    expect(await ask('http', '127.0.0.1', String(port), '/pods')).toBe('status 401\n');
    expect(await ask('http', '127.0.0.1', String(port), '/a?b=[1]')).toBe('status 200\n');
    expect(asked).toContain('/a?b=[1]');
  });

  it('says when nobody listens', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port: closed } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    expect(await ask('http', '127.0.0.1', String(closed), '/')).toBe('refused\n');
  });

  it('asks the address that it is told, and no other', async () => {
    expect(await ask('http', '127.0.0.2', String(port), '/pods')).toBe('refused\n');
    const six = createServer((_, response) => response.writeHead(403).end()).listen(0, '::1');
    await once(six, 'listening');
    const { port: own } = six.address() as AddressInfo;
    expect(await ask('http', '::1', String(own), '/pods')).toBe('status 403\n');
    expect(await ask('http', '127.0.0.1', String(own), '/pods')).toBe('refused\n');
    six.close();
    await once(six, 'close');
  });

  it('does not take what is no answer for one', async () => {
    expect(await ask('https', '127.0.0.1', String(port), '/')).toBe('broken\n');
  });

  it('refuses another number of arguments', async () => {
    expect((await runScriptBeside(shell, script('http'), ['http'])).code).toBe(97);
  });
});
