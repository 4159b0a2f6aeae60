/** What names, addresses, bastions and paths of an inventory look like. Each check gives a message, or undefined when all is well. */
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/;

export function nameFault(name: string): string | undefined {
  if (name === 'all') return '"all" stands for every host and cannot be a name';
  return namePattern.test(name)
    ? undefined
    : `${JSON.stringify(name)} is no name: letters, digits, ".", "_" and "-", at most 253`;
}

export function addressFault(address: string): string | undefined {
  if (isIP(address) !== 0) return undefined;
  const shown = JSON.stringify(address);
  if (/^[\d.]+$/.test(address)) return `${shown} is no IPv4 address`;
  if (address.includes('@')) return `${shown} is no address: the user belongs to ssh.user`;
  if (/^[^:]+:\d+$/.test(address)) return `${shown} is no address: the port belongs to ssh.port`;
  return isHostname(address) ? undefined : `${shown} is no host name and no IP address`;
}

export function nodeNameFault(name: string): string | undefined {
  const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
  if (name.length <= 253 && name.split('.').every((part) => label.test(part))) return undefined;
  return `${JSON.stringify(name)} is no node name: small letters, digits, "-" and "."`;
}

/** A name of ~/.ssh/config or [user@]host[:port]; an IPv6 address with a port stands in brackets. */
export function jumpFault(jump: string): string | undefined {
  if (isIP(jump) === 6) return undefined;
  const match = /^(?:([^@]*)@)?(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/.exec(jump);
  const [, user, host = '', port] = match ?? [];
  const hostIsFine = host.startsWith('[') ? isIP(host.slice(1, -1)) === 6 : isHostname(host);
  const userIsFine = user === undefined || userFault(user) === undefined;
  if (hostIsFine && userIsFine && (port === undefined || isPort(port))) return undefined;
  return `${JSON.stringify(jump)} is no bastion: a name of ~/.ssh/config or [user@]host[:port]`;
}

export function userFault(user: string): string | undefined {
  return /^[^\s\p{Cc}@:'"\\-][^\s\p{Cc}:'"\\]*$/u.test(user) ? undefined : `${JSON.stringify(user)} is no user name`;
}

/** A path on this machine: absolute, `~` expanded, relative to the inventory's folder. */
export function localPath(text: string, inventoryPath: string, home: string = homedir()): string {
  if (text === '~' || text.startsWith('~/')) return resolve(home, text.slice(2));
  return resolve(inventoryPath === '-' ? '.' : dirname(inventoryPath), text);
}

export function pathFault(text: string): string | undefined {
  if (/\p{Cc}/u.test(text)) return 'a path holds no control characters';
  return /^~[^/]/.test(text) ? `${JSON.stringify(text)}: only ~/ is expanded, write the path in full` : undefined;
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
