/** Host keys that are read, compared and added, against a real sshd: directly, through a jump host, hashed, changed. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { beforeAll, expect, it } from 'vitest';
import type { Host } from '../../src/inventory/host.js';
import { surveyHostKeys } from '../../src/pipeline/host-keys.js';
import { useRig } from './rig.js';
import { silent } from './secrets-fake.js';
import { hostAt, startSshd } from './sshd.js';
import type { Sshd } from './sshd.js';

const rig = useRig();
const { shop } = rig;
let [node, gate]: Sshd[] = [];
let count = 0;

beforeAll(async () => {
  for (const key of ['user', 'host-ed25519', 'other']) shop.key(key);
  shop.key('host-rsa', { type: 'rsa' });
  node = await startSshd(shop, 'node', { authorized: ['user'], hostKeys: ['host-ed25519', 'host-rsa'] });
  gate = await startSshd(shop, 'gate', { authorized: ['user'] });
  for (const one of [node, gate]) rig.later(() => one.stop());
});

const port = (sshd: Sshd | undefined): number => sshd?.port ?? 0;
const file = (text?: string): string =>
  text === undefined ? shop.path(`none-${count++}`) : shop.write(`known-${count++}`, text);
const host = (knownHostsFile: string, name = 'n1', jump: readonly string[] = []): Host =>
  hostAt(port(node), { identityFile: shop.path('user'), knownHostsFile, jump }, name);
const survey = (hosts: readonly Host[], prefer?: readonly string[]) =>
  surveyHostKeys(hosts, {
    ...{ forks: 4, prefer },
    connect: {
      ...{ hostKeys: 'strict', connectTimeout: 10_000, secrets: silent, env: {} },
      sshConfigFile: shop.write('config-with-key', `IdentityFile ${shop.path('user')}\n`),
    },
  });
const fingerprintOf = (key: string): string =>
  execFileSync('ssh-keygen', ['-l', '-f', shop.path(`${key}.pub`)], { encoding: 'utf8' }).split(' ')[1] ?? '';

it('tells a new key and adds it when somebody compared it, and nothing before', async () => {
  const known = file();
  const { unknown } = await survey([host(known)]);
  expect(unknown).toMatchObject([
    { hosts: ['n1'], key: { label: 'n1', type: 'ED25519', fingerprint: fingerprintOf('host-ed25519'), isJump: false } },
  ]);
  expect(unknown[0]?.key.names).toContain(`[127.0.0.1]:${port(node)}`);
  expect(existsSync(known)).toBe(false);
  expect(await unknown[0]?.key.trust()).toBeUndefined();
  expect(await survey([host(known)])).toMatchObject({ known: ['n1'], unknown: [], failed: [] });
  await rig.session(host(known));
});

it('never logs in to a host', async () => {
  const log = node?.log() ?? '';
  const known = file(`[127.0.0.1]:${port(node)} ${shop.publicKey('host-ed25519')}\n`);
  await survey([host(known)]);
  expect(node?.log().slice(log.length)).not.toContain('Accepted');
});

it('keeps what is in the file, and hashes the name where the others are hashed', async () => {
  const known = file(`# mine\nother ${shop.publicKey('other')}\n`);
  execFileSync('ssh-keygen', ['-q', '-H', '-f', known], { stdio: 'ignore' });
  const before = readFileSync(known, 'utf8');
  const { unknown } = await survey([host(known)]);
  await unknown[0]?.key.trust();
  const after = readFileSync(known, 'utf8');
  expect(after.startsWith(before)).toBe(true);
  expect(after.slice(before.length)).toMatch(/^\|1\|\S+\|\S+ ssh-ed25519 \S+\n$/);
  expect(execFileSync('ssh-keygen', ['-F', `[127.0.0.1]:${port(node)}`, '-f', known], { encoding: 'utf8' })).toContain(
    shop.publicKey('host-ed25519'),
  );
});

it('refuses a key that changed, also when it is to be added all the same', async () => {
  const known = file(`[127.0.0.1]:${port(node)} ${shop.publicKey('other')}\n`);
  expect(await survey([host(known)])).toMatchObject({
    unknown: [],
    failed: [{ host: 'n1', error: { kind: 'host-key-changed' } }],
  });
  const empty = file();
  const { unknown } = await survey([host(empty)]);
  shop.write(empty.slice(shop.dir.length + 1), `[127.0.0.1]:${port(node)} ${shop.publicKey('other')}\n`);
  const again = await survey([host(empty)]);
  expect(again.failed).toHaveLength(1);
  // The file changed after the key was read.
  expect(await unknown[0]?.key.trust()).toBeDefined();
});

it('asks for another type of key where that is wanted', async () => {
  const { unknown } = await survey([host(file())], ['ssh-rsa']);
  expect(unknown).toMatchObject([{ key: { type: 'RSA', fingerprint: fingerprintOf('host-rsa') } }]);
});

it('asks for the key of a jump host first, once for all hosts behind it', async () => {
  const known = file();
  const jump = [`${userInfo().username}@127.0.0.1:${port(gate)}`];
  const hosts = [host(known, 'n1', jump), host(known, 'n2', jump)];
  const first = await survey(hosts);
  expect(first.unknown).toMatchObject([{ hosts: ['n1', 'n2'], key: { label: jump[0], isJump: true } }]);
  await first.unknown[0]?.key.trust();
  const second = await survey(hosts);
  expect(second.unknown).toMatchObject([{ hosts: ['n1', 'n2'], key: { isJump: false } }]);
});

it('adds the plain key that somebody compared where only an authority was known', async () => {
  const known = file(`@cert-authority * ${shop.publicKey('other')}\n`);
  const { unknown } = await survey([host(known)]);
  expect(await unknown[0]?.key.trust()).toBeUndefined();
  expect(await survey([host(known)])).toMatchObject({ known: ['n1'] });
});

it('says why a host cannot be reached', async () => {
  const gone = hostAt(1, { knownHostsFile: file() }, 'gone');
  expect(await survey([gone])).toMatchObject({ failed: [{ host: 'gone', error: { kind: 'refused' } }] });
});
