/** Jump hosts: several hops, each verified on its own, one shared connection per bastion. */
import { connect } from 'node:net';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Host, SshSettings } from '../../src/inventory/host.js';
import { useRig } from './rig.js';
import { freePort, hostAt, startSshd } from './sshd.js';
import type { Sshd } from './sshd.js';

const rig = useRig();
const { shop } = rig;
let first: Sshd;
let second: Sshd;
let node: Sshd;
let sshConfigFile: string;
const deadline = 10_000;

beforeAll(async () => {
  for (const key of ['user', 'other']) shop.key(key);
  first = await startSshd(shop, 'first', { authorized: ['user'] });
  second = await startSshd(shop, 'second', { authorized: ['user'] });
  node = await startSshd(shop, 'node', { authorized: ['user'] });
  for (const sshd of [first, second, node]) rig.later(() => sshd.stop());
  shop.write('known', [first, second, node].map((sshd) => `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`).join(''));
  sshConfigFile = shop.write(
    'jump-config',
    `
Host b1
  HostName 127.0.0.1
  Port ${first.port}
Host b2
  HostName 127.0.0.1
  Port ${second.port}
  HostKeyAlias the-second
Host behind
  HostName 127.0.0.1
  Port ${node.port}
  ProxyJump b1
Host nested
  HostName 127.0.0.1
  Port ${second.port}
  ProxyJump b1
Host piped
  ProxyCommand nc %h %p
Host circle
  ProxyJump circle
Host *
  IdentityFile ${shop.path('user')}
  UserKnownHostsFile ${shop.path('known')}
`,
  );
});

const host = (ssh: Partial<SshSettings> = {}, name?: string): Host => hostAt(node.port, ssh, name);
const accepted = (sshd: Sshd): number => sshd.log().split('Accepted publickey').length - 1;
const at = (sshd: Sshd): string => `127.0.0.1:${sshd.port}`;

