/** Whether each host can be used: reached, logged in to, and root. Changes nothing and reads no kubelet. */
import { becomeHint, unreadable } from '../facts/gather.js';
import type { Report } from '../run/outcome.js';
import type { Host } from '../inventory/host.js';
import { type Result, fail, ok } from '../lib/result.js';
import { script } from '../node/scripts.js';
import type { Connector } from '../ssh/connect.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import { hostLimit } from './host-limit.js';

export interface CheckOptions {
  readonly connector: Connector;
  readonly forks: number;
  /** Milliseconds for one call. */
  readonly timeout: number;
  readonly report: Report;
}

/** Who logs in, and whether sudo made root of them: everybody else is root already. */
export interface Login {
  readonly user: string;
  readonly sudo: boolean;
  /** What made the connection. */
  readonly transport?: Session['transport'] | undefined;
}

export interface CheckedHost {
  readonly host: string;
  readonly login: Result<Login, HostError>;
}

export async function checkHosts(hosts: readonly Host[], options: CheckOptions): Promise<CheckedHost[]> {
  const limit = hostLimit(options.forks);
  return Promise.all(hosts.map((host) => limit(host, () => checkHost(host, options))));
}

async function checkHost(host: Host, { connector, timeout, report }: CheckOptions): Promise<CheckedHost> {
  report({ event: 'connecting', host: host.name });
  const session = await connector.connect(host);
  if (!session.ok) {
    report({ event: 'unreachable', host: host.name, reason: session.error.message });
    return { host: host.name, login: session };
  }
  const login = await loginOf(session.value, host.ssh.become, timeout);
  await session.value.close();
  if (login.ok) report({ event: 'read', host: host.name });
  else report({ event: 'unreadable', host: host.name, reason: login.error.message });
  return { host: host.name, login };
}

async function loginOf(
  session: Session,
  become: Host['ssh']['become'],
  deadline: number,
): Promise<Result<Login, HostError>> {
  const ran = await session.run(script('login'), [], { deadline });
  if (!ran.ok) return ran;
  const said = /^login (\d{1,10}) ([^\s]*)\n$/.exec(ran.value.stdout.toString('utf8'));
  if (said === null) return unreadable('the shell of the host did not report its user');
  const [, uid, name = ''] = said;
  const user = session.user ?? name;
  const { transport } = session;
  if (uid === '0') return ok({ user, sudo: become !== 'none' && user !== 'root', transport });
  if (become === 'none') {
    const message = `connected as ${user}, who is not root, and ssh.become is none`;
    return fail({ kind: 'sudo', message, hint: becomeHint });
  }
  const message = `connected as ${user}; sudo works, but does not run commands as root`;
  return fail({ kind: 'sudo', message, hint: `allow ${user} to run commands as root in sudoers, or log in as root` });
}
