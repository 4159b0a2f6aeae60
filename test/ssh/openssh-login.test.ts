/** Logins that only OpenSSH can make, against a real sshd: by which transport, what is said, and what ssh must not do. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Host, SshSettings } from '../../src/inventory/host.js';
import { surveyHostKeys } from '../../src/pipeline/host-keys.js';
import type { ConnectOptions } from '../../src/ssh/connect.js';
import type { Session } from '../../src/ssh/session.js';
import { startOddServer } from './odd-server.js';
import { useRig } from './rig.js';
import { silent } from './secrets-fake.js';
import { freePort, hostAt, startSshd } from './sshd.js';
import type { Sshd, SshdOptions } from './sshd.js';

const rig = useRig();
const { shop } = rig;
const me = userInfo().username;
const deadline = 30_000;
const connectTimeout = 60_000;
/** A security key in software, of OpenSSH's own tests; test/setup.sh fetches it. */
const securityKey = ['/usr/local/lib/kubelatch-tests', '/usr/lib/openssh/regress/misc/sk-dummy']
  .map((folder) => `${folder}/sk-dummy.so`)
  .find((path) => existsSync(path));
let plain: Sshd;
let certified: Sshd;
let modern: Sshd;
let count = 0;

beforeAll(async () => {
  for (const key of ['user', 'signed', 'stranger', 'ca', 'other-ca', 'host']) shop.key(key);
  sign('host', ['-h', '-n', '127.0.0.1', '-V', '-5m:+1d']);
  sign('signed', ['-n', me, '-V', '-5m:+1d']);
  const trust = [`HostCertificate ${shop.path('host-cert.pub')}`, `TrustedUserCAKeys ${shop.path('ca.pub')}`];
  plain = await serve();
  certified = await serve({ authorized: [], config: trust });
  // ML-KEM would do, too; not every sshd has it.
  modern = await serve({ config: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] });
});
beforeEach(() => {
  vi.stubEnv('TMPDIR', shop.dir);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A program that is ssh from now on, except for `ssh -G`. */
function standIn(script: string): void {
  const folder = `stand-in-${count++}`;
  mkdirSync(shop.path(folder));
  const real = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim();
  const text = `#!/bin/sh\ncase " $* " in *' -G '*) exec ${real} "$@" ;; esac\n${script}\n`;
  chmodSync(shop.write(`${folder}/ssh`, text), 0o755);
  vi.stubEnv('PATH', `${shop.path(folder)}:${process.env['PATH'] ?? ''}`);
}

async function serve(options: Partial<SshdOptions> = {}): Promise<Sshd> {
  const sshd = await startSshd(shop, `sshd-${count++}`, { authorized: ['user'], hostKeys: ['host'], ...options });
  rig.later(() => sshd.stop());
  return sshd;
}

function sign(key: string, args: readonly string[], ca = 'ca'): void {
  execFileSync('ssh-keygen', ['-q', '-s', shop.path(ca), '-I', key, ...args, shop.path(`${key}.pub`)]);
}

const known = (text: string): string => shop.write(`known-${count++}`, text);
const keyOf = (sshd: Sshd): string => known(`[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
const authority = (ca = 'ca'): string => known(`@cert-authority * ${shop.publicKey(ca)}\n`);

function hostOf(sshd: Sshd, transport: SshSettings['transport'], ssh: Partial<SshSettings> = {}): Host {
  const identityFile = shop.path('user');
  return hostAt(sshd.port, { transport, identityFile, knownHostsFile: keyOf(sshd), ...ssh }, 'n1');
}

/** By which transport the session came about, that it works, and what was logged. */
async function login(host: Host, options: Partial<ConnectOptions> = {}): Promise<[Session['transport'], string]> {
  const lines: string[] = [];
  const session = await rig.session(host, { connectTimeout, log: (line) => lines.push(line), ...options });
  expect(await session.run('exit 4', [], { deadline })).toMatchObject({ ok: true, value: { code: 4 } });
  await session.close();
  return [session.transport, lines.join('\n')];
}

const hint = { hint: expect.stringContaining('set ssh.transport: openssh') as string };

describe('a host certificate', () => {
  it('is enough for OpenSSH, and ssh2 says what to set', async () => {
    const host = (transport: SshSettings['transport']): Host =>
      hostOf(certified, transport, { identityFile: shop.path('signed'), knownHostsFile: authority() });
    expect(await login(host('openssh'))).toEqual(['openssh', '']);
    expect(await rig.refusal(host('ssh2'))).toMatchObject({ kind: 'host-key-unknown', ...hint });
  });

  it('makes auto change over where the login needs no certificate', async () => {
    const sshd = await serve({ config: [`HostCertificate ${shop.path('host-cert.pub')}`] });
    const file = authority();
    const [transport, log] = await login(hostOf(sshd, 'auto', { knownHostsFile: file }));
    expect(transport).toBe('openssh');
    expect(log).toBe(`n1: connecting by OpenSSH, because ${file}:1 names a certificate authority for it`);
  });

  it.each([
    ['of another authority', () => authority('other-ca'), 'No ED25519 host key is known'],
    [
      'of a revoked authority',
      () => known(`@cert-authority * ${shop.publicKey('ca')}\n@revoked * ${shop.publicKey('ca')}\n`),
      'revoked',
    ],
  ])('is refused: %s', async (_, file, words) => {
    const host = hostOf(certified, 'openssh', { identityFile: shop.path('signed'), knownHostsFile: file() });
    const error = await rig.refusal(host, { connectTimeout });
    expect(error).toMatchObject({ kind: 'host-key-unknown', message: expect.stringContaining(words) as string });
  });
});

describe('a user certificate beside the key', () => {
  const host = (transport: SshSettings['transport']): Host =>
    hostOf(certified, transport, { identityFile: shop.path('signed') });

  it('logs in by OpenSSH', async () => {
    expect(await login(host('openssh'))).toEqual(['openssh', '']);
  });

  it('is named by ssh2, with what to set', async () => {
    expect(await rig.refusal(host('ssh2'), { connectTimeout })).toMatchObject({ kind: 'auth', ...hint });
  });

  it('is why auto takes OpenSSH', async () => {
    const [transport, log] = await login(host('auto'));
    expect(transport).toBe('openssh');
    expect(log).toContain(`n1: connecting by OpenSSH, because ${shop.path('signed-cert.pub')} is a certificate`);
  });

  it('may be a CertificateFile of ~/.ssh/config', async () => {
    for (const end of ['', '.pub']) shop.write(`bare${end}`, readFileSync(shop.path(`signed${end}`), 'utf8'));
    const sshConfigFile = shop.write('with-certificate', `CertificateFile ${shop.path('signed-cert.pub')}\n`);
    const bare = hostOf(certified, 'auto', { identityFile: shop.path('bare') });
    expect(await login(bare, { sshConfigFile })).toEqual([
      'openssh',
      'n1: connecting by OpenSSH, because ~/.ssh/config names a certificate (CertificateFile)',
    ]);
  });
});

describe.runIf(securityKey !== undefined)('a FIDO key', () => {
  let sshd: Sshd;
  let options: Partial<ConnectOptions>;
  const host = (transport: SshSettings['transport']): Host =>
    hostOf(sshd, transport, { identityFile: shop.path('fido') });

  beforeAll(async () => {
    const provider = securityKey ?? '';
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519-sk', '-w', provider, '-N', '', '-f', shop.path('fido')]);
    sshd = await serve({ authorized: ['fido'] });
    options = { sshConfigFile: shop.write('with-provider', `SecurityKeyProvider ${provider}\n`) };
  });

  it.each(['openssh', 'auto'] as const)('logs in with %s', async (transport) => {
    const [used, log] = await login(host(transport), options);
    expect(used).toBe('openssh');
    if (transport === 'auto') expect(log).toContain('is a security key (FIDO)');
  });

  it('is named by ssh2, with what to set', async () => {
    expect(await rig.refusal(host('ssh2'), options)).toMatchObject({ kind: 'key-file', ...hint });
  });
});

describe('a server with algorithms that ssh2 lacks', () => {
  it.each(['openssh', 'auto'] as const)('is reached with %s', async (transport) => {
    const [used, log] = await login(hostOf(modern, transport));
    expect(used).toBe('openssh');
    if (transport === 'auto') expect(log).toContain('ssh2 and the server have no algorithm in common');
  });

  it('is told by ssh2, with what to set', async () => {
    expect(await rig.refusal(hostOf(modern, 'ssh2'))).toMatchObject({ kind: 'algorithms', ...hint });
  });

  it('shows its host key to init and enrol, without a login', async () => {
    const host = hostOf(modern, 'openssh', { knownHostsFile: known('') });
    const before = modern.log().split('Accepted').length;
    const connect = { hostKeys: 'strict', connectTimeout, secrets: silent, env: {} } as const;
    const sshConfigFile = shop.write('empty', '');
    const { unknown } = await surveyHostKeys([host], { forks: 1, connect: { ...connect, sshConfigFile } });
    const print = execFileSync('ssh-keygen', ['-lf', shop.path('host.pub')], { encoding: 'utf8' }).split(' ')[1];
    expect(unknown.map(({ key }) => key.fingerprint)).toEqual([print]);
    expect(modern.log().split('Accepted').length).toBe(before);
  });
});

describe('auto', () => {
  it('takes ssh2 where that will do, and says nothing', async () => {
    expect(await login(hostOf(plain, 'auto'))).toEqual(['ssh2', '']);
  });

  it('does not try again where OpenSSH could do no more', async () => {
    const error = await rig.refusal(hostOf(plain, 'auto', { identityFile: shop.path('stranger') }), { connectTimeout });
    expect(error).toMatchObject({ kind: 'auth', hint: expect.not.stringContaining('openssh') as string });
  });
});

describe('OpenSSH asks nothing', () => {
  it('and says where to put a passphrase or a password', async () => {
    shop.key('locked', { passphrase: 'secret' });
    const server = await startOddServer({
      hostKeyFile: shop.path('host'),
      login: (context) => (context.method === 'password' ? context.accept() : context.reject(['password'])),
    });
    rig.later(() => server.stop());
    for (const [port, key] of [
      [plain.port, 'locked'],
      [server.port, 'user'],
    ] as const) {
      const host = hostOf({ ...plain, port }, 'openssh', { identityFile: shop.path(key) });
      const error = await rig.refusal(host, { connectTimeout, env: { SSH_ASKPASS: '/bin/true', DISPLAY: ':0' } });
      expect(error).toMatchObject({
        kind: 'auth',
        message: expect.stringMatching(/^login as \S+ failed: tried \S+; ssh says: .*Permission denied/) as string,
        hint: expect.stringMatching(/ssh-agent.*set ssh\.transport: ssh2/) as string,
      });
    }
    expect(server.logins.filter((one) => one.startsWith('password'))).toEqual([]);
  });

  it('and does not say what the server wants to be shown', async () => {
    const banner = shop.write('banner', 'Please type your password here:\n'.repeat(3));
    const sshd = await serve({ config: [`Banner ${banner}`] });
    const error = await rig.refusal(hostOf(sshd, 'openssh', { identityFile: shop.path('stranger') }), {
      connectTimeout,
    });
    expect(error.message).toMatch(/^login as \S+ failed: tried \S+; ssh says: \S+ Permission denied \(publickey\)$/);
  });

  it('and says that ssh does not start', async () => {
    standIn(`echo 'a library is missing' >&2; exit 127`);
    const error = await rig.refusal(hostOf(plain, 'openssh'), { env: { PATH: process.env['PATH'] ?? '' } });
    expect(error).toMatchObject({ kind: 'config', message: 'ssh did not start: ssh says: a library is missing' });
  });

  it('and quotes why the server hung up', async () => {
    const sshd = await serve({ config: ['MaxAuthTries 1'] });
    const error = await rig.refusal(hostOf(sshd, 'openssh', { identityFile: shop.path('stranger') }), {
      connectTimeout,
    });
    expect(error.message).toMatch(/; ssh says: Received disconnect from \S+:2: "Too many authentication failures"$/);
  });

  it('and says which key file is missing', async () => {
    const host = hostOf(plain, 'openssh', { identityFile: shop.path('no-such-key') });
    const { message } = await rig.refusal(host, { connectTimeout });
    expect(message).toMatch(
      /tried \S+no-such-key \(there is no such file\); ssh says: .*Permission denied \(publickey/,
    );
  });

  it('and ends an ssh that writes messages without end', async () => {
    standIn(`while [ "$1" != -E ]; do shift; done; while :; do head -c 300000 /dev/zero >>"$2"; sleep 0.1; done`);
    const options = { connectTimeout: 240_000, env: { PATH: process.env['PATH'] ?? '' } };
    const { kind } = await rig.refusal(hostOf(plain, 'openssh'), options);
    expect(kind).toBe('config');
  });

  it('and says that there is no ssh', async () => {
    vi.stubEnv('PATH', shop.path('nowhere'));
    const error = await rig.refusal(hostOf(plain, 'openssh'), { env: { PATH: shop.path('nowhere') } });
    expect(error).toMatchObject({ kind: 'config', message: 'ssh was not found' });
  });
});

describe('~/.ssh/config', () => {
  it('starts no command, forwards nothing, and accepts no host key', async () => {
    const [port, agent, mark] = [await freePort(), shop.path('agent.sock'), shop.path('mark')];
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(agent, resolve));
    rig.later(() => new Promise((resolve) => server.close(() => resolve())));
    const careless = `PermitLocalCommand yes
LocalCommand touch ${mark}
RemoteCommand touch ${mark}
ForwardAgent yes
ForwardX11 yes
RequestTTY force
LocalForward ${port} 127.0.0.1:1
SetEnv KUBELATCH_MARK=1
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
ControlMaster auto
ControlPath ${shop.path('own-%C')}
ControlPersist 60
ProxyJump nowhere.invalid
`;
    const options = { connectTimeout, sshConfigFile: shop.write('careless', careless), env: { SSH_AUTH_SOCK: agent } };
    const direct = { jump: ['none'] };
    const session = await rig.session(hostOf(plain, 'openssh', direct), options);
    const asked = 'echo "${SSH_AUTH_SOCK:-}${DISPLAY:-}${SSH_TTY:-}${KUBELATCH_MARK:-}"';
    const ran = await session.run(asked, [], { deadline });
    expect(ran.ok && ran.value.stdout.toString()).toBe('\n');
    await expect(connectTo(port)).rejects.toThrow('ECONNREFUSED');
    await session.close();
    expect([existsSync(mark), readdirSync(shop.dir).filter((name) => name.startsWith('own-'))]).toEqual([false, []]);
    const unknown = hostOf(plain, 'openssh', { ...direct, knownHostsFile: known('') });
    expect(await rig.refusal(unknown, options)).toMatchObject({ kind: 'host-key-unknown' });
  });
});

const connectTo = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });

/** The ssh processes whose control socket is in this test's folder. */
const running = (): string[] =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith('ssh ') && line.includes(shop.dir));

const runFolders = (): string[] => readdirSync(shop.path(`kubelatch-${process.getuid?.() ?? 'user'}`));

describe('the ssh process', () => {
  it('has its socket in a private folder, and ends with the session; the folder with the connector', async () => {
    const made = rig.connector({ connectTimeout });
    const session = await made.connect(hostOf(plain, 'openssh'));
    expect([session.ok, running().length]).toEqual([true, 1]);
    const [folder = ''] = runFolders();
    const path = shop.path(`kubelatch-${process.getuid?.() ?? 'user'}/${folder}`);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    if (session.ok) await session.value.close();
    expect(running()).toEqual([]);
    await made.close();
    expect(runFolders()).toEqual([]);
  });

  it('ends with the connector, and where the call is cancelled', async () => {
    const stop = new AbortController();
    const made = rig.connector({ connectTimeout, signal: stop.signal });
    expect((await made.connect(hostOf(plain, 'openssh'))).ok).toBe(true);
    const mute = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    rig.later(() => new Promise((resolve) => mute.close(() => resolve())));
    const hanging = made.connect(hostOf({ ...plain, port: (mute.address() as AddressInfo).port }, 'openssh'));
    setTimeout(() => stop.abort(), 500);
    expect(await hanging).toMatchObject({ ok: false, error: { kind: 'aborted' } });
    await made.close();
    await vi.waitFor(() => expect(running()).toEqual([]), { timeout: 60_000 });
  });
});

describe('an ssh that does not do what it should', () => {
  it.each([
    [
      'floods its messages',
      'while :; do echo "a banner without end" >&2; done',
      /^ssh did not start: ssh says: a banner/,
    ],
    ['ends at once', 'echo "no such option" >&2; exit 255', /^ssh did not start: ssh says: no such option$/],
    [
      'says something else than a handshake',
      'printf "SSH-2.0-x\\n\\377\\377\\377\\377\\377"; exec sleep 60',
      /dropped the connection before the login/,
    ],
  ])('%s', async (_, program, message) => {
    const bin = `bin-${count++}`;
    mkdirSync(shop.path(bin));
    shop.write(`${bin}/ssh`, `#!/bin/sh\n${program}\n`, 0o755);
    const error = await rig.refusal(hostOf(plain, 'openssh'), { env: { PATH: `${shop.path(bin)}:/usr/bin:/bin` } });
    expect(error.message).toMatch(message);
  });
});

