/** SSH packets that ssh2's server would not send by itself. */
import type { Socket } from 'node:net';
import type { Connection } from 'ssh2';

/** What is used of ssh2's insides: no other way leads to a packet of one's own. */
interface Wire {
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): Buffer };
  };
  readonly _cipher: { encrypt(packet: Buffer): void };
}

export function sendPacket(connection: Connection, payload: Buffer): void {
  const { _protocol: wire } = connection as unknown as { readonly _protocol: Wire };
  const { write } = wire._packetRW;
  const packet = write.alloc(payload.length);
  payload.copy(packet, write.allocStart);
  wire._cipher.encrypt(write.finalize(packet));
}

export const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
};

const packet = (type: number, ...parts: readonly Buffer[]): Buffer => Buffer.concat([Buffer.of(type), ...parts]);
const yes = Buffer.of(1);

export const ignored = (size: number): Buffer => packet(2, text('x'.repeat(size)));
export const debugLine = (line: string): Buffer => packet(4, yes, text(line), text(''));
export const goodbye = (line: string): Buffer => packet(1, number(2), text(line), text(''));
export const globalRequest = (name: string): Buffer => packet(80, text(name), yes);
export const loginBanner = (line: string): Buffer => packet(53, text(line), text(''));
export const openChannel = (kind: string, sender: number): Buffer =>
  packet(
    90,
    text(kind),
    number(sender),
    number(2 ** 21),
    number(32_768),
    text('10.0.0.1'),
    number(80),
    text('10.0.0.2'),
    number(81),
  );
export const windowAdjust = (channel: number, by: number): Buffer => packet(93, number(channel), number(by));
export const channelData = (channel: number, data: Buffer): Buffer => packet(94, number(channel), text(data));
export const channelRequest = (channel: number, name: string): Buffer => packet(98, number(channel), text(name), yes);
export const loginRefused = (methods: string, partial: boolean): Buffer =>
  packet(51, text(methods), Buffer.of(partial ? 1 : 0));

/** Does `step` again and again, as fast as the other side takes it, until the socket is gone. */
export function floodBy(socket: Socket, step: () => void): void {
  const pour = (): void => {
    for (let count = 0; count < 32; count++) {
      if (socket.destroyed) return;
      if (socket.writableNeedDrain) {
        socket.once('drain', pour);
        return;
      }
      step();
    }
    setImmediate(pour);
  };
  pour();
}

/** The other side's channel, whose number ssh2 keeps to itself. */
export function farChannel(channel: unknown): number {
  const { outgoing } = channel as { readonly outgoing: { readonly id: number } };
  return outgoing.id;
}
