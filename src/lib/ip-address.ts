/** Canonical forms of IP addresses, so that they can be compared as text. Pure. */

/** IPv4 without leading zeros, IPv6 in the short form of RFC 5952; other text, such as a host name, in lower case. */
export function canonicalAddress(text: string): string {
  const bare = text.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (/^\d{1,9}(\.\d{1,9}){3}$/.test(bare)) return bare.split('.').map(Number).join('.');
  if (!bare.includes(':')) return bare;
  let short: string;
  try {
    short = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  } catch {
    return bare;
  }
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (mapped === null) return short;
  return [mapped[1], mapped[2]]
    .map((half) => parseInt(half ?? '', 16))
    .flatMap((half) => [half >> 8, half & 0xff])
    .join('.');
}

/** The canonical form of an address of 4 or 16 bytes. */
export function addressOfBytes(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  return canonicalAddress(bytes.toString('hex').match(/.{4}/g)?.join(':') ?? '');
}

/** `host:port`, with brackets around an IPv6 address. */
export const hostAndPort = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** True for a wildcard address, on which a service listens on all addresses. An empty address counts too. */
export const isEveryAddress = (address: string): boolean => ['', '0.0.0.0', '::'].includes(canonicalAddress(address));

export const isLoopback = (address: string): boolean => /^(127\.|::1$|localhost$)/.test(canonicalAddress(address));

/** `ADDRESS:PORT` as /proc/net/tcp and tcp6 have it: hexadecimal, the words of the address in the machine's byte order. */
export function kernelEndpoint(text: string): { readonly address: string; readonly port: number } | undefined {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text);
  if (match === null) return undefined;
  const [, hex = '', port = ''] = match;
  const bytes = Buffer.from(hex, 'hex');
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
  return { address: addressOfBytes(bytes), port: parseInt(port, 16) };
}
