/** Which machines are passed, in order, on the way to a host, and how each is reached: inventory over ~/.ssh/config over defaults. */
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
  /** Said by the inventory or ~/.ssh/config, not one of OpenSSH's default names. */
  readonly named: boolean;
}

/** One machine on the way, with all that is needed to connect to it. */
export interface Endpoint {
  /** For messages and logs: the inventory's name, or the bastion as it was written. */
  readonly label: string;
  /** What a person would type after `ssh`. */
  readonly alias: string;
  readonly user: string;
  readonly hostname: string;
  readonly port: number;
  readonly hostKeyAlias: string | undefined;
  readonly identityFiles: readonly IdentityFile[];
  readonly identitiesOnly: boolean;
  readonly agentSocket: string | undefined;
  readonly userKnownHosts: readonly string[];
  readonly globalKnownHosts: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface Wish {
  readonly label: string;
  readonly alias: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly identityFile?: string | undefined;
  readonly knownHostsFile?: string | undefined;
}

const MAX_HOPS = 8;
const NAME = /^[A-Za-z0-9_.:%][A-Za-z0-9_.:%-]*$/;
const USER = /^[A-Za-z0-9_.@\\][A-Za-z0-9_.@\\+-]*\$?$/;
const JUMP = /^(?:(?<user>[^@]+(?:@[^@]+)*)@)?(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]]+))(?::(?<port>\d{1,5}))?$/;

/** The endpoints from the first bastion to the host itself; several jumps are each looked up in ~/.ssh/config. */
export async function findRoute(
  host: Host,
  openssh: Openssh,
  env: Environment,
): Promise<Result<Endpoint[], HostError>> {
  const { user, port, identityFile, knownHostsFile } = host.ssh;
  const own = await look(
    { label: host.name, alias: host.address, user, port, identityFile, knownHostsFile },
    openssh,
    env,
  );
  if (!own.ok) return own;
  const said = host.ssh.jump.length > 0;
  if (!said && own.value.settings.proxyCommand !== undefined) return fail(proxyCommand(host.address));
  const jumps = (said ? host.ssh.jump : own.value.settings.proxyJump).filter((jump) => jump !== 'none');
  const before = await findJumps(jumps, openssh, env, knownHostsFile);
  return before.ok ? ok([...before.value, own.value.endpoint]) : before;
}

async function findJumps(
  jumps: readonly string[],
  openssh: Openssh,
  env: Environment,
  knownHostsFile: string | undefined,
): Promise<Result<Endpoint[], HostError>> {
  const queue = [...jumps];
  const hops: Endpoint[] = [];
  for (let first = queue.pop(); first !== undefined; first = queue.pop()) {
    if (hops.length === MAX_HOPS) {
      return fail(
        hostError(
          'config',
          `more than ${MAX_HOPS} jump hosts, or jumps that lead in a circle`,
          'look at ProxyJump in ~/.ssh/config',
        ),
      );
    }
    const wish = parseJump(first);
    if (!wish.ok) return wish;
    const hop = await look({ ...wish.value, knownHostsFile }, openssh, env);
    if (!hop.ok) return hop;
    hops.unshift(hop.value.endpoint);
    if (queue.length > 0) continue;
    // Only the first hop is reached by its own settings; the others are reached through the one before.
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

/** Reads `[user@]host[:port]`, `ssh://…` included. */
function parseJump(text: string): Result<Wish, HostError> {
  const parts = JUMP.exec(text.replace(/^ssh:\/\//, '').replace(/\/$/, ''))?.groups;
  const alias = parts?.['v6'] ?? parts?.['host'];
  const port = parts?.['port'] === undefined ? undefined : Number(parts['port']);
  if (alias === undefined || (port !== undefined && (port < 1 || port > 65535))) {
    return fail(
      hostError(
        'config',
        `the jump host ${oneLine(text)} is not [user@]host[:port]`,
        'mend `jump` in the inventory or ProxyJump in ~/.ssh/config',
      ),
    );
  }
  return ok({ label: text, alias, user: parts?.['user'], port });
}

async function look(
  wish: Wish,
  openssh: Openssh,
  env: Environment,
): Promise<Result<{ endpoint: Endpoint; settings: OpensshSettings }, HostError>> {
  // The same names that OpenSSH refuses, and no leading dash: they become arguments of `ssh`.
  if (!NAME.test(wish.alias)) return fail(weird('address', wish.alias));
  if (wish.user !== undefined && !USER.test(wish.user)) return fail(weird('user name', wish.user));
  const answer = await openssh({ alias: wish.alias, user: wish.user, port: wish.port });
  if (!answer.ok) return answer;
  const settings = answer.value;
  if (settings.revokedHostKeys !== undefined) {
    const why = `~/.ssh/config sets RevokedHostKeys for ${oneLine(wish.alias)}, which cannot be honoured here`;
    return fail(hostError('config', why, 'mark the revoked keys with @revoked in known_hosts instead'));
  }
  const user = settings.user ?? loginName();
  const expand = (path: string): string => expandPath(path, { wish, settings, user }, env);
  const listed = settings.identityFiles.map((file) => ({ path: expand(file), named: !settings.defaultIdentities }));
  const endpoint: Endpoint = {
    label: wish.label,
    alias: wish.alias,
    user,
    hostname: settings.hostname,
    port: settings.port,
    hostKeyAlias: settings.hostKeyAlias,
    identityFiles: wish.identityFile === undefined ? listed : [{ path: wish.identityFile, named: true }],
    identitiesOnly: settings.identitiesOnly,
    agentSocket: agentSocket(settings.identityAgent, expand, env),
    userKnownHosts: wish.knownHostsFile === undefined ? settings.userKnownHosts.map(expand) : [wish.knownHostsFile],
    globalKnownHosts: settings.globalKnownHosts.map(expand),
  };
  return ok({ endpoint, settings });
}

const weird = (what: string, text: string): HostError =>
  hostError(
    'config',
    `${oneLine(JSON.stringify(text), 80)} cannot be used as ${what === 'address' ? 'an' : 'a'} ${what}: unexpected characters`,
    `mend the ${what} in the inventory`,
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
  of: { wish: Wish; settings: OpensshSettings; user: string },
  env: Environment,
): string {
  const { wish, settings, user } = of;
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
  return path
    .replace(/^~(?=\/|$)/, homedir())
    .replace(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole)
    .replace(/\$\{(\w+)\}/g, (whole, name: string) => env[name] ?? whole);
}

/** '' in a container whose user has no name. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}
