/** Reads a list of host key fingerprints: a line `HOST SHA256:...` for each key. Pure. */
import { ToolError } from '../lib/errors.js';

export interface Fingerprint {
  readonly text: string;
  /** `file:line`. */
  readonly place: string;
}

/** By host, in lower case; several where a host has several keys. */
export type Fingerprints = ReadonlyMap<string, readonly Fingerprint[]>;

const maxChars = 4 * 1024 * 1024;

/** Blank lines and lines with # are skipped. Throws ToolError `usage` with file and line. */
export function readFingerprints(file: string, text: string): Fingerprints {
  if (text.length > maxChars) throw new ToolError('usage', `${file}:1: the file is larger than 4 MiB`);
  const found = new Map<string, Fingerprint[]>();
  for (const [i, line] of text.split('\n').entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    const place = `${file}:${i + 1}`;
    const [, host, print] = /^(\S+)\s+(SHA256:[A-Za-z0-9+/]{43})=?(?:\s.*)?$/.exec(content) ?? [];
    if (host === undefined || print === undefined)
      throw new ToolError('usage', `${place}: a line is HOST SHA256:FINGERPRINT`, {
        hint: 'print it on the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
      });
    const key = host.toLowerCase();
    found.set(key, [...(found.get(key) ?? []), { text: print, place }]);
  }
  return found;
}
