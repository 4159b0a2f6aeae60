// The lab's k3s and rke2: how settings and kubelet arguments are read, without running a kubelet.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { copyConfigEntries, kubeletArguments, takeConfigEntries } from './lab/supervisor/arguments.js';
import { defaultFlags, dropInFolder, writeDefaults, type KubeletNode } from './lab/supervisor/defaults.js';
import { distroNamed, layoutOf, type Distro } from './lab/supervisor/distro.js';
import { judgeProfile } from './lab/supervisor/profile.js';
import { readSettings, type Settings } from './lab/supervisor/settings.js';

const folder = mkdtempSync(join(tmpdir(), 'lab-supervisor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function distro(name: 'k3s' | 'rke2'): Distro {
  const found = distroNamed(name);
  if (found === undefined) throw new Error(name);
  return { ...found, configFile: join(folder, 'config.yaml') };
}

beforeEach(() => {
  rmSync(join(folder, 'config.yaml.d'), { recursive: true, force: true });
  mkdirSync(join(folder, 'config.yaml.d'));
});

function read(files: Readonly<Record<string, string>>, args: readonly string[] = [], env = {}): Settings {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return readSettings(distro('k3s'), args, env);
}

describe('settings', () => {
  const base = { 'config.yaml': 'kubelet-arg: [a=1, b=2]\ndata-dir: /one\n' };

  test('a plus adds to what came before, its absence replaces all of it', () => {
    const plus = { ...base, 'config.yaml.d/10.yaml': 'kubelet-arg+: [c=3]\n' };
    expect(read(plus).all('kubelet-arg')).toEqual(['a=1', 'b=2', 'c=3']);
    expect(read({ ...plus, 'config.yaml.d/20.yaml': 'kubelet-arg: [d=4]\n' }).all('kubelet-arg')).toEqual(['d=4']);
  });

  test('files are read by name; others than YAML are not', () => {
    const files = { 'config.yaml.d/20.yml': 'data-dir: /three\n', 'config.yaml.d/10.yaml': 'data-dir: /two\n' };
    expect(read({ ...base, ...files, 'config.yaml.d/30.txt': 'data-dir: /four\n' }).one('data-dir')).toBe('/three');
  });

  test('arguments come behind the list of the files, and replace a single value', () => {
    const given = read(base, ['--kubelet-arg', 'z=9', '--kubelet-arg=y=8', '-d', '/two']);
    expect(given.all('kubelet-arg')).toEqual(['a=1', 'b=2', 'z=9', 'y=8']);
    expect(given.one('data-dir')).toBe('/two');
  });

  test('aliases are followed, and what << merges is not', () => {
    const text = 'x: &p a=1\ny: &m {kubelet-arg: [c=3]}\n<<: *m\nkubelet-arg: [*p]\n';
    expect(read({ 'config.yaml': text }).all('kubelet-arg')).toEqual(['a=1']);
  });

  test('the environment comes last', () => {
    const env = { K3S_DATA_DIR: '/env', K3S_URL: 'https://x' };
    expect(read(base, [], env).one('data-dir')).toBe('/one');
    expect(read(base, [], env).one('server')).toBe('https://x');
  });

  test('unknown keys are skipped, unknown arguments are not; a file that does not parse ends it', () => {
    expect(read({ 'config.yaml': 'nonsense: 1\n' }).unknown).toEqual(['nonsense']);
    expect(() => read(base, ['--nonsense'])).toThrow('flag provided but not defined: --nonsense');
    expect(() => read({ 'config.yaml': 'a: 1\nb: [1\n' })).toThrow(/^yaml: line \d+: /);
    expect(() => read(base, ['-c', '/nowhere'])).toThrow('open /nowhere: no such file or directory');
  });
});

describe('kubelet arguments', () => {
  const defaults = { 'anonymous-auth': 'false', 'node-labels': 'a=b', 'read-only-port': '0' };

  test('replace, append, prepend; leading dashes, bare ones; sorted by name', () => {
    const entries = [
      '--anonymous-auth=true',
      'node-labels+=c=d',
      'node-labels-=z',
      'seccomp-default',
      'read-only-port=1',
    ];
    expect(kubeletArguments(defaults, [...entries, 'read-only-port=2'])).toEqual([
      '--anonymous-auth=true',
      '--node-labels=z',
      '--node-labels=a=b',
      '--node-labels=c=d',
      '--read-only-port=1',
      '--read-only-port=2',
      '--seccomp-default=true',
    ]);
  });

  test('config and config-dir are taken out and copied; a bare entry costs its neighbour', () => {
    const source = join(folder, 'k.yaml');
    const target = join(folder, 'conf.d');
    mkdirSync(join(folder, 'more'), { recursive: true });
    mkdirSync(target, { recursive: true });
    writeFileSync(source, 'one');
    writeFileSync(join(folder, 'more/a.conf'), 'two');
    const taken = takeConfigEntries([
      `--config=${source}`,
      `config-dir=${join(folder, 'more')}`,
      'bare',
      'lost=1',
      'kept=1',
    ]);
    expect(taken.entries).toEqual(['bare', 'kept=1']);
    copyConfigEntries(taken, target);
    expect(readFileSync(join(target, '10-cli-config.conf'), 'utf8')).toBe('one');
    expect(readFileSync(join(target, '20-cli-config-dir/a.conf'), 'utf8')).toBe('two');
    expect(() => takeConfigEntries(['config='])).toThrow('value required for kubelet-arg --config');
  });
});

describe('defaults', () => {
  const node = (version: string): KubeletNode => ({
    distro: distro('rke2'),
    version,
    layout: layoutOf(folder, version),
    name: 'n',
    address: '10.0.0.1',
    labels: [],
    protectKernel: true,
    resolvConf: '/etc/resolv.conf',
  });

  test.each([
    ['v1.31.4+rke2r1', { 'read-only-port': '0', 'anonymous-auth': 'false', 'protect-kernel-defaults': 'true' }],
    ['v1.32.4+rke2r1', { 'read-only-port': '0', 'config-dir': join(folder, 'agent/etc/kubelet.conf.d') }],
  ])('flags of %s', (version, some) => {
    expect(defaultFlags(node(version))).toMatchObject(some);
  });

  test('1.32.3 leaves the read-only port to the kubelet', () => {
    expect(defaultFlags(node('v1.32.3+rke2r1'))).not.toHaveProperty('read-only-port');
  });

  test('the file is written anew, for its owner alone', () => {
    dropInFolder(node('v1.33.5+rke2r1'));
    const file = join(folder, 'agent/etc/kubelet.conf.d/00-rke2-defaults.conf');
    writeDefaults(node('v1.33.5+rke2r1'));
    expect(existsSync(file)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain('protectKernelDefaults: true');
    expect(readFileSync(file, 'utf8')).not.toContain('readOnlyPort');
  });
});

test('a profile nobody knows is fatal for RKE2 and nothing to k3s', () => {
  const settings = read({ 'config.yaml': 'profile: cis-1.23\n' });
  expect(judgeProfile(settings, 'agent', true).fatal).toBe('invalid value provided for --profile flag');
  expect(judgeProfile(settings, 'agent', false)).toEqual({
    protectKernel: false,
    fatal: undefined,
    warning: undefined,
  });
});
