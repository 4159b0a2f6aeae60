/** SSH's channel packets through a running ssh: its control socket in proxy mode (OpenSSH's PROTOCOL.mux, 7.4 and newer). */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { sleep } from '../lib/clock.js';
import { FieldReader, uint32 } from './wire.js';

/** Packets of the SSH connection protocol (RFC 4254), each a type and its fields. ssh encrypts them, and renumbers channels. */
export interface PacketStream {
  send(packet: Buffer): void;
  /** Called for each packet. A packet that `listener` throws at ends the stream. */
  onPacket(listener: (packet: Buffer) => void): void;
  onEnd(listener: () => void): void;
  destroy(): void;
}

const hello = 0x00000001;
const version = 4;
const askProxy = 0x1000000f;
const isProxy = 0x8000000f;
/** ssh's own limit is 256 KiB. */
const maxPacket = 512 * 1024;
/** Milliseconds between two looks for the socket, which ssh makes after the login. */
const pollInterval = 20;

/** Waits until ssh listens at `path`; undefined if `stop` fires before. Rejects if it does not speak the protocol. */
export async function openMuxProxy(path: string, stop: AbortSignal): Promise<PacketStream | undefined> {
  while (!stop.aborted) {
    const socket = await tryConnect(path);
    if (socket !== undefined) return startProxy(socket, stop);
    await sleep(pollInterval, stop);
  }
  return undefined;
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => resolve(undefined));
    socket.once('connect', () => resolve(socket));
  });
}

function startProxy(socket: Socket, stop: AbortSignal): Promise<PacketStream> {
  return new Promise((resolve, reject) => {
    const drop = (): void => void socket.destroy();
    stop.addEventListener('abort', drop, { once: true });
    let onPacket: (packet: Buffer) => void = () => undefined;
    let isOpen = false;
    socket.on('error', () => undefined);
    socket.once('close', () => reject(new Error('ssh closed its control socket')));
    onFrames(socket, (frame) => {
      // Byte 0 would be the length of the padding, which there is none of.
      if (isOpen) onPacket(frame.subarray(1));
      else if (new FieldReader(frame).uint32() === isProxy) {
        isOpen = true;
        stop.removeEventListener('abort', drop);
        resolve({
          send: (packet) => void socket.write(Buffer.concat([uint32(packet.length + 1), Buffer.alloc(1), packet])),
          onPacket: (listener) => (onPacket = listener),
          onEnd(listener) {
            if (socket.destroyed) listener();
            else socket.once('close', listener);
          },
          destroy: drop,
        });
      } else if (new FieldReader(frame).uint32() !== hello) drop();
    });
    for (const message of [
      [hello, version],
      [askProxy, 0],
    ]) {
      const body = Buffer.concat(message.map(uint32));
      socket.write(Buffer.concat([uint32(body.length), body]));
    }
  });
}

/** Cuts the stream at the length before each frame. Ends it at a frame that is too long, or that `take` throws at. */
function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    try {
      while (rest.length >= 4 && !socket.destroyed) {
        const end = 4 + rest.readUInt32BE(0);
        if (end > maxPacket) throw new RangeError('a packet is too long');
        if (rest.length < end) return;
        take(rest.subarray(4, end));
        rest = rest.subarray(end);
      }
    } catch {
      socket.destroy();
    }
  });
}
