/** The raw ClientHello and the reading of its answer: real answers, and whatever a hostile server may send. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientHello, readServerHello } from '../../src/verify/client-hello.js';

const random = Buffer.alloc(32, 7);

/** A ServerHello with an empty session id, in records of at most `size` bytes. */
function serverHello(version: number, suite: number, size = 10_000): Buffer {
  const hello = Buffer.concat([
    Buffer.from([version >> 8, version & 255]),
    random,
    Buffer.from([0, suite >> 8, suite & 255, 0]),
  ]);
  const message = Buffer.concat([Buffer.from([2, 0, 0, hello.length]), hello]);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.concat([Buffer.from([0x16, 3, 3, part.length >> 8, part.length & 255]), part]));
  }
  return Buffer.concat(records);
}

const alert = (number: number): Buffer => Buffer.from([0x15, 3, 3, 0, 2, 2, number]);

describe('clientHello', () => {
  it('is one record whose lengths fit', () => {
    const bytes = clientHello({ version: 0x0303, suites: [0x000a, 0x0005], random });
    expect(bytes.readUInt16BE(3)).toBe(bytes.length - 5);
    expect(bytes.readUIntBE(6, 3)).toBe(bytes.length - 9);
    expect(bytes.readUInt16BE(9)).toBe(0x0303);
    // Session id, then the suites with the signal for secure renegotiation.
    expect(bytes.subarray(43, 52).toString('hex')).toBe('000006000a000500ff');
  });

  it('has signature algorithms from TLS 1.2 on alone', () => {
    const lengths = [0x0301, 0x0302, 0x0303].map((version) => clientHello({ version, suites: [5], random }).length);
    expect(lengths[0]).toBe(lengths[1]);
    expect(lengths[2]).toBeGreaterThan(lengths[1] ?? 0);
  });
});

describe('readServerHello', () => {
  it('reads what was chosen, in one piece or in several', () => {
    for (const size of [10_000, 20, 5])
      expect(readServerHello(serverHello(0x0303, 0xc012, size))).toEqual({
        kind: 'hello',
        version: 0x0303,
        suite: 0xc012,
      });
    expect(readServerHello(serverHello(0x0303, 0xc012, 1))).toMatchObject({ kind: 'malformed' });
  });

  it.each([40, 70, 80])('reads alert %i', (number) => {
    expect(readServerHello(alert(number))).toEqual({ kind: 'alert', alert: number });
  });

  it('waits for the rest of an answer', () => {
    const whole = serverHello(0x0301, 5);
    for (let length = 0; length < whole.length; length += 1)
      expect(readServerHello(whole.subarray(0, length)), String(length)).toEqual({ kind: 'incomplete' });
  });

  it.each([
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['another version', '\u0016\u0002\u0000\u0000\u0001a'],
    ['a record without content', '\u0016\u0003\u0003\u0000\u0000'],
    ['a message that is no ServerHello', '\u0016\u0003\u0003\u0000\u0004\u0001\u0000\u0000\u0000'],
    ['a ServerHello of 16 MB', '\u0016\u0003\u0003\u0000\u0004\u0002\u00ff\u00ff\u00ff'],
  ])('knows %s for what it is', (_, text) => {
    expect(readServerHello(Buffer.from(text, 'latin1'))).toMatchObject({ kind: 'malformed' });
  });

  it('has an answer to any bytes, and never reads beyond them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const { kind } = readServerHello(Buffer.from(bytes));
        expect(['hello', 'alert', 'incomplete', 'malformed']).toContain(kind);
      }),
    );
    // With a start that is right.
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (tail, at) => {
        const whole = serverHello(0x0303, 0xc02f, 30);
        const bytes = Buffer.concat([whole.subarray(0, at % whole.length), tail]);
        expect(['hello', 'alert', 'incomplete', 'malformed']).toContain(readServerHello(bytes).kind);
      }),
    );
  });

  it('what it said of a beginning, it does not take back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 50 }), (bytes, more) => {
        const before = readServerHello(Buffer.from(bytes));
        if (before.kind === 'incomplete') return;
        expect(readServerHello(Buffer.from([...bytes, ...more]))).toEqual(before);
      }),
    );
  });
});
