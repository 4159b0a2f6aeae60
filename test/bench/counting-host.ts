/** A host of ssh2's own in front of the node, behind a slow line: it tells how often a client waits. For one client at a time. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import ssh2 from 'ssh2';
import type { Connection, ServerChannel } from 'ssh2';
import { type Exchange, type Message, exchangeOf } from './round-trips.js';

export interface CountingHost {
  readonly address: string;
  readonly port: number;
  /** `type base64`. */
  readonly hostKey: string;
  /** What the client did while `act` ran. */
  exchange(act: () => Promise<unknown>): Promise<Exchange>;
  close(): void;
}

export interface Node {
  readonly address: string;
  /** Runs a command on the node, as sshd does. */
  readonly shell: (command: string) => ChildProcessWithoutNullStreams;
}

/** Milliseconds on the way to the host: much longer than a busy machine holds a message back. */
const delay = 1_000;

export async function openCountingHost(node: Node): Promise<CountingHost> {
  const pair = ssh2.utils.generateKeyPairSync('ed25519');
  let messages: Message[] = [];
  const debug = (line: string): void => {
    messages.push({ at: performance.now(), text: line.replace(/^\[\S+\] /, '') });
  };
  const server = new ssh2.Server({ hostKeys: [pair.private], debug }, (connection) => serve(connection, node));
  // The line to it is fast; the one to the client is not.
  const inner = await listening(createServer((socket) => server.injectSocket(socket)));
  const outer = await listening(createServer((client) => relay(client, connect(portOf(inner), '127.0.0.1'))));
  return {
    address: '127.0.0.1',
    port: portOf(outer),
    hostKey: pair.public.split(' ').slice(0, 2).join(' '),
    async exchange(act) {
      messages = [];
      await act();
      return exchangeOf(messages, delay);
    },
    close: () => [inner, outer].forEach((one) => one.close()),
  };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function relay(client: Socket, host: Socket): void {
  for (const socket of [client, host]) socket.setNoDelay(true).on('error', () => undefined);
  client.on('data', (chunk) => void setTimeout(() => host.write(chunk), delay));
  client.on('close', () => void setTimeout(() => host.destroy(), delay));
  host.on('data', (chunk) => client.write(chunk));
  host.on('close', () => client.destroy());
}

function serve(connection: Connection, { address, shell }: Node): void {
  connection.on('error', () => undefined);
  connection.on('authentication', (context) => context.accept());
  connection.on('tcpip', (accept, reject, { destPort }) => {
    const port = connect(destPort, address);
    port.once('connect', () => {
      const channel = accept();
      channel.on('error', () => undefined);
      channel.pipe(port).pipe(channel);
    });
    port.on('error', () => reject());
  });
  connection.on('session', (accept) => {
    accept().on('exec', (start, _refuse, { command }) => run(start(), shell(command)));
  });
}

function run(channel: ServerChannel, child: ChildProcessWithoutNullStreams): void {
  channel.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.on('close', (code) => {
    channel.exit(code ?? 255);
    channel.end();
  });
}
