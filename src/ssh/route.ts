/** Finds the jump hosts on the way to a host and the settings for each. The inventory overrides ~/.ssh/config. */
import { homedir, hostname as localHostname, userInfo } from 'node:os';
import type { Host } from '../inventory/host.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import type { Openssh, OpensshSettings } from './openssh.js';

interface IdentityFile {
  readonly path: string;
  /** True if the inventory or ~/.ssh/config names the file; false for OpenSSH's default names. */
  readonly named: boolean;
}

/** One machine on the way, with everything needed to connect to it. */
export interface Endpoint {
  /** The name in messages and logs: the inventory name, or the bastion as written. */
  readonly label: string;
  /** What a user would type after `ssh`. */
  readonly alias: string;
  readonly isJump: boolean;
  /** `auto`: by ssh2, unless only OpenSSH can do it. */
  readonly transport: 'ssh2' | 'openssh' | 'auto';
  readonly user: string;
  readonly hostname: string;
  readonly port: number;
  readonly hostKeyAlias: string | undefined;
  readonly identityFiles: readonly IdentityFile[];
  /** The inventory names the identity file; ssh finds others by itself. */
  readonly hasOwnIdentity: boolean;
  /** ~/.ssh/config names a certificate for the login. */
  readonly hasCertificate: boolean;
  /** ssh would log in with Kerberos. */
  readonly gssapi: boolean;
  readonly identitiesOnly: boolean;
  readonly agentSocket: string | undefined;
  readonly userKnownHosts: readonly string[];
  readonly globalKnownHosts: readonly string[];
}

/** The machine that a route leads to. */
export function endOf(route: readonly Endpoint[]): Endpoint {
  const end = route.at(-1);
  if (end === undefined) throw new RangeError('a route without an end');
  return end;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface HostQuery {
  readonly label: string;
  readonly alias: string;
  readonly isJump: boolean;
  readonly transport: Endpoint['transport'];
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly identityFile?: string | undefined;
  readonly knownHostsFile?: string | undefined;
}

const MAX_HOPS = 8;
const NAME = /^[A-Za-z0-9_.:%][A-Za-z0-9_.:%-]*$/;
const USER = /^[A-Za-z0-9_.@\\][A-Za-z0-9_.@\\+-]*\$?$/;
const JUMP = /^(?:(?<user>[^@]+(?:@[^@]+)*)@)?(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]]+))(?::(?<port>\d{1,5}))?$/;

/** The endpoints from the first bastion to the host itself. Each jump host is looked up in ~/.ssh/config. */
export async function findRoute(
  host: Host,
  openssh: Openssh,
  env: Environment,
): Promise<Result<Endpoint[], HostError>> {
  const { user, port, identityFile, knownHostsFile, transport = 'ssh2' } = host.ssh;
  const own = await lookUp(
    { label: host.name, alias: host.address, isJump: false, transport, user, port, identityFile, knownHostsFile },
    openssh,
    env,
  );
  if (!own.ok) return own;
  const hasInventoryJumps = host.ssh.jump.length > 0;
  if (!hasInventoryJumps && own.value.settings.proxyCommand !== undefined) return fail(proxyCommand(host.address));
  const jumps = (hasInventoryJumps ? host.ssh.jump : own.value.settings.proxyJump).filter((jump) => jump !== 'none');
  const before = await findJumps(jumps, openssh, env, { knownHostsFile, transport });
  return before.ok ? ok([...before.value, own.value.endpoint]) : before;
}

async function findJumps(
  jumps: readonly string[],
  openssh: Openssh,
  env: Environment,
  own: Pick<HostQuery, 'knownHostsFile' | 'transport'>,
): Promise<Result<Endpoint[], HostError>> {
  const queue = [...jumps];
  const hops: Endpoint[] = [];
  for (let first = queue.pop(); first !== undefined; first = queue.pop()) {
    if (hops.length === MAX_HOPS) {
      return fail(
        hostError(
          'config',
          `more than ${MAX_HOPS} jump hosts, or a loop of jump hosts`,
          'check ProxyJump in ~/.ssh/config',
        ),
      );
    }
    const query = parseJump(first);
    if (!query.ok) return query;
    const hop = await lookUp({ ...query.value, ...own }, openssh, env);
    if (!hop.ok) return hop;
    hops.unshift(hop.value.endpoint);
    if (queue.length > 0) continue;
    // Only the first hop is dialled with its own ProxyJump; the others are reached through the hop before.
    if (hop.value.settings.proxyCommand !== undefined) return fail(proxyCommand(first));
    queue.push(...hop.value.settings.proxyJump);
  }
  return ok(hops);
}

const proxyCommand = (name: string): HostError =>
  hostError(
    'config',
    `~/.ssh/config sets a ProxyCommand for ${oneLine(name)}; only ProxyJump is supported`,
    'set `jump` for this host in the inventory, or use ProxyJump in ~/.ssh/config',
  );

