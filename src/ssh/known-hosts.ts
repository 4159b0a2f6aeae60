/** The known_hosts format of OpenSSH (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): parsing, matching and the verdict on a key. Pure. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

type Marker = 'none' | 'revoked' | 'cert-authority';

export interface KnownHostsLine {
  readonly file: string;
  /** Counted from 1. */
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
  /** `authority`: the line of a certificate authority that speaks for this host; a plain key proves nothing there. */
  | { readonly kind: 'unknown'; readonly authority: KnownHostsLine | undefined };

const MARKERS: Readonly<Record<string, Marker>> = { '@revoked': 'revoked', '@cert-authority': 'cert-authority' };

/** Lines that OpenSSH would not understand either are left out, as it does. */
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

/** The type name inside a public key blob, '' where there is none. */
export function keyTypeOf(key: Buffer): string {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return length > 64 || 4 + length > key.length ? '' : key.toString('latin1', 4, 4 + length);
}

/** The name under which a host stands in known_hosts: `host`, or `[host]:port` off the standard port. */
export function knownHostsName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** SHA256 fingerprint as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

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

/** `*` and `?` as match_pattern() of OpenSSH, without backtracking that a hostile pattern could blow up. */
function matchesPattern(pattern: string, text: string): boolean {
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
 * What the lines say of `key` for `name`. A key that differs from all known ones is `changed`, also when its type is new:
 * the key types that are known are asked for first, so a server that has them would have shown one.
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

/** The key types known for `name`, in the order of the lines. */
export function knownKeyTypes(lines: readonly KnownHostsLine[], name: string): string[] {
  const own = lines.filter((line) => line.marker === 'none' && matchesName(line.names, name));
  return [...new Set(own.map((line) => line.keyType))];
}
