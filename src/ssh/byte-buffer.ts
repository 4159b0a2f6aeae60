/** A growing byte buffer. It doubles its size, so that many small chunks cost no more than one large chunk. */
export class ByteBuffer {
  private buffer = Buffer.alloc(0);
  private used = 0;

  get size(): number {
    return this.used;
  }

  add(piece: Buffer): void {
    const needed = this.used + piece.length;
    if (needed > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.buffer.length, 4096));
      this.buffer.copy(larger, 0, 0, this.used);
      this.buffer = larger;
    }
    piece.copy(this.buffer, this.used);
    this.used = needed;
  }

  /** The bytes from `from` on. The view is valid until the next `add`. */
  bytes(from = 0): Buffer {
    return this.buffer.subarray(from, this.used);
  }

  /** The position of `wanted` at or after `from`; -1 if it is not there. */
  indexOf(wanted: Buffer, from: number): number {
    return this.bytes().indexOf(wanted, Math.max(0, from));
  }

  clear(): void {
    this.buffer = Buffer.alloc(0);
    this.used = 0;
  }
}
