/** Channels over a stream of packets that the test writes by hand: windows, ends, refusals, and servers that break the rules. */
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { maxData, message, packet, windowSize } from '../../src/ssh/channel.js';
import { createChannels } from '../../src/ssh/channels.js';
import type { Channels } from '../../src/ssh/channels.js';
import { reasonOf } from '../../src/ssh/failures.js';
import type { CommandChannel } from '../../src/ssh/transport.js';
import { FieldReader, sshString, uint32 } from '../../src/ssh/wire.js';

interface Server {
  readonly channels: Channels;
  /** Packets of the client that were not taken yet: type and fields. */
  readonly sent: Buffer[];
  receive(type: number, ...fields: readonly Buffer[]): void;
  end(): void;
}

function serve(): Server {
  const sent: Buffer[] = [];
  let take: (bytes: Buffer) => void = () => undefined;
  let end: () => void = () => undefined;
  const channels = createChannels({
    send: (bytes) => void sent.push(bytes),
    onPacket: (listener) => (take = listener),
    onEnd: (listener) => (end = listener),
    destroy: () => end(),
  });
  return { channels, sent, receive: (type, ...fields) => take(packet(type, ...fields)), end: () => end() };
}

const types = (sent: readonly Buffer[]): (number | undefined)[] => sent.map((bytes) => bytes[0]);
const confirm = (server: Server, window = 1000, size = 100): void =>
  server.receive(message.openConfirmation, uint32(0), uint32(7), uint32(window), uint32(size));

/** A command that runs; the packets up to there are gone. */
async function running(server: Server, window?: number, size?: number): Promise<CommandChannel> {
  const opened = new Promise<CommandChannel>((resolve, reject) =>
    server.channels.exec('true', (error, channel) => (error === undefined ? resolve(channel) : reject(error))),
  );
  confirm(server, window, size);
  server.receive(message.success, uint32(0));
  const channel = await opened;
  server.sent.length = 0;
  return channel;
}

const data = (server: Server, bytes: Buffer): void => server.receive(message.data, uint32(0), sshString(bytes));

describe('a command', () => {
  it('is asked for after the channel was confirmed, and gives output, status and end in order', async () => {
    const server = serve();
    const channel = await running(server);
    const events: unknown[] = [];
    channel.on('exit', (...how: unknown[]) => events.push(how));
    const closed = new Promise((resolve) => channel.once('close', resolve));
    const [out, err] = [text(channel), text(channel.stderr)];
    data(server, Buffer.from('out'));
    server.receive(message.extendedData, uint32(0), uint32(1), sshString('err'));
    server.receive(message.request, uint32(0), sshString('exit-signal'), Buffer.alloc(1), sshString('KILL'));
    server.receive(message.eof, uint32(0));
    server.receive(message.close, uint32(0));
    expect([await out, await err]).toEqual(['out', 'err']);
    await closed;
    expect(events).toEqual([[null, 'SIGKILL']]);
    expect(types(server.sent)).toEqual([message.close]);
  });

  it('ends without a status where the connection is lost', async () => {
    const server = serve();
    const channel = await running(server);
    const closed = new Promise((resolve) => channel.once('close', resolve));
    channel.resume();
    channel.stderr.resume();
    server.end();
    await closed;
    expect(() => server.channels.exec('x', () => undefined)).toThrow('closed');
    expect(() => channel.write('late')).not.toThrow();
  });

  it.each([
    ['by the server', (server: Server) => server.receive(message.failure, uint32(0))],
    ['by a close', (server: Server) => server.receive(message.close, uint32(0))],
    ['by the end', (server: Server) => server.end()],
  ])('may be refused %s', async (_, refuse) => {
    const server = serve();
    const opened = new Promise((resolve) => server.channels.exec('true', resolve));
    confirm(server);
    refuse(server);
    expect(await opened).toBeInstanceOf(Error);
  });
});

describe('input', () => {
  it('goes out in packets of the size that the server takes, and no more than its window', async () => {
    const server = serve();
    const channel = await running(server, 250, 100);
    channel.end(Buffer.alloc(300));
    await new Promise(setImmediate);
    const sizes = (): number[] =>
      server.sent
        .filter((bytes) => bytes[0] === message.data)
        .map((bytes) => new FieldReader(bytes).past(5).string().length);
    expect(sizes()).toEqual([100, 100, 50]);
    server.receive(message.windowAdjust, uint32(0), uint32(500));
    await new Promise(setImmediate);
    expect(sizes()).toEqual([100, 100, 50, 50]);
    expect(types(server.sent).at(-1)).toBe(message.eof);
  });

  it('stops at a close, and its writer goes on', async () => {
    const server = serve();
    const channel = await running(server, 10);
    const written = new Promise((resolve) => channel.write(Buffer.alloc(100), resolve));
    channel.close();
    await written;
    expect(types(server.sent)).toEqual([message.data, message.close]);
  });
});

describe('output', () => {
  it('lets the server go on only when it was read', async () => {
    const server = serve();
    const channel = await running(server);
    const piece = Buffer.alloc(maxData);
    for (let sent = 0; sent < windowSize; sent += piece.length) data(server, piece);
    expect(server.sent).toEqual([]);
    channel.resume();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(types(server.sent)).toContain(message.windowAdjust);
    expect(() => data(server, piece)).not.toThrow();
  });

  it.each([
    [
      'more than the window',
      (server: Server) => {
        for (let sent = 0; sent <= windowSize; sent += maxData) data(server, Buffer.alloc(maxData));
      },
    ],
    [
      'data after its end',
      (server: Server) => {
        server.receive(message.eof, uint32(0));
        data(server, Buffer.from('x'));
      },
    ],
    ['a packet that is too short', (server: Server) => server.receive(message.data, uint32(0), uint32(9))],
    [
      'data for a channel that is not open',
      (server: Server) => {
        server.channels.exec('x', () => undefined);
        server.receive(message.data, uint32(1), sshString('x'));
      },
    ],
  ])('that breaks the rules ends the connection: %s', async (_, breach) => {
    const server = serve();
    await running(server);
    expect(() => breach(server)).toThrow(RangeError);
  });

  it('for channels that nobody opened is dropped', () => {
    const server = serve();
    server.receive(message.data, uint32(5), sshString('x'));
    server.receive(message.open, sshString('x11'), uint32(1), uint32(1), uint32(1));
    expect(server.sent).toEqual([]);
  });
});

describe('a forward', () => {
  it('names the target, and a refusal keeps its reason', async () => {
    const server = serve();
    const opened = new Promise((resolve) => server.channels.forward({ host: '10.0.0.1', port: 22 }, resolve));
    const fields = new FieldReader(server.sent[0] ?? Buffer.alloc(0)).past(1);
    expect(fields.text()).toBe('direct-tcpip');
    expect([fields.past(12).text(), fields.uint32()]).toEqual(['10.0.0.1', 22]);
    server.receive(message.openFailure, uint32(0), uint32(2), sshString('no'), sshString(''));
    expect(reasonOf(await opened)).toBe(2);
  });
});
