/** The lines of one known_hosts file by host name, so that a fleet does not compare each host with each line. Pure. */
import { type KnownHostsLine, matchesName } from './known-hosts.js';

export interface KnownHostsIndex {
  readonly lines: readonly KnownHostsLine[];
  /** The lines that name the host, in the order of the file. */
  linesOf(name: string): readonly KnownHostsLine[];
}

export function indexLines(lines: readonly KnownHostsLine[]): KnownHostsIndex {
  const plain = new Map<string, KnownHostsLine[]>();
  /** Hashed names and patterns: only a comparison tells what they match. */
  const others: KnownHostsLine[] = [];
  for (const line of lines) {
    if (/[|*?!]/.test(line.names)) others.push(line);
    else for (const name of new Set(line.names.toLowerCase().split(','))) pushTo(plain, name, line);
  }
  const places = new Map(lines.map((line, at) => [line, at]));
  const placeOf = (line: KnownHostsLine): number => places.get(line) ?? 0;
  const found = new Map<string, readonly KnownHostsLine[]>();
  return {
    lines,
    linesOf(name) {
      const host = name.toLowerCase();
      const known = found.get(host);
      if (known !== undefined) return known;
      const own = [...(plain.get(host) ?? []), ...others.filter(({ names }) => matchesName(names, host))];
      found.set(
        host,
        own.sort((one, other) => placeOf(one) - placeOf(other)),
      );
      return own;
    },
  };
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
