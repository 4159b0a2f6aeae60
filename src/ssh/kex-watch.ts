/** Follows one side of a handshake as far as it is not encrypted (RFC 4253, 4 to 7): its algorithms, host keys, and end. */
import { keyTypeOf } from './known-hosts.js';
import { FieldReader } from './wire.js';

/** Names of algorithms for key exchange, host key, and the cipher of each way. A MAC is not needed with every cipher. */
type Offer = readonly (readonly string[])[];

interface Watched {
  /** Any byte was seen. */
  hasBegun: boolean;
  /** Its algorithms; undefined before it named them. */
  offer: Offer | undefined;
  /** It sent NEWKEYS: from here on it encrypts. A client does so only after it accepted the host key. */
  isDone: boolean;
}

export interface KexWatch extends Readonly<Watched> {
  /** The host keys in these bytes, in order. Throws RangeError at bytes that are no handshake. */
  take(chunk: Buffer): Buffer[];
}

const kexInit = 20;
const newKeys = 21;
/** KEXDH_REPLY, KEX_ECDH_REPLY and hybrid ones; KEX_DH_GEX_REPLY. Each begins with the host key. */
const replies = [31, 33];
const maxPacket = 256 * 1024;
/** Bytes up to the end of the line with the version. */
const maxIntroduction = 64 * 1024;

export function createKexWatch(): KexWatch {
  let rest: Buffer = Buffer.alloc(0);
  let isIntroduced = false;
  const watch: Watched = { hasBegun: false, offer: undefined, isDone: false };
  const takePacket = (): Buffer[] => {
    const end = 4 + rest.readUInt32BE(0);
    const payload = rest.subarray(5, end - rest.readUInt8(4));
    rest = rest.subarray(end);
    if (payload[0] === kexInit) watch.offer ??= offerIn(payload);
    else if (payload[0] === newKeys) watch.isDone = true;
    else if (replies.includes(payload[0] ?? 0)) return keysIn(payload);
    return [];
  };
  const takePackets = (): Buffer[] => {
    const keys: Buffer[] = [];
    while (!watch.isDone && isWhole(rest)) keys.push(...takePacket());
    if (watch.isDone) rest = Buffer.alloc(0);
    return keys;
  };
  return Object.assign(watch, {
    take(chunk: Buffer): Buffer[] {
      watch.hasBegun = true;
      if (watch.isDone) return [];
      rest = Buffer.concat([rest, chunk]);
      if (!isIntroduced) {
        const after = afterIntroduction(rest);
        if (after === undefined && rest.length > maxIntroduction) throw new RangeError('no SSH version');
        if (after === undefined) return [];
        isIntroduced = true;
        rest = after;
      }
      return takePackets();
    },
  });
}

/** What follows the line `SSH-2.0-...`; a server may say other lines before it. */
function afterIntroduction(bytes: Buffer): Buffer | undefined {
  const at = bytes.subarray(0, 4).toString('latin1') === 'SSH-' ? 0 : bytes.indexOf('\nSSH-');
  const end = at < 0 ? -1 : bytes.indexOf('\n', at + 1);
  return end < 0 ? undefined : bytes.subarray(end + 1);
}

function isWhole(bytes: Buffer): boolean {
  if (bytes.length < 5) return false;
  const length = bytes.readUInt32BE(0);
  if (length > maxPacket || length < 2 + bytes.readUInt8(4)) throw new RangeError('a packet of an impossible length');
  return bytes.length >= 4 + length;
}

/** None in a KEX_DH_GEX_GROUP, which has the number 31 too and begins with a large number. */
function keysIn(payload: Buffer): Buffer[] {
  const key = Buffer.from(new FieldReader(payload).past(1).string());
  return /^[a-z][a-z0-9@.-]+$/.test(keyTypeOf(key)) ? [key] : [];
}

const cookie = 16;

function offerIn(kexInit: Buffer): Offer {
  const fields = new FieldReader(kexInit).past(1 + cookie);
  return [0, 1, 2, 3].map(() => fields.text().split(','));
}

/** True if two sides have no algorithm in common for something that needs one. */
export const lackCommon = (ours: Offer, theirs: Offer): boolean =>
  ours.some((names, i) => !names.some((name) => theirs[i]?.includes(name)));
