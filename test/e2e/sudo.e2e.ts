/** sudo with a password: asked at a terminal, never taken from anywhere else; one that is wrong three times costs only its own host. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClosed } from './planted.js';
import { type Audit, type RunResult, expectClear, hostOf } from './results.js';
import { kubeletFiles, openScene, plantAll, swift } from './scene.js';
import { enter, openTerminal } from './terminal.js';

/** Where the node helper is installed, and a line that lets sudo run it and nothing else. */
const helper = '/usr/local/sbin/kubelatch-node-helper';
const sudoers = '/etc/sudoers.d/lab';

const scene = openScene();
const { lab } = scene;
/** How `inventory check` tells the transport. */
const by = lab.transport.transport === 'openssh' ? ' by OpenSSH' : '';
const inventory = scene.inventory([['n1', { ssh: { user: 'ops' } }], 'n2']);

beforeAll(() => plantAll(lab, ['n1', 'n2', 'n3']));

it('says without a terminal that sudo wants a password, and judges the others', async () => {
  const audit = await scene.result<Audit>(3, ['audit', '-i', inventory]);
  const { status, error } = hostOf(audit, 'n1');
  expect(status).toBe('unreadable');
  expectClear({ reason: error?.message, hint: error?.hint });
  expect(error?.message).toMatch(/sudo needs the password of ops/);
  expect(error?.hint).toMatch(/terminal|NOPASSWD/);
  expect(hostOf(audit, 'n2').status).toBe('judged');
});

it('asks again for a wrong password at the terminal, three times for one host, and hardens the other', async () => {
  const before = await kubeletFiles(lab, 'n1');
  const output = `${scene.folder}/wrong.json`;
  const terminal = openTerminal(scene, ['apply', '-i', inventory, ...swift, '-o', 'json', '--output-file', output]);
  for (const left of ['2 tries left', '1 try left']) {
    await terminal.until(/sudo password for ops .*:/);
    terminal.type(`not-the-password${enter}`);
    await terminal.until(new RegExp(`That password was not accepted for sudo of ops on n1; ${left}`));
  }
  await terminal.until(/sudo password for ops .*:/);
  terminal.type(`not-the-password${enter}`);
  const { code, stdout } = await terminal.ended();
  expect(code, stdout).toBe(1);
  expect(stdout).not.toContain('not-the-password');
  expect(stdout).toMatch(/n1.*sudo rejected the password of ops 3 times/);
  const result = JSON.parse(readFileSync(output, 'utf8')) as RunResult;
  expectClear(hostOf(result, 'n1'));
  expect(hostOf(result, 'n1')).toMatchObject({ outcome: 'failed' });
  expect(hostOf(result, 'n2')).toMatchObject({ outcome: 'confirmed' });
  expect(await kubeletFiles(lab, 'n1')).toEqual(before);
  await expectClosed(lab, 'n2');
});

it('asks once for a whole run, again after a typo, and hardens with the right password', async () => {
  const terminal = openTerminal(scene, ['apply', '-i', inventory, ...swift]);
  await terminal.until(/sudo password for ops .*:/);
  terminal.type(`labsecrte${enter}`);
  await terminal.until(/not accepted for sudo of ops on n1; 2 tries left/);
  await terminal.until(/sudo password for ops .*:/);
  terminal.type(`labsecret${enter}`);
  const { code, stdout } = await terminal.ended();
  expect(code, stdout).toBe(0);
  expect(stdout).not.toMatch(/labsecr/);
  expect(stdout.match(/sudo password for ops[^\n]*: \*+$/gm)).toHaveLength(2);
  await expectClosed(lab, 'n1');
});

it('says of each host who is logged in, and that one without root cannot be used', async () => {
  const others = scene.inventory([
    ['n1', { ssh: { become: 'none' } }],
    'n2',
    ['n3', { ssh: { user: 'root', become: 'none' } }],
  ]);
  const { code, stdout } = await scene.kubelatch(['inventory', 'check', '-i', others]);
  expect(code).toBe(3);
  expect(stdout.split('\n')).toEqual([
    '! n1: connected as deploy, who is not root, and ssh.become is none',
    '    hint: set ssh.become: sudo for this host in the inventory, or log in as root',
    `+ n2: connected as deploy${by}; sudo works`,
    `+ n3: connected as root${by}`,
    '+ API server: answers',
    '',
  ]);
  const audit = await scene.result<Audit>(3, ['audit', '-i', others]);
  expect(hostOf(audit, 'n1')).toMatchObject({ status: 'unreadable', error: { kind: 'sudo' } });
});

describe('by the node helper, where sudo allows nothing else', () => {
  const on = async (text: string): Promise<string> => {
    const { code, stdout, stderr } = await lab.on('n3', text);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const hosts = (become: string): string => scene.inventory([['n3', { ssh: { become } }]]);
  const put = (text: string): string => `printf %s ${Buffer.from(text).toString('base64')} | base64 -d`;
  let before: unknown;

  beforeAll(async () => {
    const { stdout } = await scene.kubelatch(['node-helper']);
    before = await kubeletFiles(lab, 'n3');
    // One argument of a program holds 128 KiB.
    for (let at = 0; at < stdout.length; at += 50_000)
      await on(`${put(stdout.slice(at, at + 50_000))} ${at === 0 ? '>' : '>>'}${helper}`);
    await on(`chmod 755 ${helper} && cp ${sudoers} /root/lab-sudoers
      echo 'deploy ALL=(root) NOPASSWD: ${helper}' >${sudoers} && visudo -cqf ${sudoers}`);
  });
  afterAll(() => on(`cp /root/lab-sudoers ${sudoers} && rm -f ${helper}`));

  it('allows no shell', async () => {
    const { code } = await lab.on('n3', `su deploy -c "sudo -n -- sh -c 'echo in'"`);
    expect(code).not.toBe(0);
    const audit = await scene.result<Audit>(3, ['audit', '-i', hosts('sudo')]);
    expect(hostOf(audit, 'n3').error?.kind).toMatch(/^sudo/);
  });

  it('checks, hardens and rolls back, as by a shell', async () => {
    const check = await scene.kubelatch(['inventory', 'check', '-i', hosts('helper')]);
    expect(check.stdout).toContain(`+ n3: connected as deploy${by}; sudo works`);
    const applied = await scene.result<RunResult>(0, ['apply', '-i', hosts('helper'), '--yes', ...swift]);
    expect(hostOf(applied, 'n3')).toMatchObject({ outcome: 'confirmed' });
    await expectClosed(lab, 'n3');
    const back = await scene.result<RunResult>(0, ['rollback', '-i', hosts('helper'), '--yes', ...swift]);
    expect(hostOf(back, 'n3').outcome).toMatch(/confirmed|rolled-back|reverted/);
    expect(await kubeletFiles(lab, 'n3')).toEqual(before);
  });

  it('says of another version, in one line, what to do', async () => {
    await on(`sed -i 's/^VERSION=.*/VERSION=0123456789abcdef/' ${helper}`);
    const audit = await scene.result<Audit>(3, ['audit', '-i', hosts('helper')]);
    const { error } = hostOf(audit, 'n3');
    expectClear({ reason: error?.message, hint: error?.hint });
    expect(error?.message).toMatch(
      /the node helper is from another version of kubelatch \(.*version 0123456789abcdef is installed/,
    );
    expect(error?.hint).toContain('kubelatch node-helper');
  });
});
