/** The arguments with which ssh logs in to a machine for kubelatch, and carries nothing but its channels. Pure. */
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import type { Endpoint } from './route.js';

export interface LoginArguments {
  readonly endpoint: Endpoint;
  /** Read by ssh in place of ~/.ssh/config. */
  readonly configFile: string | undefined;
  /** Where ssh makes its control socket. */
  readonly controlPath: string;
  /** Where ssh writes its own messages. Standard error also has the server's banners. */
  readonly logFile: string;
  /** Milliseconds; 0 for none. */
  readonly keepaliveInterval: number;
}

/** The first value that ssh reads counts, so these overrule ~/.ssh/config. */
const fixed = [
  // The connection is on standard input and output.
  ...['ProxyCommand=-', 'BatchMode=yes', 'LogLevel=INFO', 'VisualHostKey=no'],
  ...['StrictHostKeyChecking=yes', 'UpdateHostKeys=no', 'KnownHostsCommand=none', 'VerifyHostKeyDNS=no'],
  ...['NoHostAuthenticationForLocalhost=no', 'CheckHostIP=no'],
  ...['ControlPersist=no', 'PermitLocalCommand=no', 'RemoteCommand=none', 'Tunnel=no', 'RequestTTY=no'],
  ...['ForwardAgent=no', 'ForwardX11=no', 'ClearAllForwardings=yes', 'AddKeysToAgent=no'],
];

/** Fails where a path of known_hosts has characters that ssh would not take as they are. */
export function loginArguments(login: LoginArguments): Result<readonly string[], HostError> {
  const { endpoint, configFile, controlPath, logFile, keepaliveInterval } = login;
  const { identityFiles, userKnownHosts, globalKnownHosts } = endpoint;
  const named = endpoint.hasOwnIdentity ? identityFiles.map(({ path }) => path) : [];
  const odd = [...userKnownHosts, ...globalKnownHosts, ...named].find((path) => /["\\]|\$\{|\p{Cc}/u.test(path));
  if (odd !== undefined) {
    const why = `the path ${oneLine(odd, 200)} has characters that cannot be passed to ssh`;
    return fail(hostError('config', why, 'rename the file, or set ssh.transport: ssh2'));
  }
  const settings = [
    ...fixed,
    `ServerAliveInterval=${Math.ceil(keepaliveInterval / 1000)}`,
    'ServerAliveCountMax=3',
    `UserKnownHostsFile=${pathList(userKnownHosts.map(literal))}`,
    `GlobalKnownHostsFile=${pathList(globalKnownHosts)}`,
  ];
  return ok([
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...settings.flatMap((setting) => ['-o', setting]),
    ...named.flatMap((path) => ['-i', literal(path)]),
    ...['-E', logFile, '-M', '-S', literal(controlPath), '-N', '-T', '-a', '-x'],
    ...['-l', endpoint.user, '-p', String(endpoint.port), '--', endpoint.alias],
  ]);
}

const pathList = (paths: readonly string[]): string =>
  paths.length === 0 ? 'none' : paths.map((path) => `"${path}"`).join(' ');

/** Without this, ssh would replace %h and the like. */
const literal = (path: string): string => path.replaceAll('%', '%%');