describe('a jump', () => {
  it('over two hops shares each bastion among all hosts', async () => {
    const before = [first, second, node].map(accepted);
    const made = rig.connector({ sshConfigFile });
    const jump = [at(first), at(second)];
    const results = await Promise.all(['a', 'b', 'c', 'd'].map((name) => made.connect(host({ jump }, name))));
    for (const result of results) {
      const ran = result.ok ? await result.value.run('echo there', [], { deadline }) : result;
      expect(ran.ok && ran.value.stdout.toString()).toBe('there\n');
    }
    expect([first, second, node].map((sshd, i) => accepted(sshd) - (before[i] ?? 0))).toEqual([1, 1, 4]);
  });

  it('of a fresh connection is not shared', async () => {
    const made = rig.connector({ sshConfigFile });
    const jump = [at(first)];
    const before = accepted(first);
    expect((await made.connect(host({ jump }))).ok).toBe(true);
    const fresh = await made.fresh(host({ jump }));
    expect(fresh.ok).toBe(true);
    expect(accepted(first) - before).toBe(2);
    if (fresh.ok) await fresh.value.close();
  });

  it('is taken from ~/.ssh/config when the inventory says nothing', async () => {
    const before = accepted(first);
    const { direct } = await rig.session({ ...host({ port: undefined }), address: 'behind' }, { sshConfigFile });
    expect(accepted(first) - before).toBe(1);
    // What the bastion reaches under an address may be another machine from here.
    expect(direct).toBeUndefined();
  });

  it('is left out with jump: none', async () => {
    const before = accepted(first);
    const without = { ...host({ port: undefined, jump: ['none'] }), address: 'behind' };
    const { direct } = await rig.session(without, { sshConfigFile });
    expect(accepted(first) - before).toBe(0);
    expect(direct?.address).toBe('127.0.0.1');
  });

  it('follows the ProxyJump of the first bastion', async () => {
    const before = [first, second].map(accepted);
    await rig.session(host({ jump: ['nested'] }), { sshConfigFile });
    expect([first, second].map((sshd, i) => accepted(sshd) - (before[i] ?? 0))).toEqual([1, 1]);
  });

  it('is opened again after the bastion ended the connection', async () => {
    const made = rig.connector({ sshConfigFile });
    const one = await made.connect(host({ jump: [at(first)] }));
    expect(one.ok).toBe(true);
    if (!one.ok) return;
    first.cut();
    expect(await one.value.run('exec sleep 5', [], { deadline })).toMatchObject({ ok: false, error: { kind: 'lost' } });
    expect((await made.connect(host({ jump: [at(first)] }))).ok).toBe(true);
  });

  it('waits for a bastion that worked before and is gone for a while', async () => {
    const options = { authorized: ['user'], hostKeys: ['first-host'] };
    const brief = await startSshd(shop, 'brief', options);
    const knownHostsFile = shop.write(
      'known-brief',
      [brief, node].map((sshd) => `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`).join(''),
    );
    const tries: string[] = [];
    const log = (line: string): void => void tries.push(line);
    const made = rig.connector({ sshConfigFile, log });
    const to = (name: string): Host => host({ jump: [at(brief)], knownHostsFile }, name);
    const one = await made.connect(to('a'));
    if (!one.ok) throw new Error(one.error.message);
    brief.cut();
    await brief.stop();
    expect(await one.value.run('exit', [], { deadline })).toMatchObject({ ok: false, error: { kind: 'lost' } });
    expect(one.value.lostBastion?.()).toBe(true);
    const others = Promise.all(['b', 'c', 'd'].map((name) => made.connect(to(name))));
    await vi.waitFor(() => expect(tries.join()).toContain('nothing listens'), { timeout: 60_000 });
    const again = await startSshd(shop, 'brief', { ...options, port: brief.port });
    rig.later(() => again.stop());
    expect((await others).map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(accepted(again)).toBe(1);
  });

  it('opens one connection after the other to a bastion that drops what is too much', async () => {
    const small = await startSshd(shop, 'small', {
      authorized: ['user'],
      hostKeys: ['first-host'],
      config: ['MaxStartups 12:100:12'],
    });
    rig.later(() => small.stop());
    const knownHostsFile = shop.write(
      'known-small',
      [small, node].map((sshd) => `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`).join(''),
    );
    const made = rig.connector({ sshConfigFile });
    const names = Array.from({ length: 30 }, (_, i) => `n${i}`);
    const results = await Promise.all(
      names.map((name) => made.fresh(host({ jump: [at(small)], knownHostsFile }, name))),
    );
    expect(results.filter(({ ok }) => ok).length).toBe(30);
    expect(small.log()).not.toContain('drop connection');
  });
});

describe('a jump that fails', () => {
  it('names the bastion whose host key is unknown', async () => {
    // HostKeyAlias of b2 is in no file.
    const error = await rig.refusal(host({ jump: ['b1', 'b2'] }), { sshConfigFile });
    expect(error).toMatchObject({
      kind: 'jump',
      message: expect.stringMatching(/^jump host b2: the host key ED25519/) as string,
    });
  });

  it('names the bastion that refuses the login', async () => {
    const locked = await startSshd(shop, 'locked', { authorized: ['other'], hostKeys: ['first-host'] });
    rig.later(() => locked.stop());
    const known = shop.write('known-locked', `[127.0.0.1]:${locked.port} ${first.hostKey}\n`);
    const error = await rig.refusal(host({ jump: [at(locked)], knownHostsFile: known }), { sshConfigFile });
    expect(error).toMatchObject({
      kind: 'jump',
      message: expect.stringContaining(`jump host ${at(locked)}: login as root failed`) as string,
    });
  });

  it('names the bastion that forbids forwarding', async () => {
    const closed = await startSshd(shop, 'closed', {
      authorized: ['user'],
      hostKeys: ['first-host'],
      config: ['AllowTcpForwarding no'],
    });
    rig.later(() => closed.stop());
    const known = shop.write('known-closed', `[127.0.0.1]:${closed.port} ${first.hostKey}\n`);
    const error = await rig.refusal(host({ jump: [at(closed)], knownHostsFile: known }), { sshConfigFile });
    expect(error).toMatchObject({ kind: 'jump', message: expect.stringContaining('forbids forwarding') as string });
  });

  it('is not knocked at again for every host', async () => {
    let knocks = 0;
    const port = await rig.serve((socket) => {
      knocks++;
      socket.destroy();
    });
    const jump = [`127.0.0.1:${port}`];
    const made = rig.connector({ sshConfigFile, connectTimeout: 1_500 });
    const results = await Promise.all(['a', 'b', 'c'].map((name) => made.connect(host({ jump }, name))));
    const forAll = knocks;
    expect(forAll).toBeGreaterThan(1);
    results.push(await made.connect(host({ jump }, 'd')));
    for (const result of results)
      expect(result).toMatchObject({
        ok: false,
        error: { kind: 'jump', message: expect.stringContaining(`(tried ${forAll} times in `) as string },
      });
    expect(knocks).toBe(forAll);
  });

  it('is not asked again after it refused the login, by no host and over no connection', async () => {
    const strict = await startSshd(shop, 'strict', { authorized: ['other'], hostKeys: ['first-host'] });
    rig.later(() => strict.stop());
    let knocks = 0;
    const port = await rig.serve((socket) => {
      knocks++;
      socket.on('error', () => undefined);
      socket.pipe(connect(strict.port, '127.0.0.1')).pipe(socket);
    });
    const knownHostsFile = shop.write('known-strict', `[127.0.0.1]:${port} ${first.hostKey}\n`);
    const made = rig.connector({ sshConfigFile });
    const to = (name: string): Host => host({ jump: [`127.0.0.1:${port}`], knownHostsFile }, name);
    const results = await Promise.all(['a', 'b'].map((name) => made.connect(to(name))));
    results.push(await made.fresh(to('a')), await made.fresh(to('c')));
    for (const result of results)
      expect(result).toMatchObject({
        ok: false,
        error: { kind: 'jump', message: expect.stringContaining('login as root failed') as string },
      });
    expect(knocks).toBe(1);
  });

  it('tells a node that is down behind a good bastion', async () => {
    const port = await freePort();
    const error = await rig.refusal(hostAt(port, { jump: [at(first)] }), { sshConfigFile });
    expect(error).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(`${at(first)} could not connect to 127.0.0.1:${port}`) as string,
    });
  });

  it.each(['circle', 'user@', 'a b', '-oProxyCommand=x', 'h:99999'])('refuses the jump %j', async (jump) => {
    expect(await rig.refusal(host({ jump: [jump] }), { sshConfigFile })).toMatchObject({ kind: 'config' });
  });

  it('refuses a ProxyCommand', async () => {
    const error = await rig.refusal({ ...host({ port: undefined }), address: 'piped' }, { sshConfigFile });
    expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining('ProxyCommand') as string });
  });

  it.each(['-oProxyCommand=touch x', 'a;b', 'a b', '$(x)', '`x`', ''])('refuses the address %j', async (address) => {
    expect(await rig.refusal({ ...host(), address }, { sshConfigFile })).toMatchObject({ kind: 'config' });
  });

  it.each(['-x', 'a b', 'a;b', '$x'])('refuses the user %j', async (user) => {
    expect(await rig.refusal(host({ user }), { sshConfigFile })).toMatchObject({ kind: 'config' });
  });
});
