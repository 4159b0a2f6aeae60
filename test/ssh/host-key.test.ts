/** Host keys against a real sshd: known, unknown, changed, revoked, hashed, accept-new. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/inventory/host.js';
import { useRig } from './rig.js';
import { hostAt, startSshd } from './sshd.js';
import type { Sshd } from './sshd.js';

const rig = useRig();
const { shop } = rig;
let sshd: Sshd;
let name: string;
let count = 0;

beforeAll(async () => {
  for (const key of ['user', 'host-ed25519', 'other']) shop.key(key);
  shop.key('host-ecdsa', { type: 'ecdsa' });
  shop.key('host-rsa', { type: 'rsa' });
  sshd = await startSshd(shop, 'node', { authorized: ['user'], hostKeys: ['host-ed25519', 'host-ecdsa', 'host-rsa'] });
  rig.later(() => sshd.stop());
  name = `[127.0.0.1]:${sshd.port}`;
});

describe.each(['ssh2', 'openssh'] as const)('by %s', (transport) => {
  const host = (file: string): Host =>
    hostAt(sshd.port, { transport, identityFile: shop.path('user'), knownHostsFile: file });
  const known = (text: string): string => shop.write(`known-${count++}`, text);
  const fingerprintOf = (key: string): string =>
    execFileSync('ssh-keygen', ['-l', '-f', shop.path(`${key}.pub`)], { encoding: 'utf8' }).split(' ')[1] ?? '';

  it('refuses an unknown key with its fingerprint', async () => {
    const error = await rig.refusal(host(shop.path('missing')));
    expect(error.kind).toBe('host-key-unknown');
    expect(error.message).toContain(fingerprintOf('host-ed25519'));
    expect(error.hint).toContain(`ssh -p ${sshd.port}`);
    expect(existsSync(shop.path('missing'))).toBe(false);
  });

  it('refuses a changed key with file and line', async () => {
    const file = known(`# a comment\n\n${name} ${shop.publicKey('other')}\n`);
    const error = await rig.refusal(host(file));
    expect(error.kind).toBe('host-key-changed');
    expect(error.message).toContain(`${file}:3`);
    expect(error.message).toContain(fingerprintOf('host-ed25519'));
    expect(error.hint).toContain(`ssh-keygen -f '${file}' -R '${name}'`);
  });

  it('refuses a revoked key even when it is also listed', async () => {
    const file = known(`${name} ${sshd.hostKey}\n@revoked * ${sshd.hostKey}\n`);
    expect(await rig.refusal(host(file))).toMatchObject({
      kind: 'host-key-revoked',
      message: expect.stringContaining(`${file}:2`) as string,
    });
  });

  it.each(['host-ed25519', 'host-ecdsa', 'host-rsa'])('asks for the key type that is known: %s', async (key) => {
    await rig.session(host(known(`${name} ${shop.publicKey(key)}\n`)));
  });

  it('finds a name that ssh-keygen hashed', async () => {
    const file = known(`${name} ${sshd.hostKey}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    await rig.session(host(file));
  });

  it('takes a key that is known for the host without its port', async () => {
    await rig.session(host(known(`127.0.0.1 ${sshd.hostKey}\n`)));
  });

  it('refuses a key that is revoked for the host without its port', async () => {
    expect(await rig.refusal(host(known(`@revoked 127.0.0.1 ${sshd.hostKey}\n`)))).toMatchObject({
      kind: 'host-key-revoked',
    });
  });

  it.each(['strict', 'accept-new'] as const)('says what a certificate authority means here (%s)', async (hostKeys) => {
    const file = known(`@cert-authority [127.0.0.1]:* ${shop.publicKey('other')}\n`);
    const before = readFileSync(file, 'utf8');
    const error = await rig.refusal(host(file), { hostKeys });
    expect(error).toMatchObject({
      kind: 'host-key-unknown',
      message: expect.stringContaining('certificate') as string,
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('accept-new records an unknown key once, as ssh-keygen finds it, and is strict from then on', async () => {
    const file = shop.path(`new-${transport}/known_hosts`);
    const lines: string[] = [];
    const made = rig.connector({ hostKeys: 'accept-new', log: (line) => lines.push(line) });
    const results = await Promise.all([made.connect(host(file)), made.connect(host(file)), made.connect(host(file))]);
    expect(results.map((result) => result.ok)).toEqual([true, true, true]);
    expect(readFileSync(file, 'utf8')).toBe(`${name} ${sshd.hostKey}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(shop.path(`new-${transport}`)).mode & 0o777).toBe(0o700);
    expect(execFileSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' })).toContain(sshd.hostKey);
    expect(lines.filter((line) => line.includes(fingerprintOf('host-ed25519')))).toHaveLength(1);
    await rig.session(host(file));
  });

  it('accept-new appends after a line without its line feed', async () => {
    const file = known(`elsewhere ${shop.publicKey('other')}`);
    await rig.session(host(file), { hostKeys: 'accept-new' });
    expect(readFileSync(file, 'utf8')).toBe(`elsewhere ${shop.publicKey('other')}\n${name} ${sshd.hostKey}\n`);
  });

  it('accept-new never replaces a changed key', async () => {
    const text = `${name} ${shop.publicKey('other')}\n`;
    const file = known(text);
    expect(await rig.refusal(host(file), { hostKeys: 'accept-new' })).toMatchObject({ kind: 'host-key-changed' });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
