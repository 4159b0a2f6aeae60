/** Checks names, addresses, bastions and paths in an inventory. Each check returns a message, or undefined if the text is valid. */
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/;

/** For names of hosts and groups. */
export function nameFault(name: string): string | undefined {
  if (name === 'all') return '"all" means every host and cannot be a name';
  if (name in Object.prototype) return `${JSON.stringify(name)} is reserved and cannot be a name`;
  return namePattern.test(name)
    ? undefined
    : `${JSON.stringify(name)} is not a valid name: use letters, digits, ".", "_" and "-", at most 253 characters`;
}

/** For addresses: an IP address or a host name, without user or port. */
export function addressFault(address: string): string | undefined {
  if (isIP(address) !== 0) return undefined;
  const shown = JSON.stringify(address);
  if (/^[\d.]+$/.test(address)) return `${shown} is not an IPv4 address`;
  if (address.includes('@')) return `${shown} is not an address: set the user in ssh.user`;
  if (/^[^:]+:\d+$/.test(address)) return `${shown} is not an address: set the port in ssh.port`;
  return isHostname(address) ? undefined : `${shown} is not a host name or an IP address`;
}

/** For names of Node objects (RFC 1123 subdomains). */
export function nodeNameFault(name: string): string | undefined {
  const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
  if (name.length <= 253 && name.split('.').every((part) => label.test(part))) return undefined;
  return `${JSON.stringify(name)} is not a node name: use lower-case letters, digits, "-" and "."`;
}

/** A name from ~/.ssh/config or [user@]host[:port]; an IPv6 address with a port needs brackets. */
export function jumpFault(jump: string): string | undefined {
  if (isIP(jump) === 6) return undefined;
  const match = /^(?:([^@]*)@)?(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/.exec(jump);
  const [, user, host = '', port] = match ?? [];
  const hostIsFine = host.startsWith('[') ? isIP(host.slice(1, -1)) === 6 : isHostname(host);
  const userIsFine = user === undefined || userFault(user) === undefined;
  if (hostIsFine && userIsFine && (port === undefined || isPort(port))) return undefined;
  return `${JSON.stringify(jump)} is not a jump host: write a name from ~/.ssh/config or [user@]host[:port]`;
}

export function userFault(user: string): string | undefined {
  return /^[^\s\p{Cc}@:'"\\-][^\s\p{Cc}:'"\\]*$/u.test(user) ? undefined : `${JSON.stringify(user)} is not a user name`;
}

/** The absolute path on this machine: `~` is expanded, relative paths start at the inventory's folder. */
export function localPath(text: string, inventoryPath: string, home: string = homedir()): string {
  if (text === '~' || text.startsWith('~/')) return resolve(home, text.slice(2));
  return resolve(inventoryPath === '-' ? '.' : dirname(inventoryPath), text);
}

export function pathFault(text: string): string | undefined {
  if (/\p{Cc}/u.test(text)) return 'a path must not contain control characters';
  return /^~[^/]/.test(text) ? `${JSON.stringify(text)}: only ~/ is expanded; write the full path` : undefined;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function isHostname(text: string): boolean {
  return (
    text.length <= 253 &&
    /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/.test(text)
  );
}
