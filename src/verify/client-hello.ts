/** A raw TLS ClientHello, and the first answer to it: for suites and versions that the OpenSSL of Node.js cannot speak. Pure. */

export interface HelloRequest {
  /** The highest version that is offered, up to TLS 1.2 (0x0303). */
  readonly version: number;
  /** Numbers of the offered suites, in order. */
  readonly suites: readonly number[];
  /** 32 bytes. */
  readonly random: Buffer;
}

export type HelloAnswer =
  /** The server chose a version and a suite. */
  | { readonly kind: 'hello'; readonly version: number; readonly suite: number }
  /** The server refused, with a number of RFC 8446, 6. */
  | { readonly kind: 'alert'; readonly alert: number }
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' }
  /** The answer is not TLS. */
  | { readonly kind: 'malformed'; readonly reason: string };

/** Says that the client renegotiates securely (RFC 5746). It is a signal and not a suite that a server can choose. */
const SCSV = 0x00ff;

const uint8 = (value: number): Buffer => Buffer.from([value & 0xff]);
const uint16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const uint16s = (values: readonly number[]): Buffer => Buffer.concat(values.map(uint16));
/** With its length in front, in one byte or two. */
const vector8 = (body: Buffer): Buffer => Buffer.concat([uint8(body.length), body]);
const vector16 = (body: Buffer): Buffer => Buffer.concat([uint16(body.length), body]);
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([uint16(type), vector16(body)]);

/** The record to send. It offers no session, no compression and no server name. */
export function clientHello({ version, suites, random }: HelloRequest): Buffer {
  const extensions = [
    // Groups: x25519, secp256r1, secp384r1, secp521r1.
    extension(10, vector16(uint16s([0x001d, 0x0017, 0x0018, 0x0019]))),
    extension(11, vector8(uint8(0))),
    // Before TLS 1.2 there were no signature algorithms to choose from.
    ...(version >= 0x0303
      ? [
          extension(
            13,
            vector16(uint16s([0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201])),
          ),
        ]
      : []),
  ];
  const body = Buffer.concat([
    uint16(version),
    random,
    vector8(Buffer.alloc(0)),
    vector16(uint16s([...suites, SCSV])),
    vector8(uint8(0)),
    vector16(Buffer.concat(extensions)),
  ]);
  const message = Buffer.concat([uint8(1), uint8(0), uint16(body.length), body]);
  return Buffer.concat([uint8(0x16), uint16(0x0301), vector16(message)]);
}

const ALERT = 0x15;
const HANDSHAKE = 0x16;
const SERVER_HELLO = 2;
/** Bytes of a record: 2^14 and what encryption may add (RFC 5246). */
const maxRecord = 16_384 + 2048;
/** Bytes of a ServerHello: those of real servers have about a hundred. */
const maxHello = 4096;

/** Records that a ServerHello may come in. */
const maxRecords = 16;

/** Reads what the server sent so far. Any bytes have an answer. */
export function readServerHello(bytes: Buffer): HelloAnswer {
  const message: Buffer[] = [];
  let size = 0;
  for (let at = 0; ;) {
    if (bytes.length < at + 5) return badStart(bytes.subarray(at)) ?? { kind: 'incomplete' };
    const bad = badStart(bytes.subarray(at));
    if (bad !== undefined) return bad;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > maxRecord) return malformed('a record of an impossible length');
    if (bytes.length < at + 5 + length) return { kind: 'incomplete' };
    const body = bytes.subarray(at + 5, at + 5 + length);
    if (bytes[at] === ALERT) return readAlert(body, size);
    message.push(body);
    if (message.length > maxRecords) return malformed('a ServerHello in too many pieces');
    size += length;
    const answer = readMessage(Buffer.concat(message));
    if (answer.kind !== 'incomplete') return answer;
    at += 5 + length;
  }
}

/** Why the first bytes are no TLS record; undefined while they may be one. */
function badStart(bytes: Buffer): HelloAnswer | undefined {
  const [type, major] = bytes;
  if (type !== undefined && type !== ALERT && type !== HANDSHAKE) return malformed('it does not speak TLS');
  return major !== undefined && major !== 3 ? malformed('it does not speak TLS') : undefined;
}

function readAlert(body: Buffer, before: number): HelloAnswer {
  const alert = body[1];
  if (before > 0 || body.length !== 2 || alert === undefined) return malformed('an alert that cannot be read');
  return { kind: 'alert', alert };
}

function readMessage(bytes: Buffer): HelloAnswer {
  if (bytes.length < 4)
    return bytes[0] === SERVER_HELLO ? { kind: 'incomplete' } : malformed('it did not send a ServerHello');
  if (bytes[0] !== SERVER_HELLO) return malformed('it did not send a ServerHello');
  const length = bytes.readUIntBE(1, 3);
  if (length > maxHello) return malformed('a ServerHello that is too long');
  if (bytes.length < 4 + length) return { kind: 'incomplete' };
  return readHello(bytes.subarray(4, 4 + length));
}

/** version(2) random(32) session id(1 + n) suite(2) compression(1), then extensions, which TLS 1.2 does not need. */
function readHello(body: Buffer): HelloAnswer {
  const sessionLength = body[34];
  if (sessionLength === undefined || sessionLength > 32) return malformed('a ServerHello that cannot be read');
  const at = 35 + sessionLength;
  if (body.length < at + 3) return malformed('a ServerHello that cannot be read');
  return { kind: 'hello', version: body.readUInt16BE(0), suite: body.readUInt16BE(at) };
}

const malformed = (reason: string): HelloAnswer => ({ kind: 'malformed', reason });
