import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileStat, NodeFacts } from '../../src/facts/node-facts.js';
import { parseFacts } from '../../src/facts/parse.js';
import { script } from '../../src/node/scripts.js';
import { runScript, shells } from './shells.js';

const keyText = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIdonotsend\n-----END EC PRIVATE KEY-----\n';
const odd = ["it's.conf", 'a b.conf', 'q"uote.conf', '$(id).conf', '-n.conf', 'ünï.conf', '`x`;y.conf', '*.conf'];
const cap = 4096;

let root: string;
let kubelet: ChildProcess;
const at = (name: string): string => join(root, name);

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'probe-')));
  const write = (name: string, text: string | Buffer): void => writeFileSync(at(name), text);
  mkdirSync(at('conf.d/sub'), { recursive: true });
  write(
    'config.yaml',
    `tlsPrivateKeyFile: "${at('tls.key')}"\nauthentication: {x509: {clientCAFile: ${at('ca.crt')}}}\n`,
  );
  write('ca.crt', 'a certificate\n');
  write('tls.key', keyText);
  write('bundle.pem', `a certificate\n${keyText}`);
  write('kubeconfig', 'client-key-data: donotsend\n');
  write('empty', '');
  write('bytes', Buffer.from([0, 1, 2, 255, 10, 254]));
  write('big', Buffer.alloc(cap + 1, 'x'));
  write('full', Buffer.alloc(cap, 'x'));
  for (const name of odd) write(`conf.d/${name}`, `name: ${name}\n`);
  write('conf.d/sub/deep.conf', 'deep: true\n');
  symlinkSync(at('ca.crt'), at('link'));
  symlinkSync(at('nowhere'), at('dangling'));
  chmodSync(at('ca.crt'), 0o4640);
  write('fakelet', '#!/bin/sh\nread -r _\n');
  chmodSync(at('fakelet'), 0o755);
  const args = [
    `--config=${at('config.yaml')}`,
    '--kubeconfig',
    at('kubeconfig'),
    `--config-dir=${at('conf.d')}`,
    'a b\n',
  ];
  kubelet = spawn(at('fakelet'), args, { stdio: ['pipe', 'ignore', 'ignore'], cwd: root });
  await once(kubelet, 'spawn');
});

afterAll(async () => {
  const gone = once(kubelet, 'exit');
  kubelet.stdin?.end();
  await gone;
  rmSync(root, { recursive: true });
});

it('is tried under every shell that a node may have', () => {
  expect(shells.map(({ name }) => name)).toEqual(['dash', 'bash --posix', 'busybox ash']);
});

