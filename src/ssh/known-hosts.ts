/** OpenSSH's known_hosts format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): parses lines, matches names, judges keys. Pure, except that a hashed name has a random salt. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { randomHex } from '../lib/clock.js';

type Marker = 'none' | 'revoked' | 'cert-authority';

export interface KnownHostsLine {
  readonly file: string;
  /** Starts at 1. */
  readonly line: number;
  readonly marker: Marker;
  /** The first field: comma-separated patterns, or one hashed name. */
  readonly names: string;
  readonly keyType: string;
  readonly key: Buffer;
}

export type Verdict =
  | { readonly kind: 'known'; readonly entry: KnownHostsLine }
  | { readonly kind: 'changed'; readonly entry: KnownHostsLine }
  | { readonly kind: 'revoked'; readonly entry: KnownHostsLine }
  /** `authority` is the @cert-authority line for this host, which says nothing about a plain key. */
  | { readonly kind: 'unknown'; readonly authority: KnownHostsLine | undefined };

const MARKERS: Readonly<Record<string, Marker>> = { '@revoked': 'revoked', '@cert-authority': 'cert-authority' };

/** Skips lines that OpenSSH skips too. `file` is kept for messages. */
export function parseKnownHosts(text: string, file: string): KnownHostsLine[] {
  const lines: KnownHostsLine[] = [];
  text.split('\n').forEach((raw, index) => {
    const fields = raw.trim().split(/[ \t]+/);
    const marker = MARKERS[fields[0] ?? ''];
    const [names, keyType, base64] = marker === undefined ? fields : fields.slice(1);
    if (names === undefined || keyType === undefined || base64 === undefined || /^[#@]/.test(names)) return;
    const key = Buffer.from(base64, 'base64');
    if (keyTypeOf(key) !== keyType) return;
    lines.push({ file, line: index + 1, marker: marker ?? 'none', names, keyType, key });
  });
  return lines;
}

/** The line as it would be read again; ends with a line feed. */
export const lineText = ({ marker, names, keyType, key }: KnownHostsLine): string =>
  `${marker === 'none' ? '' : `@${marker} `}${names} ${keyType} ${key.toString('base64')}\n`;

/** The type name in a public key blob; '' if there is none. */
export function keyTypeOf(key: Buffer): string {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return length > 64 || 4 + length > key.length ? '' : key.toString('latin1', 4, 4 + length);
}

/** The name of a host in known_hosts: `host` for port 22, else `[host]:port`. */
export function knownHostsName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** SHA256 fingerprint as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** True if a known_hosts name field, plain or hashed, matches the host name. `!pattern` excludes. */
export function matchesName(names: string, name: string): boolean {
  const host = name.toLowerCase();
  if (names.startsWith('|')) return matchesHashed(names, host);
  let matched = false;
  for (const part of names.toLowerCase().split(',')) {
    const negated = part.startsWith('!');
    if (!matchesPattern(negated ? part.slice(1) : part, host)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

function matchesHashed(names: string, host: string): boolean {
  const [empty, version, salt, hash, rest] = names.split('|');
  if (empty !== '' || version !== '1' || salt === undefined || hash === undefined || rest !== undefined) return false;
  const want = Buffer.from(hash, 'base64');
  const got = createHmac('sha1', Buffer.from(salt, 'base64')).update(host).digest();
  return want.length === got.length && timingSafeEqual(want, got);
}

/** The name as `HashKnownHosts yes` writes it. */
export function hashedName(name: string): string {
  const salt = Buffer.from(randomHex(20), 'hex');
  const hash = createHmac('sha1', salt).update(name.toLowerCase()).digest();
  return `|1|${salt.toString('base64')}|${hash.toString('base64')}`;
}

/** Matches `*` and `?` like OpenSSH's match_pattern(), but without recursion, so that a hostile pattern stays cheap. */
export function matchesPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/**
 * Judges `key` for the host `name`. A key that differs from all known keys is `changed`, even if its type is new:
 * known key types are negotiated first, so a server that has the known key would have shown it.
 */
export function judgeKey(lines: readonly KnownHostsLine[], name: string, key: Buffer): Verdict {
  const own = lines.filter((line) => matchesName(line.names, name));
  const revoked = own.find((line) => line.marker === 'revoked' && line.key.equals(key));
  if (revoked !== undefined) return { kind: 'revoked', entry: revoked };
  const plain = own.filter((line) => line.marker === 'none');
  const same = plain.find((line) => line.key.equals(key));
  if (same !== undefined) return { kind: 'known', entry: same };
  const sameType = plain.find((line) => line.keyType === keyTypeOf(key)) ?? plain[0];
  if (sameType !== undefined) return { kind: 'changed', entry: sameType };
  return { kind: 'unknown', authority: own.find((line) => line.marker === 'cert-authority') };
}

/** The key types known for `name`, in file order. */
export function knownKeyTypes(lines: readonly KnownHostsLine[], name: string): string[] {
  const own = lines.filter((line) => line.marker === 'none' && matchesName(line.names, name));
  return [...new Set(own.map((line) => line.keyType))];
}