/** Parses `[user@]host[:port]`, with or without `ssh://`. */
function parseJump(text: string): Result<Omit<HostQuery, 'transport'>, HostError> {
  const parts = JUMP.exec(text.replace(/^ssh:\/\//, '').replace(/\/$/, ''))?.groups;
  const alias = parts?.['v6'] ?? parts?.['host'];
  const port = parts?.['port'] === undefined ? undefined : Number(parts['port']);
  if (alias === undefined || (port !== undefined && (port < 1 || port > 65535))) {
    return fail(
      hostError(
        'config',
        `the jump host ${oneLine(text)} is not [user@]host[:port]`,
        'fix `jump` in the inventory or ProxyJump in ~/.ssh/config',
      ),
    );
  }
  return ok({ label: text, alias, isJump: true, user: parts?.['user'], port });
}

async function lookUp(
  wish: HostQuery,
  openssh: Openssh,
  env: Environment,
): Promise<Result<{ endpoint: Endpoint; settings: OpensshSettings }, HostError>> {
  // Names become arguments of `ssh`: reject a leading dash and whatever OpenSSH rejects.
  if (!NAME.test(wish.alias)) return fail(invalidCharacters('address', wish.alias));
  if (wish.user !== undefined && !USER.test(wish.user)) return fail(invalidCharacters('user name', wish.user));
  const answer = await openssh({ alias: wish.alias, user: wish.user, port: wish.port });
  if (!answer.ok) return answer;
  const settings = answer.value;
  if (settings.revokedHostKeys !== undefined && wish.transport !== 'openssh') {
    const why = `~/.ssh/config sets RevokedHostKeys for ${oneLine(wish.alias)}, which kubelatch does not support`;
    return fail(
      hostError(
        'config',
        why,
        'mark the revoked keys with @revoked in known_hosts instead, or set ssh.transport: openssh',
      ),
    );
  }
  const user = settings.user ?? loginName();
  const expand = (path: string): string => expandPath(path, { wish, settings, user }, env);
  const listed = settings.identityFiles.map((file) => ({ path: expand(file), named: !settings.defaultIdentities }));
  const endpoint: Endpoint = {
    label: wish.label,
    alias: wish.alias,
    isJump: wish.isJump,
    transport: wish.transport,
    user,
    hostname: settings.hostname,
    port: settings.port,
    hostKeyAlias: settings.hostKeyAlias,
    identityFiles: wish.identityFile === undefined ? listed : [{ path: wish.identityFile, named: true }],
    hasOwnIdentity: wish.identityFile !== undefined,
    hasCertificate: settings.certificateFiles.length > 0,
    gssapi: settings.gssapi,
    identitiesOnly: settings.identitiesOnly,
    agentSocket: agentSocket(settings.identityAgent, expand, env),
    userKnownHosts: wish.knownHostsFile === undefined ? settings.userKnownHosts.map(expand) : [wish.knownHostsFile],
    globalKnownHosts: settings.globalKnownHosts.map(expand),
  };
  return ok({ endpoint, settings });
}

const invalidCharacters = (what: string, text: string): HostError =>
  hostError(
    'config',
    `${oneLine(JSON.stringify(text), 80)} cannot be used as ${what === 'address' ? 'an' : 'a'} ${what}: unexpected characters`,
    `fix the ${what} in the inventory`,
  );

function agentSocket(
  setting: string | undefined,
  expand: (path: string) => string,
  env: Environment,
): string | undefined {
  if (setting === 'none') return undefined;
  if (setting === undefined || setting === 'SSH_AUTH_SOCK') return env['SSH_AUTH_SOCK'] || undefined;
  return setting.startsWith('$') ? env[setting.slice(1)] || undefined : expand(setting);
}

function expandPath(
  path: string,
  of: { wish: HostQuery; settings: OpensshSettings; user: string },
  env: Environment,
): string {
  const { wish, settings, user } = of;
  const known = path.replace(/^~(?=\/|$)/, homedir());
  if (!/[%$]/.test(known)) return known;
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: homedir(),
    h: settings.hostname,
    i: String(process.getuid?.() ?? ''),
    k: settings.hostKeyAlias ?? wish.alias,
    L: localHostname().split('.')[0] ?? '',
    l: localHostname(),
    n: wish.alias,
    p: String(settings.port),
    r: user,
    u: loginName(),
  };
  return known
    .replace(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole)
    .replace(/\$\{(\w+)\}/g, (whole, name: string) => env[name] ?? whole);
}

let ownName: string | undefined;

/** The local user name; '' if the user has none, as in some containers. */
function loginName(): string {
  try {
    return (ownName ??= userInfo().username);
  } catch {
    return '';
  }
}
