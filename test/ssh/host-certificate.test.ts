/** Host certificates against a real sshd: which ones OpenSSH accepts, and which key is added then. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Host } from '../../src/inventory/host.js';
import { surveyHostKeys } from '../../src/pipeline/host-keys.js';
import { certifiedKey } from '../../src/ssh/host-certificate.js';
import { parseKnownHosts } from '../../src/ssh/known-hosts.js';
import type { NewKey } from '../../src/ssh/key-reader.js';
import { useRig } from './rig.js';
import { silent } from './secrets-fake.js';
import { hostAt, startSshd } from './sshd.js';
import type { Sshd, SshdOptions } from './sshd.js';

const rig = useRig();
const { shop } = rig;
let count = 0;

beforeAll(() => {
  mkdirSync(shop.path('tmp'));
  for (const key of ['user', 'ca', 'other-ca', 'host']) shop.key(key);
  shop.key('host-rsa', { type: 'rsa' });
  shop.key('host-ecdsa', { type: 'ecdsa' });
});
beforeEach(() => {
  vi.stubEnv('TMPDIR', shop.path('tmp'));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A certificate for a workshop key; the path of a copy that no other test replaces. */
function sign(key: string, args: readonly string[], ca = 'ca'): string {
  const copy = `signed-${count++}`;
  shop.write(`${copy}.pub`, `${shop.publicKey(key)}\n`);
  execFileSync('ssh-keygen', ['-q', '-s', shop.path(ca), '-I', copy, '-h', ...args, shop.path(`${copy}.pub`)]);
  return shop.path(`${copy}-cert.pub`);
}

const valid = ['-n', '127.0.0.1', '-V', '-5m:+1h'];

/** An sshd with this certificate; without one, with its plain key alone. */
async function serve(certificate: string | undefined, options: Partial<SshdOptions> = {}): Promise<Sshd> {
  const config = certificate === undefined ? [] : [`HostCertificate ${certificate}`];
  const sshd = await startSshd(shop, `sshd-${count++}`, {
    ...{ authorized: ['user'], hostKeys: ['host'], config },
    ...options,
  });
  rig.later(() => sshd.stop());
  return sshd;
}

const known = (text: string): string => shop.write(`known-${count++}`, text);
const authority = (names: string, ca = 'ca'): string => `@cert-authority ${names} ${shop.publicKey(ca)}\n`;
const hostOf = (sshd: Sshd, knownHostsFile: string, jump: readonly string[] = []): Host =>
  hostAt(sshd.port, { identityFile: shop.path('user'), knownHostsFile, jump }, 'n1');

async function unknownOf(host: Host, config = ''): Promise<NewKey> {
  const { unknown, failed } = await surveyHostKeys([host], {
    forks: 4,
    connect: {
      ...{ hostKeys: 'strict', connectTimeout: 10_000, secrets: silent, env: {} },
      sshConfigFile: shop.write(`config-${count++}`, `${config}\nIdentityFile ${shop.path('user')}\n`),
    },
  });
  const [first] = unknown;
  if (first === undefined) throw new Error(`no unknown key: ${failed.map(({ error }) => error.kind).join()}`);
  return first.key;
}

const fingerprintOf = (key: string): string =>
  execFileSync('ssh-keygen', ['-l', '-f', shop.path(`${key}.pub`)], { encoding: 'utf8' }).split(' ')[1] ?? '';

