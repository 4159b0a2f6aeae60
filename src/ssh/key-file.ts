/** Reads private key files, detects their format, and unlocks them with a passphrase. */
import { readFile, stat } from 'node:fs/promises';
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';
import { messageOf } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import { keyTypeOf } from './known-hosts.js';

export type KeyFile =
  | { readonly kind: 'open'; readonly path: string; readonly key: ParsedKey }
  /** Encrypted. `publicKey` comes from the file itself or from its .pub file, if there is one. */
  | { readonly kind: 'locked'; readonly path: string; readonly text: Buffer; readonly publicKey: ParsedKey | undefined }
  | { readonly kind: 'absent'; readonly path: string }
  /** `onlySsh`: the ssh program can use it. */
  | { readonly kind: 'unusable'; readonly path: string; readonly reason: string; readonly onlySsh?: true };

const MAGIC = 'openssh-key-v1\0';

/** Reads one file; never rejects. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const unusable = (reason: string): KeyFile & { kind: 'unusable' } => ({ kind: 'unusable', path, reason });
  let text: Buffer;
  try {
    const { mode, uid, size } = await stat(path);
    if (size > 64 * 1024) return unusable('is too large for a key');
    // OpenSSH too rejects a private key that other users can read.
    if (uid === process.getuid?.() && (mode & 0o077) !== 0) {
      return unusable(
        `has mode ${(mode & 0o777).toString(8).padStart(4, '0')}, so other users can read it (run chmod 600)`,
      );
    }
    text = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent', path };
    return unusable(`cannot be read: ${oneLine(messageOf(error))}`);
  }
  const header = readOpensshHeader(text);
  if (header?.type.startsWith('sk-') === true)
    return { ...unusable('is a security key (FIDO), which only ssh itself supports'), onlySsh: true };
  if (header?.encrypted === true) return { kind: 'locked', path, text, publicKey: parse(header.publicKey) };
  if (/^Proc-Type: 4,ENCRYPTED|^Encryption: (?!none)/m.test(text.toString('latin1'))) {
    return { kind: 'locked', path, text, publicKey: await readPublicFile(path) };
  }
  const key = parse(text);
  if (key === undefined) return unusable('is not a private key in a supported format (ssh-keygen -p converts it)');
  return key.isPrivateKey() ? { kind: 'open', path, key } : unusable('is a public key, not a private one');
}

/** The unlocked key; undefined if the passphrase is wrong. */
export function unlockKey(text: Buffer, passphrase: string): ParsedKey | undefined {
  const key = parse(text, passphrase);
  return key?.isPrivateKey() === true ? key : undefined;
}

async function readPublicFile(path: string): Promise<ParsedKey | undefined> {
  try {
    return parse(await readFile(`${path}.pub`));
  } catch {
    return undefined;
  }
}

function parse(data: Buffer | undefined, passphrase?: string): ParsedKey | undefined {
  if (data === undefined) return undefined;
  try {
    const parsed: ParsedKey | ParsedKey[] | Error = ssh2.utils.parseKey(data, passphrase);
    const key = Array.isArray(parsed) ? (parsed[0] as ParsedKey | undefined) : parsed;
    return key instanceof Error ? undefined : key;
  } catch {
    return undefined;
  }
}

interface OpensshHeader {
  readonly encrypted: boolean;
  readonly type: string;
  readonly publicKey: Buffer;
}

/** The unencrypted header of OpenSSH's private key format (PROTOCOL.key). */
function readOpensshHeader(text: Buffer): OpensshHeader | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END/.exec(text.toString('latin1'))?.[1];
  if (body === undefined) return undefined;
  const data = Buffer.from(body, 'base64');
  if (data.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  let at = MAGIC.length;
  const next = (): Buffer => {
    const length = data.readUInt32BE(at);
    const field = data.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return field;
  };
  try {
    const cipher = next().toString('latin1');
    next();
    next();
    at += 4;
    const publicKey = next();
    return { encrypted: cipher !== 'none', type: keyTypeOf(publicKey), publicKey };
  } catch {
    return undefined;
  }
}
