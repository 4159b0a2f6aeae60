/** The data types of SSH's packets (RFC 4251, 5): writes and reads numbers and strings. */

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function sshString(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** Reads one field after another. Throws RangeError where the packet is too short. */
export class FieldReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  past(count: number): this {
    this.at += count;
    return this;
  }

  boolean(): boolean {
    const byte = this.bytes.readUInt8(this.at);
    this.at += 1;
    return byte !== 0;
  }

  uint32(): number {
    const value = this.bytes.readUInt32BE(this.at);
    this.at += 4;
    return value;
  }

  string(): Buffer {
    const length = this.uint32();
    const end = this.at + length;
    if (end > this.bytes.length) throw new RangeError('a field beyond the end of its packet');
    const field = this.bytes.subarray(this.at, end);
    this.at = end;
    return field;
  }

  text(): string {
    return this.string().toString('utf8');
  }
}
