/** Logging in with keys at a real sshd: files, passphrases, the agent, and what is told when nothing works. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Host, SshSettings } from '../../src/inventory/host.js';
import { useRig } from './rig.js';
import { answering } from './secrets-fake.js';
import { hostAt, startSshd } from './sshd.js';
import type { Sshd } from './sshd.js';

const rig = useRig();
const { shop } = rig;
let sshd: Sshd;

beforeAll(async () => {
  for (const key of ['user', 'stranger']) shop.key(key);
  shop.key('rsa', { type: 'rsa' });
  shop.key('locked', { passphrase: 'correct horse' });
  shop.key('locked-pem', { type: 'rsa', format: 'PEM', passphrase: 'correct horse' });
  sshd = await startSshd(shop, 'node', { authorized: ['user', 'rsa', 'locked', 'locked-pem'] });
  rig.later(() => sshd.stop());
  shop.write('known', `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
});

const host = (ssh: Partial<SshSettings> = {}): Host =>
  hostAt(sshd.port, { knownHostsFile: shop.path('known'), ...ssh });
const withKey = (key: string): Host => host({ identityFile: shop.path(key) });
const config = (text: string): string => shop.write(`config-${text.length}`, text);

/** An agent with these keys; its socket. */
async function startAgent(keys: readonly string[]): Promise<string> {
  const socket = shop.path(`agent-${keys.join('-')}`);
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  rig.later(() => {
    agent.kill('SIGTERM');
    return Promise.resolve();
  });
  const env = { SSH_AUTH_SOCK: socket, PATH: '/usr/bin:/bin' };
  // 2: no agent answers. The socket's file is there a moment before that.
  while (spawnSync('ssh-add', ['-l'], { env }).status === 2) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const key of keys) execFileSync('ssh-add', ['-q', shop.path(key)], { env });
  return socket;
}

