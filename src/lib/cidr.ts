/** Networks in CIDR notation and the addresses in them, as numbers. Pure. */
import { canonicalAddress } from './ip-address.js';

export interface IpNumber {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface Cidr {
  readonly family: 4 | 6;
  /** The first address; the bits behind the prefix are zero. */
  readonly base: bigint;
  readonly prefix: number;
  /** Canonical, such as `10.244.0.0/16`. */
  readonly text: string;
}

const bitsOf = { 4: 32, 6: 128 } as const;

/** An address as a number; undefined for other text. A zone (`%eth0`) is no part of an address. An IPv4-mapped one is IPv4. */
export function parseAddress(text: string): IpNumber | undefined {
  const canonical = canonicalAddress(text);
  const parts = canonical.split('.');
  if (parts.length === 4 && parts.every((one) => /^\d{1,3}$/.test(one) && Number(one) <= 255))
    return { family: 4, value: parts.reduce((sum, one) => sum * 256n + BigInt(one), 0n) };
  const groups = groupsOf(canonical);
  if (groups === undefined) return undefined;
  return { family: 6, value: groups.reduce((sum, one) => sum * 65536n + BigInt(parseInt(one, 16)), 0n) };
}

/** The eight groups of a canonical IPv6 address. */
function groupsOf(canonical: string): readonly string[] | undefined {
  if (!/^[0-9a-f:]{2,39}$/.test(canonical) || !canonical.includes(':')) return undefined;
  const [head = '', tail, ...more] = canonical.split('::');
  if (more.length > 0) return undefined;
  const [first, last] = [head, tail ?? ''].map((one) => (one === '' ? [] : one.split(':')));
  if (first === undefined || last === undefined) return undefined;
  const missing = 8 - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...first, ...Array.from({ length: missing }, () => '0'), ...last];
  return groups.every((one) => /^[0-9a-f]{1,4}$/.test(one)) ? groups : undefined;
}

/** Undefined for text that is no network, or that has bits behind its prefix. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', prefixText = '', ...more] = text.split('/');
  const number = parseAddress(address);
  if (number === undefined || more.length > 0 || !/^\d{1,3}$/.test(prefixText)) return undefined;
  const prefix = Number(prefixText);
  const bits = bitsOf[number.family];
  if (prefix > bits || number.value % (1n << BigInt(bits - prefix)) !== 0n) return undefined;
  return { family: number.family, base: number.value, prefix, text: `${canonicalAddress(address)}/${prefix}` };
}

/** `192.0.2.1/32` or `2001:db8::1/128`. The text must be an address. */
export const hostCidr = (address: string): string =>
  `${canonicalAddress(address)}/${address.includes(':') ? bitsOf[6] : bitsOf[4]}`;

export function holdsAddress({ family, base, prefix }: Cidr, address: IpNumber): boolean {
  const rest = BigInt(bitsOf[family] - prefix);
  return family === address.family && address.value >> rest === base >> rest;
}
