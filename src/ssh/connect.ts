/** Opens sessions with hosts. Hosts behind the same bastion share its connection. */
import type { Host } from '../inventory/host.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { createBastions } from './bastions.js';
import type { HostError } from './errors.js';
import { abortedFailure } from './failures.js';
import { createHostKeys } from './host-key.js';
import type { HostKeyPolicy } from './host-key.js';
import type { HopTools } from './hop.js';
import { createKeyring } from './keyring.js';
import { createOpenssh } from './openssh.js';
import { createMasters } from './openssh-master.js';
import { createPasswords } from './passwords.js';
import { endOf, findRoute } from './route.js';
import type { Environment } from './route.js';
import type { Secrets } from './secrets.js';
import type { Session } from './session.js';
import { createSession } from './ssh-session.js';
import type { KnownSudo } from './sudo.js';

export interface ConnectOptions {
  readonly hostKeys: HostKeyPolicy;
  /** Milliseconds for each machine on the way: TCP connection, handshake and login together. */
  readonly connectTimeout: number;
  /** Milliseconds between keepalives (default 15 s); three unanswered ones end the connection. */
  readonly keepaliveInterval?: number | undefined;
  readonly secrets: Secrets;
  /** Source of SSH_AUTH_SOCK and of variables in IdentityAgent. */
  readonly env: Environment;
  /** An ssh_config file that replaces the user's (`ssh -F`). */
  readonly sshConfigFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Receives log lines about new host keys and jump hosts. They never contain secrets. */
  readonly log?: ((line: string) => void) | undefined;
}

export interface Connector {
  /** Opens a session with `host` over shared bastions. */
  connect(host: Host): Promise<Result<Session, HostError>>;
  /** Opens a session with `host` over new connections only, to prove that a new login still works. */
  fresh(host: Host): Promise<Result<Session, HostError>>;
  /** Closes all sessions and bastions. Never rejects. */
  close(): Promise<void>;
}

/** Creates a connector. It opens nothing until the first `connect`. Failures are returned as HostError, never thrown. */
export function createConnector(options: ConnectOptions): Connector {
  const { secrets, env, keepaliveInterval = 15_000 } = options;
  const log = options.log ?? ((): void => undefined);
  const openssh = createOpenssh(options.sshConfigFile);
  const passwords = createPasswords();
  const tools: HopTools = {
    hostKeys: createHostKeys(options.hostKeys, log),
    keyring: createKeyring((path) => secrets.passphrase(path)),
    passwords,
    secrets,
    masters: createMasters({ configFile: options.sshConfigFile, env, keepaliveInterval }),
    connectTimeout: options.connectTimeout,
    keepaliveInterval,
    signal: options.signal,
    log,
  };
  const bastions = createBastions(tools);
  const sudo = new Map<string, KnownSudo>();
  const open = new Set<() => Promise<void>>();
  let closed = false;

  const sessionFor = async (host: Host, exclusive: boolean): Promise<Result<Session, HostError>> => {
    const route = await findRoute(host, openssh, env);
    if (!route.ok) return route;
    const endpoint = endOf(route.value);
    const chain = exclusive ? bastions.chain() : undefined;
    const reached = await (chain ?? bastions.shared).reach(route.value);
    if (!reached.ok || closed) {
      if (reached.ok) await reached.value.transport.close();
      await chain?.close();
      return reached.ok ? fail(abortedFailure()) : reached;
    }
    const { transport, bastion } = reached.value;
    const knownSudo = sudo.get(host.name) ?? { needs: 'unknown' };
    sudo.set(host.name, knownSudo);
    const { user } = endpoint;
    const alone = host.ssh.becomePassword === 'per-host';
    const session = createSession({
      name: host.name,
      user,
      become: host.ssh.become,
      transport,
      bastion: bastion?.transport,
      sudo: knownSudo,
      isNew: () => tools.hostKeys.isNew(endpoint),
      requestSudoPassword: () =>
        passwords.request({
          key: JSON.stringify(['sudo', user, alone ? host.name : null]),
          ...{ host: host.name, alone },
          ask: (question) => secrets.becomePassword(user, host.name, question),
        }),
      async onClose() {
        open.delete(close);
        await chain?.close();
      },
    });
    const close = (): Promise<void> => session.close();
    open.add(close);
    return ok(session);
  };

  return {
    connect: (host) => sessionFor(host, false),
    fresh: (host) => sessionFor(host, true),
    async close() {
      closed = true;
      await Promise.all([...open].map((end) => end()));
      await bastions.close();
      await tools.masters.close();
    },
  };
}
