import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/run/outcome.js';
import type { Host } from '../../src/inventory/host.js';
import { type Result, fail, ok } from '../../src/lib/result.js';
import { script } from '../../src/node/scripts.js';
import { formatted } from '../../src/report/formats.js';
import { checkText } from '../../src/report/inventory-text.js';
import { plainStyle } from '../../src/report/style.js';
import type { Connector } from '../../src/ssh/connect.js';
import type { HostError } from '../../src/ssh/errors.js';
import type { Session } from '../../src/ssh/session.js';
import { type CheckedHost, checkHosts } from '../../src/pipeline/check-hosts.js';
import { FakeSession, type RunAnswer } from '../fake/fake-session.js';
import { runScript, shells } from '../shell/shells.js';

interface Login {
  readonly user?: string;
  readonly become: 'sudo' | 'none';
  /** What the shell there says; an error: it cannot be reached. */
  readonly says: RunAnswer | { readonly away: HostError };
}

async function check(logins: Readonly<Record<string, Login>>): Promise<{ checked: CheckedHost[]; events: RunEvent[] }> {
  const events: RunEvent[] = [];
  const sessions: FakeSession[] = [];
  const connect = ({ name }: Host): Promise<Result<Session, HostError>> => {
    const login = logins[name];
    if (login === undefined || (typeof login.says === 'object' && 'away' in login.says))
      return Promise.resolve(fail((login?.says as { away: HostError }).away));
    const session = new FakeSession(name, login.user).onRun((call) => call.script === script('login'), login.says, 1);
    sessions.push(session);
    return Promise.resolve(ok(session));
  };
  const connector: Connector = { connect, fresh: connect, close: () => Promise.resolve() };
  const hosts = Object.entries(logins).map(([name, { become }]): Host => ({
    ...{ name, address: name, role: 'worker', group: 'workers' },
    ssh: { jump: [], become },
  }));
  const report = (event: RunEvent): void => void events.push(event);
  const checked = await checkHosts(hosts, { connector, forks: 2, timeout: 1000, report });
  for (const session of sessions) {
    session.verify();
    expect(session.closed).toBe(true);
  }
  return { checked, events };
}

const away: HostError = { kind: 'refused', message: 'nothing listens on n1:22', hint: 'check that sshd runs there' };
const lines = ({ checked }: { checked: readonly CheckedHost[] }): string[] =>
  checkText(
    checked.map(({ host, login }) => ({ host, login: login.ok ? login.value : login.error })),
    undefined,
    {
      width: 200,
      style: plainStyle,
    },
  ).split('\n');

describe('a login', () => {
  it.each<[string, Login, readonly string[]]>([
    [
      'with sudo',
      { user: 'deploy', become: 'sudo', says: 'login 0 root\n' },
      ['+ n1: connected as deploy; sudo works'],
    ],
    ['as root', { user: 'root', become: 'sudo', says: 'login 0 root\n' }, ['+ n1: connected as root']],
    ['as root, without sudo', { user: 'root', become: 'none', says: 'login 0 root\n' }, ['+ n1: connected as root']],
    [
      'that is no root, and becomes none',
      { user: 'deploy', become: 'none', says: 'login 1000 deploy\n' },
      [
        '! n1: connected as deploy, who is not root, and ssh.become is none',
        '    hint: set ssh.become: sudo for this host in the inventory, or log in as root',
      ],
    ],
    [
      'of which sudo makes somebody else',
      { user: 'deploy', become: 'sudo', says: 'login 1001 app\n' },
      [
        '! n1: connected as deploy; sudo works, but does not run commands as root',
        '    hint: allow deploy to run commands as root in sudoers, or log in as root',
      ],
    ],
    [
      'whose shell says something else',
      { user: 'deploy', become: 'none', says: 'login 0 root\nlogin 0 root\n' },
      [
        '! n1: the shell of the host did not report its user',
        '    hint: run again with -v for details; the shell or the tools of the node may be incompatible',
      ],
    ],
    [
      'that does not come about',
      { become: 'sudo', says: { away } },
      ['! n1: nothing listens on n1:22', '    hint: check that sshd runs there'],
    ],
  ])('%s', async (_, login, wanted) => {
    expect(lines(await check({ n1: login }))).toEqual([...wanted, '']);
  });
});

it('tells which host was reached by OpenSSH', () => {
  const login = { ok: true, value: { user: 'deploy', sudo: true, transport: 'openssh' } } as const;
  expect(lines({ checked: [{ host: 'n1', login }] })).toEqual(['+ n1: connected as deploy by OpenSSH; sudo works', '']);
});

it('is written as data, in one document or one line per host', async () => {
  const { checked, events } = await check({
    n1: { user: 'deploy', become: 'sudo', says: 'login 0 root\n' },
    n2: { user: 'deploy', become: 'none', says: 'login 1000 deploy\n' },
    n3: { user: 'deploy', become: 'none', says: '?' },
    n4: { become: 'sudo', says: { away } },
  });
  const hosts = checked.map(({ host, login }) => ({ host, login: login.ok ? login.value : login.error }));
  const about = { schemaVersion: 1, tool: 'kubelatch', version: '1', kind: 'inventory-check', cluster: 'c' } as const;
  const options = { text: { width: 80, style: plainStyle }, time: 't' };
  const trees = [
    { host: 'n1', status: 'usable', user: 'deploy', sudo: true },
    { host: 'n2', status: 'unreadable', error: { kind: 'sudo' } },
    { host: 'n3', status: 'unreadable', error: { kind: 'script' } },
    { host: 'n4', status: 'unreachable', error: { kind: 'refused' } },
  ];
  const whole: unknown = JSON.parse(formatted('json', { ...about, hosts }, options));
  expect(whole).toMatchObject({ schemaVersion: 1, kind: 'inventory-check', cluster: 'c', hosts: trees });
  const each = formatted('ndjson', { ...about, hosts }, options)
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one) as unknown);
  expect(each).toMatchObject([...trees.map((tree) => ({ event: 'host-check', ...tree })), { event: 'summary' }]);
  expect(events.filter(({ event }) => event === 'unreachable')).toMatchObject([{ host: 'n4' }]);
  expect(events.filter(({ event }) => event === 'read')).toMatchObject([{ host: 'n1' }]);
  expect(events.filter(({ event }) => event === 'unreadable')).toMatchObject([{ host: 'n2' }, { host: 'n3' }]);
});

it.each(shells)('login.sh says as whom it runs under $name', (shell) => {
  const name = runScript(shell, 'id -un', []).stdout.trim();
  const wanted = { code: 0, stdout: `login ${process.getuid?.() ?? 0} ${name}\n`, stderr: '' };
  expect(runScript(shell, script('login'), [])).toEqual(wanted);
  expect(runScript(shell, script('login'), ['x']).code).toBe(97);
});
