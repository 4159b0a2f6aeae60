/** The channels of one SSH connection: opens them, and hands each packet of the server to its channel. */
import type { Duplex } from 'node:stream';
import { Channel, maxData, message, packet, windowSize } from './channel.js';
import type { PacketStream } from './mux-proxy.js';
import type { Target } from './session.js';
import type { CommandChannel } from './transport.js';
import { FieldReader, sshString, uint32 } from './wire.js';

type Opened<T> = (error: Error | undefined, channel: T) => void;

export interface Channels {
  exec(command: string, opened: Opened<CommandChannel>): void;
  forward(target: Target, opened: Opened<Duplex>): void;
}

interface Entry {
  channel: Channel | undefined;
  /** Before the server has answered; later for the answer to a request. */
  answer: ((error: Error | undefined) => void) | undefined;
}

/** A refused channel: `reason` is a code of RFC 4254, 5.1. */
class OpenError extends Error {
  readonly reason: number;

  constructor(reason: number, text: string) {
    super(text);
    this.reason = reason;
  }
}

const maxText = 200;

export function createChannels(stream: PacketStream): Channels {
  const entries = new Map<number, Entry>();
  let last = 0;
  let isOver = false;
  const open = (
    kind: string,
    fields: readonly Buffer[],
    answer: (error: Error | undefined, entry: Entry) => void,
  ): void => {
    if (isOver) throw new Error('the connection is closed');
    const id = last++;
    const entry: Entry = { channel: undefined, answer: (error) => answer(error, entry) };
    entries.set(id, entry);
    stream.send(packet(message.open, sshString(kind), uint32(id), uint32(windowSize), uint32(maxData), ...fields));
  };
  stream.onPacket((bytes) => takePacket(bytes, entries, (out) => isOver || stream.send(out)));
  stream.onEnd(() => {
    isOver = true;
    finishAll(entries);
  });
  return {
    exec: (command, opened) => open('session', [], (error, entry) => runCommand(command, error, entry, opened)),
    forward(target, opened) {
      const [kind, fields] = placeOf(target);
      open(kind, fields, (error, { channel }) => {
        // Nobody reads a second stream of it.
        channel?.stderr.resume();
        opened(error, channel as Channel);
      });
    },
  };
}

function runCommand(command: string, error: Error | undefined, entry: Entry, opened: Opened<CommandChannel>): void {
  const { channel } = entry;
  if (channel === undefined) {
    opened(error ?? new Error('no channel'), undefined as never);
    return;
  }
  entry.answer = (refused) => {
    if (refused !== undefined) channel.close();
    opened(refused, channel);
  };
  channel.request('exec', Buffer.from([1]), sshString(command));
}

function finishAll(entries: Map<number, Entry>): void {
  const left = [...entries.values()];
  entries.clear();
  for (const { channel, answer } of left) {
    answer?.(new Error('the connection was closed'));
    channel?.finish();
  }
}

const placeOf = (target: Target): [string, readonly Buffer[]] =>
  'socketPath' in target
    ? ['direct-streamlocal@openssh.com', [sshString(target.socketPath), sshString(''), uint32(0)]]
    : ['direct-tcpip', [sshString(target.host), uint32(target.port), sshString('127.0.0.1'), uint32(0)]];

/** Throws at a packet that no server may send. */
function takePacket(bytes: Buffer, entries: Map<number, Entry>, send: (packet: Buffer) => void): void {
  const type = bytes[0] ?? 0;
  // Global requests are ssh's.
  if (type < message.openConfirmation || type > message.failure) return;
  const fields = new FieldReader(bytes).past(1);
  const id = fields.uint32();
  const entry = entries.get(id);
  if (entry === undefined) return;
  const { channel } = entry;
  if (channel === undefined) {
    takeAnswer(type, fields, entry, send);
    if (entry.channel === undefined) entries.delete(id);
  } else if (type === message.success || type === message.failure) {
    const refused = type === message.success ? undefined : new Error('the server refused to run a command');
    settle(entry, refused);
  } else if (type === message.close) {
    entries.delete(id);
    settle(entry, new Error('the server closed the channel'));
    channel.finish();
  } else channel.accept(type, fields);
}

function takeAnswer(type: number, fields: FieldReader, entry: Entry, send: (packet: Buffer) => void): void {
  if (type === message.openConfirmation) {
    const peer = { id: fields.uint32(), window: fields.uint32(), maxPacket: Math.max(1, fields.uint32()) };
    entry.channel = new Channel(peer, send);
    // Keep a listener: an unhandled error on the channel would end the process.
    entry.channel.on('error', () => undefined);
    settle(entry, undefined);
  } else if (type === message.openFailure) {
    settle(entry, new OpenError(fields.uint32(), fields.text().slice(0, maxText)));
  } else throw new RangeError('a packet for a channel that is not open');
}

/** Answers once. */
function settle(entry: Entry, error: Error | undefined): void {
  const { answer } = entry;
  entry.answer = undefined;
  answer?.(error);
}
