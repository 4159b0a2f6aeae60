import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConnections } from '../../src/consumers/connections.js';
import { script } from '../../src/node/scripts.js';
import { runScriptBeside, shells } from './shells.js';

let server: Server;
let client: Socket;
let port: number;

beforeAll(async () => {
  server = createServer((socket) => socket.on('end', () => socket.end())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  client = connect(port, '127.0.0.1');
  await once(client, 'connect');
});
afterAll(() => {
  client.destroy();
  server.close();
});

describe.each(shells)('connections.sh under $name', (shell) => {
  const look = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runScriptBeside(shell, script('connections'), args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };

  it('tells both ends of a connection once, and who began it', async () => {
    const seen = parseConnections(await look(`1 ${port}`, '3', '0.1', '100'));
    const local = { address: '127.0.0.1', port: client.localPort };
    expect(seen?.incoming).toEqual([{ port, peer: local }]);
    expect(seen?.outgoing).toMatchObject([
      { local, remote: { address: '127.0.0.1', port }, process: { pid: process.pid, podUid: undefined } },
    ]);
  });

  it('tells nothing of other ports, and not that somebody listens', async () => {
    expect(await look('1', '1', '0.1', '100')).toBe('end\n');
  });

  it('tells of a connection that was closed meanwhile, and not of one that was closed before', async () => {
    const connectOnce = async (): Promise<number> => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      const from = socket.localPort ?? 0;
      socket.end();
      await once(socket, 'close');
      return from;
    };
    const before = await connectOnce();
    const looking = look(String(port), '6', '0.3', '100');
    await new Promise((resolve) => setTimeout(resolve, 700));
    const meanwhile = await connectOnce();
    const ports = parseConnections(await looking)?.outgoing.map(({ local }) => local.port);
    expect(ports).toContain(meanwhile);
    expect(ports).not.toContain(before);
  });

  it('sends no more lines than it may', async () => {
    const lines = (await look(String(port), '1', '0.1', '0')).split('\n');
    expect(lines).toEqual(['end', '']);
  });
});
