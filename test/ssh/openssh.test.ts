/** What is read from `ssh -G`, and what stands in where there is no ssh. */
import { chmodSync, mkdirSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import type { Host, SshSettings } from '../../src/inventory/host.js';
import { createOpenssh, parseOpensshDump } from '../../src/ssh/openssh.js';
import type { OpensshSettings } from '../../src/ssh/openssh.js';
import { findRoute } from '../../src/ssh/route.js';
import type { Endpoint } from '../../src/ssh/route.js';
import { openWorkshop } from './sshd.js';

const shop = openWorkshop();
afterAll(() => {
  shop.remove();
});
let count = 0;

async function ask(config: string, alias: string, user?: string, port?: number): Promise<OpensshSettings> {
  const answer = await createOpenssh(shop.write(`config-${count++}`, config))({ alias, user, port });
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

async function route(
  config: string,
  address: string,
  ssh: Partial<SshSettings> = {},
  env: Record<string, string> = {},
): Promise<Endpoint[]> {
  const host: Host = { name: 'n', address, role: 'worker', group: 'g', ssh: { jump: [], become: 'none', ...ssh } };
  const found = await findRoute(host, createOpenssh(shop.write(`config-${count++}`, config)), env);
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
}

describe('ssh -G', () => {
  it('gives what the config says', async () => {
    const config = `Host n1
  HostName 10.0.0.9
  User deploy
  Port 2222
  IdentityFile ~/.ssh/fleet
  IdentitiesOnly yes
  HostKeyAlias fleet-n1
  ProxyJump ops@b1:2200,b2
  UserKnownHostsFile ~/.ssh/fleet_hosts "/with space/known"
`;
    expect(await ask(config, 'n1')).toMatchObject({
      user: 'deploy',
      hostname: '10.0.0.9',
      port: 2222,
      identityFiles: ['~/.ssh/fleet'],
      defaultIdentities: false,
      identitiesOnly: true,
      hostKeyAlias: 'fleet-n1',
      proxyJump: ['ops@b1:2200', 'b2'],
      proxyCommand: undefined,
      userKnownHosts: [`${homedir()}/.ssh/fleet_hosts`, '/with space/known'],
    });
  });

  it('lets the inventory win over the config', async () => {
    expect(await ask('Host *\n  User a\n  Port 1\n', 'x', 'b', 2)).toMatchObject({ user: 'b', port: 2 });
  });

  it('tells what else may log in than a key', async () => {
    const config = 'CertificateFile ~/.ssh/ci-cert.pub\nGSSAPIAuthentication yes\n';
    expect(await ask(config, 'x')).toMatchObject({ certificateFiles: ['~/.ssh/ci-cert.pub'], gssapi: true });
    expect(await ask('', 'x')).toMatchObject({ certificateFiles: [], gssapi: false });
  });

  it('marks the built-in identities as such', async () => {
    expect(await ask('', 'x')).toMatchObject({
      defaultIdentities: true,
      proxyJump: [],
      hostKeyAlias: undefined,
      port: 22,
    });
  });

  it('tells a config that ssh does not understand', async () => {
    const answer = await createOpenssh(shop.write('broken', 'NoSuchOption yes\n'))({
      alias: 'x',
      user: undefined,
      port: undefined,
    });
    expect(answer).toMatchObject({
      ok: false,
      error: { kind: 'config', message: expect.stringContaining('nosuchoption') as string },
    });
  });

  it('is asked once per host, user and port', async () => {
    mkdirSync(shop.path('bin'));
    shop.write('bin/ssh', `#!/bin/sh\necho asked >>'${shop.path('asked')}'\necho "port 7"\n`);
    chmodSync(shop.path('bin/ssh'), 0o755);
    const path = process.env['PATH'];
    process.env['PATH'] = `${shop.path('bin')}:${path ?? ''}`;
    try {
      const openssh = createOpenssh(undefined);
      const query = { alias: 'x', user: undefined, port: undefined };
      await Promise.all([openssh(query), openssh(query), openssh({ ...query, port: 1 })]);
      const { readFileSync } = await import('node:fs');
      expect(readFileSync(shop.path('asked'), 'utf8')).toBe('asked\nasked\n');
    } finally {
      process.env['PATH'] = path;
    }
  });

  it('is replaced by defaults where there is no ssh', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = shop.path('nowhere');
    try {
      const answer = await createOpenssh(undefined)({ alias: 'x', user: 'u', port: 5 });
      expect(answer).toMatchObject({ ok: true, value: { user: 'u', hostname: 'x', port: 5 } });
    } finally {
      process.env['PATH'] = path;
    }
  });

  it('without output means defaults', () => {
    expect(parseOpensshDump('', { alias: 'x', user: undefined, port: undefined })).toMatchObject({
      hostname: 'x',
      port: 22,
      defaultIdentities: true,
      userKnownHosts: [`${homedir()}/.ssh/known_hosts`, `${homedir()}/.ssh/known_hosts2`],
    });
  });
});

describe('an endpoint', () => {
  it('has its paths expanded', async () => {
    const config = 'Host *\n  User u1\n  HostName h1\n  IdentityFile ~/k_%n_%h_%r_%p_%%\n';
    const [end] = await route(config, 'alias1');
    expect(end?.identityFiles).toEqual([{ path: `${homedir()}/k_alias1_h1_u1_22_%`, named: true }]);
  });

  it('takes the identity and known_hosts of the inventory instead', async () => {
    const [end] = await route('Host *\n  IdentityFile /a\n  UserKnownHostsFile /b\n', 'x', {
      identityFile: '/c',
      knownHostsFile: '/d',
    });
    expect(end).toMatchObject({ identityFiles: [{ path: '/c', named: true }], userKnownHosts: ['/d'] });
    expect(end?.globalKnownHosts).toContain('/etc/ssh/ssh_known_hosts');
  });

  it.each([
    ['', '/env'],
    ['IdentityAgent none', undefined],
    ['IdentityAgent SSH_AUTH_SOCK', '/env'],
    ['IdentityAgent $MY_AGENT', '/mine'],
    ['IdentityAgent ~/agent', `${homedir()}/agent`],
  ])('finds the agent with %j', async (line, want) => {
    const [end] = await route(`Host *\n  ${line}\n`, 'x', {}, { SSH_AUTH_SOCK: '/env', MY_AGENT: '/mine' });
    expect(end?.agentSocket).toBe(want);
  });

  it('reads jumps in all their forms', async () => {
    const found = await route('', 'x', { jump: ['b1', 'ops@b2:2222', '[2001:db8::1]:22', 'ssh://b3:23', 'u@d@b4'] });
    expect(found.map((end) => `${end.user} ${end.hostname} ${end.port}`).slice(1)).toEqual([
      'ops b2 2222',
      expect.stringMatching(/ 2001:db8::1 22$/),
      expect.stringMatching(/ b3 23$/),
      'u@d b4 22',
      expect.stringMatching(/ x 22$/),
    ]);
  });

  it('is refused when keys are revoked in a way that cannot be honoured', async () => {
    await expect(route('Host *\n  RevokedHostKeys /r\n', 'x')).rejects.toThrow('RevokedHostKeys');
  });
});

it('the default known_hosts files are below $HOME, and files that were chosen stay', () => {
  const known = (path: string, home: string): readonly string[] => {
    const before = process.env['HOME'];
    process.env['HOME'] = home;
    try {
      return parseOpensshDump(`userknownhostsfile ${path}\n`, { alias: 'a', user: undefined, port: undefined })
        .userKnownHosts;
    } finally {
      if (before === undefined) Reflect.deleteProperty(process.env, 'HOME');
      else process.env['HOME'] = before;
    }
  };
  const own = `${userInfo().homedir}/.ssh/known_hosts`;
  expect(known(`${own} ${own}2`, '/elsewhere')).toEqual([
    '/elsewhere/.ssh/known_hosts',
    '/elsewhere/.ssh/known_hosts2',
  ]);
  expect(known('/etc/fleet/known_hosts', '/elsewhere')).toEqual(['/etc/fleet/known_hosts']);
});
