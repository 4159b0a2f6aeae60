/** One channel of the SSH connection protocol (RFC 4254, 5) as a stream: windows, end of file, close, exit status. */
import { Duplex, Readable } from 'node:stream';
import type { CommandChannel } from './transport.js';
import { sshString, uint32 } from './wire.js';
import type { FieldReader } from './wire.js';

export const message = {
  open: 90,
  openConfirmation: 91,
  openFailure: 92,
  windowAdjust: 93,
  data: 94,
  extendedData: 95,
  eof: 96,
  close: 97,
  request: 98,
  success: 99,
  failure: 100,
} as const;

export const packet = (type: number, ...fields: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([type]), ...fields]);

/** Bytes that the server may send before somebody has read them. */
export const windowSize = 1024 * 1024;
/** Bytes of data in one packet. */
export const maxData = 32 * 1024;
const maxSignalName = 20;

/** The server's end, as its confirmation told it. */
export interface Peer {
  readonly id: number;
  window: number;
  readonly maxPacket: number;
}

export class Channel extends Duplex implements CommandChannel {
  readonly stderr: Readable;
  /** Bytes that the server may still send. */
  private window = windowSize;
  /** Bytes that were read since the server was last told. */
  private consumed = 0;
  private waiting: { readonly data: Buffer; readonly done: () => void } | undefined;
  private isClosed = false;
  private sawEnd = false;
  private hasEnded = false;
  private openStreams = 2;

  private readonly peer: Peer;
  private readonly send: (packet: Buffer) => void;

  /** `send` takes packets to the server. */
  constructor(peer: Peer, send: (packet: Buffer) => void) {
    super({ autoDestroy: false });
    this.peer = peer;
    this.send = send;
    this.stderr = new Readable({ autoDestroy: false, read: () => this.readMore() });
    for (const stream of [this, this.stderr]) {
      stream.once('end', () => {
        this.openStreams -= 1;
        if (this.hasEnded && this.openStreams === 0) this.destroy();
      });
    }
  }

  /** `name` with SIG or without. */
  signal(name: string): void {
    this.request('signal', Buffer.alloc(1), sshString(name.replace(/^SIG/, '')));
  }

  /** A request of this side; the server answers it if the first of `fields` is 1. */
  request(name: string, ...fields: readonly Buffer[]): void {
    this.tell(packet(message.request, uint32(this.peer.id), sshString(name), ...fields));
  }

  close(): void {
    this.tell(packet(message.close, uint32(this.peer.id)));
    this.isClosed = true;
    this.release();
  }

  /** A packet of the server for this channel; `fields` begin after the channel's number. Throws at what no server may send. */
  accept(type: number, fields: FieldReader): void {
    switch (type) {
      case message.windowAdjust:
        this.peer.window += fields.uint32();
        this.flush();
        return;
      case message.data:
        this.receive(fields.string(), this);
        return;
      case message.extendedData:
        fields.uint32();
        this.receive(fields.string(), this.stderr);
        return;
      case message.eof:
        this.endReading();
        return;
      case message.request:
        this.answer(fields);
        return;
    }
  }

  /** The server has closed its end, or there is no connection any more: what was received can still be read. */
  finish(): void {
    if (!this.isClosed) this.close();
    this.endReading();
    this.hasEnded = true;
    if (this.openStreams === 0) this.destroy();
  }

  override _read(): void {
    this.readMore();
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.waiting = { data, done };
    this.flush();
  }

  override _final(done: () => void): void {
    this.tell(packet(message.eof, uint32(this.peer.id)));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.isClosed) this.close();
    this.stderr.destroy();
    done(error);
  }

  private receive(data: Buffer, into: Readable): void {
    if (this.sawEnd) throw new RangeError('data after the end');
    if (data.length > this.window) throw new RangeError('more data than the window allows');
    this.window -= data.length;
    this.consumed += data.length;
    if (into.destroyed || into.push(data)) this.readMore();
  }

  /** Lets the server send more, when half of the window was read. */
  private readMore(): void {
    if (this.consumed < windowSize / 2 || this.isClosed) return;
    this.window += this.consumed;
    this.tell(packet(message.windowAdjust, uint32(this.peer.id), uint32(this.consumed)));
    this.consumed = 0;
  }

  private flush(): void {
    while (this.waiting !== undefined && this.peer.window > 0 && !this.isClosed) {
      const { data, done } = this.waiting;
      const size = Math.min(data.length, this.peer.window, this.peer.maxPacket, maxData);
      this.tell(packet(message.data, uint32(this.peer.id), sshString(data.subarray(0, size))));
      this.peer.window -= size;
      this.waiting = size === data.length ? undefined : { data: data.subarray(size), done };
      if (this.waiting === undefined) done();
    }
    if (this.isClosed) this.release();
  }

  /** What is written after the close goes nowhere, but its writer goes on. */
  private release(): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.done();
  }

  private answer(fields: FieldReader): void {
    const name = fields.text();
    if (fields.boolean()) this.tell(packet(message.failure, uint32(this.peer.id)));
    if (name === 'exit-status') this.emit('exit', fields.uint32(), undefined);
    else if (name === 'exit-signal') this.emit('exit', null, `SIG${fields.text().slice(0, maxSignalName)}`);
  }

  private endReading(): void {
    if (this.sawEnd) return;
    this.sawEnd = true;
    this.push(null);
    this.stderr.push(null);
  }

  private tell(bytes: Buffer): void {
    if (!this.isClosed) this.send(bytes);
  }
}