describe.each(shells)('the probe under $name', (shell) => {
  const probe = (read: readonly string[], look: readonly string[] = []): { facts: NodeFacts; output: string } => {
    const references = ['config config-dir clientCAFile', 'kubeconfig tlsPrivateKeyFile'];
    const args = ['kubelet.service', 'fakelet', read.join(' '), look.join(' '), '', ...references, String(cap)];
    const { code, stdout, stderr } = runScript(shell, script('probe'), args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const facts = parseFacts(stdout);
    if (!facts.ok) throw new Error(facts.error);
    return { facts: facts.value, output: stdout };
  };
  const files = (read: readonly string[], look: readonly string[] = []): NodeFacts['files'] =>
    probe(read, look).facts.files;

  it('tells of the machine', () => {
    const { facts } = probe([]);
    expect(facts.hostname).toBe(hostname());
    expect(facts.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(facts.root).toBe(process.getuid?.() === 0);
    expect(facts.freeKiB).toBeGreaterThan(0);
    expect(facts.init).toMatch(/^(systemd|openrc|other)$/);
  });

  it('finds the process and follows the paths it was given', () => {
    const { facts } = probe([]);
    const found = facts.processes.find((one) => one.pid === kubelet.pid);
    expect(found?.argv.slice(1)).toEqual(kubelet.spawnargs);
    expect(found).toMatchObject({ name: 'fakelet', parent: process.pid, cwd: root });
    expect(Math.abs((found?.startedAt ?? 0) - Date.now() / 1000)).toBeLessThan(600);
    const file = (name: string): FileStat => facts.files.get(at(name)) as FileStat;
    expect(file('config.yaml').content?.toString()).toContain('clientCAFile');
    expect(file('ca.crt').content?.toString()).toBe('a certificate\n');
    expect(file('kubeconfig')).toMatchObject({ kind: 'file' });
    expect(file('kubeconfig').content).toBeUndefined();
    expect(file('tls.key').content).toBeUndefined();
  });

  it('reads a folder of files with odd names, byte for byte', () => {
    const { facts } = probe([]);
    for (const name of odd) {
      const found = facts.files.get(at(`conf.d/${name}`));
      expect(found?.kind === 'file' && found.content?.toString()).toBe(`name: ${name}\n`);
    }
    expect(facts.files.get(at('conf.d/sub/deep.conf'))).toMatchObject({ kind: 'file', size: 11 });
  });

  it('tells mode, owner, size and time; follows links and says so', () => {
    const found = files([at('ca.crt'), at('link'), at('conf.d')]);
    const stat = statSync(at('ca.crt'));
    const same = {
      kind: 'file',
      mode: '4640',
      uid: stat.uid,
      gid: stat.gid,
      size: 14,
      mtime: Math.floor(stat.mtimeMs / 1000),
    };
    expect(found.get(at('ca.crt'))).toMatchObject(same);
    expect(found.get(at('link'))).toMatchObject({ ...same, linkTarget: at('ca.crt') });
    expect(found.get(at('conf.d'))).toMatchObject({ kind: 'folder' });
    expect(process.getuid?.() !== 0 || (found.get(at('ca.crt')) as FileStat).owner === 'root:root').toBe(true);
  });

  it('keeps bytes, empty files and the cap', () => {
    const found = files(['empty', 'bytes', 'full', 'big'].map(at));
    const content = (name: string): Buffer | undefined => (found.get(at(name)) as FileStat).content;
    expect(content('empty')).toEqual(Buffer.alloc(0));
    expect(content('bytes')).toEqual(readFileSync(at('bytes')));
    expect(content('full')?.length).toBe(cap);
    expect(content('big')).toBeUndefined();
    expect(found.get(at('big'))).toMatchObject({ kind: 'file', size: cap + 1 });
  });

  it('tells what the node keeps of changes, and who decided what', () => {
    const [up] = readFileSync('/proc/uptime', 'utf8').split('.');
    const start = readFileSync('/proc/1/stat', 'utf8').replace(/.*\) /s, '').split(' ')[19] ?? '';
    const boot = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${start}\n`;
    const keep = (id: string, files: Readonly<Record<string, string>>): void => {
      mkdirSync(at(`kept/txn/${id}`), { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(at(`kept/txn/${id}/${name}`), text);
    };
    const began = { began: `${Number(up) - 100}\n`, owner: 'root@ops' };
    keep('r1', { state: 'applied\n', boot, ...began });
    keep('r2', {
      state: 'applied\n',
      boot: 'another\n',
      ...began,
      'decided-revert': '',
      stuck: 'broken\u001b[31m disk\nmore',
    });
    keep('r3', { state: 'applied\n', 'decided-confirm': '', verdict: `${'x'.repeat(1000)}\n` });
    keep('r4', { began: '1\n' });
    const args = ['', '', '', '', '', '', '', String(cap)];
    const { stdout, stderr } = runScript(shell, script('probe'), args, { KUBELATCH_ROOT: at('kept') });
    expect(stderr).toBe('');
    const facts = parseFacts(stdout);
    if (!facts.ok) throw new Error(facts.error);
    const [first, ...others] = facts.value.transactions;
    expect(first).toMatchObject({ id: 'r1', state: 'applied', owner: 'root@ops', verdict: '', stuck: '' });
    expect((first?.age ?? 0) - 100).toBeLessThan(60);
    expect(first?.age).toBeGreaterThanOrEqual(100);
    expect(others).toEqual([
      { id: 'r2', state: 'reverting', age: undefined, owner: 'root@ops', verdict: '', stuck: 'broken disk' },
      {
        id: 'r3',
        state: 'confirmed',
        age: undefined,
        owner: '',
        verdict: expect.stringMatching(/^x{299}…$/) as string,
        stuck: '',
      },
    ]);
  });

  it('tells absent from unreadable', () => {
    const found = files([at('nowhere'), at('dangling')], [at('not-there')]);
    expect(found.get(at('nowhere'))?.kind).toBe('absent');
    expect(found.get(at('not-there'))?.kind).toBe('absent');
    expect(found.get(at('dangling'))?.kind).toBe('unreadable');
  });

  it('never sends a private key, whoever asks for it', () => {
    const { facts, output } = probe([at('tls.key'), at('bundle.pem')]);
    const everything = output.split(/[\s.]/).map((word) => Buffer.from(word, 'base64').toString('latin1'));
    expect(everything.join('\n')).toContain(at('bundle.pem'));
    expect(everything.join('\n')).not.toMatch(/PRIVATE KEY|donotsend/);
    expect(facts.files.get(at('bundle.pem'))).toMatchObject({ kind: 'file', secret: true });
    expect(facts.files.get(at('tls.key'))).toMatchObject({ kind: 'file', secret: true });
  });

  it('refuses to run with another number of arguments', () => {
    expect(runScript(shell, script('probe'), ['kubelet.service'])).toMatchObject({ code: 97, stdout: '' });
  });

  it('runs nothing when it arrives cut off', () => {
    const text = script('probe');
    const cut = text.slice(0, text.lastIndexOf('main "$@"'));
    expect(runScript(shell, cut, ['', '', '', '', '', '', '', '1']).stdout).toBe('');
  });
});