describe('a certificate that OpenSSH accepts', () => {
  it.each(['[127.0.0.1]:*', '127.0.0.1', '*'])('proves the key in it; the authority is for %s', async (names) => {
    const sshd = await serve(sign('host', valid));
    const file = known(authority(names));
    const key = await unknownOf(hostOf(sshd, file));
    expect(key.authority).toBe(`${file}:1`);
    const certified = await key.certified();
    expect(certified).toMatchObject({ ok: true, value: { type: 'ED25519', fingerprint: fingerprintOf('host') } });
    expect(readFileSync(file, 'utf8')).toBe(authority(names));
    if (certified.ok) expect(await certified.value.trust()).toBeUndefined();
    expect(readFileSync(file, 'utf8')).toBe(`${authority(names)}[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
    expect(sshd.log()).not.toContain('Accepted');
    expect(readdirSync(shop.path('tmp'))).toEqual([]);
    await rig.session(hostOf(sshd, file));
  });

  it.each(['host-rsa', 'host-ecdsa'])('may be for another key than the first: %s', async (name) => {
    const sshd = await serve(sign(name, valid), { hostKeys: ['host', name] });
    const file = known(authority('*'));
    const certified = await (await unknownOf(hostOf(sshd, file))).certified();
    expect(certified).toMatchObject({ ok: true, value: { fingerprint: fingerprintOf(name) } });
    if (certified.ok) await certified.value.trust();
    await rig.session(hostOf(sshd, file));
  });

  it('may be that of a jump host', async () => {
    const [gate, node] = [await serve(sign('host', valid)), await serve(sign('host', valid))];
    const jump = [`${userInfo().username}@127.0.0.1:${gate.port}`];
    const host = hostOf(node, known(authority('*')), jump);
    const first = await unknownOf(host);
    expect(first.isJump).toBe(true);
    const certified = await first.certified();
    if (!certified.ok) throw new Error(certified.error);
    await certified.value.trust();
    const second = await unknownOf(host);
    expect(second.isJump).toBe(false);
    expect(await second.certified()).toEqual({
      ok: false,
      error: expect.stringContaining('behind a jump host') as string,
    });
  });
});

describe('no key is proved', () => {
  it.each<[string, () => string | undefined, string]>([
    ['expired', () => sign('host', ['-n', '127.0.0.1', '-V', '20200101:20210101']), 'expired'],
    ['of the future', () => sign('host', ['-n', '127.0.0.1', '-V', '+1h:+2h']), 'not yet valid'],
    ['for another name', () => sign('host', ['-n', 'n2', '-V', '+1h']), 'not a listed principal'],
    ['of another authority', () => sign('host', valid, 'other-ca'), 'No ED25519 host key'],
    ['not there', () => undefined, 'no matching host key type'],
  ])('by a certificate that is %s', async (_, certificate, reason) => {
    const file = known(authority('*'));
    const key = await unknownOf(hostOf(await serve(certificate()), file));
    expect(key.authority).toBe(`${file}:1`);
    expect(await key.certified()).toEqual({ ok: false, error: expect.stringContaining(reason) as string });
    expect(readFileSync(file, 'utf8')).toBe(authority('*'));
  });

  it.each(['host', 'ca'])('where a line has @revoked for the %s', async (revoked) => {
    const sshd = await serve(sign('host', valid));
    const text = `${authority('*')}@revoked * ${shop.publicKey(revoked)}\n`;
    const asked = await certifiedKey({
      endpoint: endpointOf(sshd.port),
      ...asking(),
      lines: parseKnownHosts(text, 'f'),
    });
    expect(asked).toEqual({ ok: false, error: expect.stringContaining('marked as revoked') as string });
    // A revoked host key is refused before anybody asks for its certificate.
    const found = unknownOf(hostOf(sshd, known(text)));
    if (revoked === 'host') await expect(found).rejects.toThrow('host-key-revoked');
    else expect((await (await found).certified()).ok).toBe(false);
  });

  it('by an authority of other hosts', async () => {
    const sshd = await serve(sign('host', valid));
    const key = await unknownOf(hostOf(sshd, known(authority('*.prod,!127.0.0.1,127.0.0.2'))));
    expect(key.authority).toBeUndefined();
    expect((await key.certified()).ok).toBe(false);
  });

  it('by settings that make ssh accept any key', async () => {
    const sshd = await serve(sign('host', valid, 'other-ca'));
    const careless = 'StrictHostKeyChecking no\nNoHostAuthenticationForLocalhost yes\nHostKeyAlgorithms ssh-ed25519';
    const key = await unknownOf(hostOf(sshd, known(authority('*'))), careless);
    expect((await key.certified()).ok).toBe(false);
  });

  it('by a plain key that ssh knows from elsewhere', async () => {
    const sshd = await serve(sign('host', valid, 'other-ca'));
    const elsewhere = known(`* ${sshd.hostKey}\n`);
    const key = await unknownOf(hostOf(sshd, known(authority('*'))), `UserKnownHostsFile ${elsewhere}`);
    expect((await key.certified()).ok).toBe(false);
  });

  it('by a host that does not answer', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const asked = await certifiedKey({ endpoint: endpointOf(port), lines: [], ...asking(), timeout: 1000 });
    expect(asked.ok).toBe(false);
    server.close();
  });

  it.each([
    ['that does not say which key it accepted', '11', 'OpenSSH 8.9 or newer'],
    ['that says something else', '27, 0, 0, 0, 1, 65', 'OpenSSH 8.9 or newer'],
  ])('by an ssh %s', async (_, bytes, reason) => {
    const program = `const path = process.argv.join(' ').match(/IdentityAgent=(\\S+)/)[1];
      const body = Buffer.from([${bytes}]);
      require('node:net').connect(path).write(Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]));`;
    mkdirSync(shop.path('old'), { recursive: true });
    const script = shop.write('old/ssh.cjs', program);
    shop.write('old/ssh', `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`, 0o755);
    vi.stubEnv('PATH', `${shop.path('old')}:${process.env['PATH'] ?? ''}`);
    const asked = await certifiedKey({ endpoint: endpointOf(1), lines: [], ...asking() });
    expect(asked).toEqual({ ok: false, error: expect.stringContaining(reason) as string });
  });

  it('where there is no ssh', async () => {
    vi.stubEnv('PATH', shop.path('nowhere'));
    expect(await certifiedKey({ endpoint: endpointOf(1), lines: [], ...asking() })).toEqual({
      ok: false,
      error: 'ssh was not found: install OpenSSH',
    });
  });
});

const asking = () => ({ configFile: shop.path('ssh_config'), timeout: 10_000, signal: undefined });

const endpointOf = (port: number): Parameters<typeof certifiedKey>[0]['endpoint'] => ({
  ...{ label: 'n1', alias: '127.0.0.1', hostname: '127.0.0.1', port, user: userInfo().username, isJump: false },
  ...{ hostKeyAlias: undefined, identityFiles: [], identitiesOnly: false, agentSocket: undefined },
  ...{ transport: 'ssh2', hasOwnIdentity: false, hasCertificate: false, gssapi: false },
  ...{ userKnownHosts: [], globalKnownHosts: [] },
});