describe('key files', () => {
  it.each(['user', 'rsa'])('logs in with a plain key: %s', async (key) => {
    await rig.session(withKey(key));
  });

  it.each(['locked', 'locked-pem'])('asks once for the passphrase of %s, for all hosts', async (key) => {
    const secrets = answering({ passphrase: ['correct horse'] });
    const made = rig.connector({ secrets });
    const results = await Promise.all([
      made.connect(withKey(key)),
      made.connect(withKey(key)),
      made.connect(withKey(key)),
    ]);
    expect(results.map((result) => result.ok)).toEqual([true, true, true]);
    expect(secrets.asked).toEqual([`passphrase ${shop.path(key)}`]);
  });

  it('asks again after a wrong passphrase', async () => {
    const secrets = answering({ passphrase: ['wrong', 'correct horse'] });
    await rig.session(withKey('locked'), { secrets });
    expect(secrets.asked).toHaveLength(2);
  });

  it('gives up after three wrong passphrases without telling them', async () => {
    const secrets = answering({ passphrase: ['first-guess', 'second-guess', 'third-guess'] });
    const error = await rig.refusal(withKey('locked'), { secrets });
    expect(error).toMatchObject({
      kind: 'key-file',
      message: expect.stringContaining(`${shop.path('locked')} could not be unlocked`) as string,
    });
    expect(JSON.stringify(error)).not.toContain('guess');
    expect(secrets.asked).toHaveLength(3);
  });

  it('says that a passphrase is missing where nobody can be asked', async () => {
    expect(await rig.refusal(withKey('locked'))).toMatchObject({
      kind: 'key-file',
      message: expect.stringContaining('passphrase') as string,
    });
  });

  it('does not ask for a passphrase of a key that the server does not want', async () => {
    shop.key('locked-stranger', { passphrase: 'x' });
    const secrets = answering({ passphrase: ['x'] });
    expect(await rig.refusal(withKey('locked-stranger'), { secrets })).toMatchObject({ kind: 'auth' });
    expect(secrets.asked).toEqual([]);
  });

  it('tells which keys were refused and what the server takes', async () => {
    const error = await rig.refusal(withKey('stranger'));
    expect(error.kind).toBe('auth');
    expect(error.message).toContain(shop.path('stranger'));
    expect(error.message).toContain('the server accepts publickey');
  });

  it('tells a key that does not exist', async () => {
    const error = await rig.refusal(withKey('nowhere'));
    expect(error).toMatchObject({
      kind: 'key-file',
      message: expect.stringContaining(`${shop.path('nowhere')} does not exist`) as string,
    });
  });

  it('does not use a key that others can read', async () => {
    copyFileSync(shop.path('user'), shop.path('open'));
    chmodSync(shop.path('open'), 0o644);
    expect(await rig.refusal(withKey('open'))).toMatchObject({
      kind: 'key-file',
      message: expect.stringContaining('mode 0644') as string,
    });
  });

  it('tells a file that is no private key', async () => {
    shop.write('text', 'hello');
    expect(await rig.refusal(withKey('text'))).toMatchObject({
      kind: 'key-file',
      message: expect.stringContaining('not a private key') as string,
    });
    shop.write('public', `${shop.publicKey('user')}\n`);
    expect(await rig.refusal(withKey('public'))).toMatchObject({
      kind: 'key-file',
      message: expect.stringContaining('public key') as string,
    });
  });

  it('names a security key as such', async () => {
    const blob = Buffer.from('openssh-key-v1\0');
    const field = (bytes: Buffer | string): Buffer => {
      const data = Buffer.from(bytes as string);
      return Buffer.concat([Buffer.from([0, 0, 0, data.length]), data]);
    };
    const sk = field(Buffer.concat([field('sk-ssh-ed25519@openssh.com'), field('x')]));
    const body = Buffer.concat([blob, field('none'), field('none'), field(''), Buffer.from([0, 0, 0, 1]), sk]);
    shop.write(
      'sk',
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`,
    );
    expect(await rig.refusal(withKey('sk'))).toMatchObject({
      kind: 'key-file',
      message: expect.stringContaining('FIDO') as string,
    });
  });
});

describe('the agent', () => {
  it('logs in with a key that only the agent holds', async () => {
    const socket = await startAgent(['stranger', 'rsa', 'user']);
    await rig.session(host(), { env: { SSH_AUTH_SOCK: socket } });
  });

  it('is not asked for its other keys with IdentitiesOnly', async () => {
    const socket = await startAgent(['user']);
    const sshConfigFile = config(`Host *\n  IdentitiesOnly yes\n  IdentityFile ${shop.path('stranger')}\n`);
    expect(await rig.refusal(host(), { sshConfigFile, env: { SSH_AUTH_SOCK: socket } })).toMatchObject({
      kind: 'auth',
    });
  });

  it('unlocks an encrypted key file that it holds', async () => {
    const socket = await startAgent(['rsa']);
    copyFileSync(shop.path('rsa'), shop.path('rsa-locked'));
    copyFileSync(shop.path('rsa.pub'), shop.path('rsa-locked.pub'));
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret', '-f', shop.path('rsa-locked')]);
    const secrets = answering({});
    await rig.session(withKey('rsa-locked'), { secrets, env: { SSH_AUTH_SOCK: socket } });
    expect(secrets.asked).toEqual([]);
  });

  it('is taken from IdentityAgent', async () => {
    const socket = await startAgent(['user', 'stranger']);
    const sshConfigFile = config(`Host *\n  IdentityAgent ${socket}\n`);
    await rig.session(host(), { sshConfigFile });
  });

  it('that does not answer is reported, and key files still work', async () => {
    const env = { SSH_AUTH_SOCK: shop.path('no-agent') };
    await rig.session(withKey('user'), { env });
    expect(await rig.refusal(withKey('stranger'), { env })).toMatchObject({
      message: expect.stringContaining('ssh-agent') as string,
    });
  });

  it('with a certificate says that it cannot be used', async () => {
    shop.key('ca');
    shop.key('certified');
    execFileSync('ssh-keygen', ['-q', '-s', shop.path('ca'), '-I', 'me', '-n', 'root', shop.path('certified.pub')], {
      stdio: 'ignore',
    });
    const socket = await startAgent(['certified']);
    const error = await rig.refusal(withKey('stranger'), { env: { SSH_AUTH_SOCK: socket } });
    expect(error.message).toContain('certified (agent) is a certificate');
    expect((await rig.refusal(withKey('certified'))).message).toContain(
      `${shop.path('certified')}-cert.pub is a certificate`,
    );
  });
});