describe('bastions', () => {
  it('are reached by OpenSSH as the host is, and shared', async () => {
    const [first, second] = [await serve(), await serve()];
    const file = known([first, second, plain].map((one) => `[127.0.0.1]:${one.port} ${one.hostKey}\n`).join(''));
    const sshConfigFile = shop.write('identity', `IdentityFile ${shop.path('user')}\n`);
    const made = rig.connector({ connectTimeout, sshConfigFile });
    const jump = [first, second].map(({ port }) => `${me}@127.0.0.1:${port}`);
    const host = hostOf(plain, 'openssh', { knownHostsFile: file, jump });
    for (const session of await Promise.all([made.connect(host), made.connect(host)])) {
      if (!session.ok) throw new Error(session.error.message);
      expect(session.value.direct).toBeUndefined();
      expect(await session.value.run('exit 4', [], { deadline })).toMatchObject({ ok: true, value: { code: 4 } });
    }
    expect(first.log().split('Accepted publickey').length - 1).toBe(1);
    // Two hosts, two bastions.
    expect(running()).toHaveLength(4);
  });

  it('are named where they refuse', async () => {
    const locked = await serve({ authorized: ['stranger'] });
    const file = known([locked, plain].map((one) => `[127.0.0.1]:${one.port} ${one.hostKey}\n`).join(''));
    const jump = [`${me}@127.0.0.1:${locked.port}`];
    const error = await rig.refusal(hostOf(plain, 'openssh', { knownHostsFile: file, jump }), { connectTimeout });
    expect(error).toMatchObject({
      kind: 'jump',
      message: expect.stringContaining(`jump host ${jump[0] ?? ''}: login as ${me} failed: ssh says:`) as string,
    });
  });
});
