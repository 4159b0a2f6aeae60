/** Which kind of text an address is, and which addresses no node has. Pure. */
import { BlockList, isIP } from 'node:net';

// One list each: a list takes an IPv4 address for the IPv6 address that contains it.
const [special, special6] = [new BlockList(), new BlockList()];
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  special6.addSubnet(net, bits, 'ipv6');

/** `special`: loopback, unspecified, link-local, multicast, reserved, or an IPv4 address inside an IPv6 one. */
export function addressKind(text: string): 'name' | 'special' | 'ordinary' {
  const family = isIP(text);
  if (family === 0) return 'name';
  return (family === 4 ? special.check(text, 'ipv4') : special6.check(text, 'ipv6')) ? 'special' : 'ordinary';
}

/** The text of an address of 4 or 16 bytes; an IPv4 address inside an IPv6 one stays an IPv6 address. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = bytes.toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** Text that somebody may read as an IP address: `10.0.0.1`, `0x0a000001`, `10.1`. */
export const looksLikeAddress = (name: string): boolean =>
  isIP(name) !== 0 || /^(0x[0-9a-f]+|\d+)$/i.test(name.split('.').at(-1) ?? '');
