import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { effectiveSetting } from '../../src/facts/effective-kubelet.js';
import { textOf } from '../../src/facts/node-facts.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import { readNode, recordedNodes } from '../nodes/recorded-node.js';
import { harden, hardened, infoOf, k3sNode, refusalOf, setupOf, valueOf } from './supervised-node.js';

const config = '/etc/rancher/k3s/config.yaml';
const ownConfig = `${config}.d/99-kubelatch.yaml`;
const folder = '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d';
const ownDropIn = `${folder}/99-kubelatch.conf`;
const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const defaults = `${head}authentication:\n  anonymous:\n    enabled: false\n  webhook:\n    cacheTTL: 2m0s\n    enabled: true\n  x509:\n    clientCAFile: /ca.crt\nauthorization:\n  mode: Webhook\n`;
const at133 = (files: Readonly<Record<string, string>>, command?: string): ReturnType<typeof k3sNode> =>
  k3sNode('v1.33.1', { [`${folder}/00-k3s-defaults.conf`]: defaults, ...files }, command);

const playbook = await loadPlaybook('k3s-cis');
const written = playbook.rules.flatMap((rule) =>
  rule.kind === 'setting' && rule.set !== undefined ? [[rule.setting, rule.set] as const] : [],
);

const supervised = recordedNodes.filter((name) => /^(k3s|rke2)-/.test(name));
describe.each(supervised.filter((name) => readNode(name).expected.noKubelet === undefined))('%s', (name) => {
  const { facts, expected } = readNode(name);

  it.each(written)('gets %s, or is refused for its reason', (path, value) => {
    const result = harden(facts, path, value);
    const { sources } = setupOf(facts);
    if (sources.faults.length > 0) {
      const fault = sources.faults[0];
      if ('refused' in result) expect(result.refused).toContain(`${fault?.path ?? ''}:${fault?.line ?? ''}`);
      else expect(result.facts).toBe(facts);
      return;
    }
    if ('refused' in result) {
      expect(name).toBe('k3s-agent-1.31-exec-args');
      expect(result.refused).toContain(expected.plan);
      return;
    }
    expect(effectiveSetting(setupOf(result.facts).sources, infoOf(path)).value).toEqual(value);
    expect(setupOf(result.facts).sources.faults).toEqual([]);
    for (const other of Object.keys(expected.settings)) {
      if (other !== path) expect(valueOf(result.facts, other), other).toEqual(valueOf(facts, other));
    }
  });
});

describe('--move-arguments', () => {
  const wishes = { moveArguments: true };
  const unit = '/etc/systemd/system/k3s.service';
  const command =
    "/usr/local/bin/k3s server --token x '--kubelet-arg=anonymous-auth=true' --kubelet-arg max-pods=50 --node-ip 1.2.3.4";

  it('moves what comes behind the files, and leaves those as they are', () => {
    const before = at133({ [config]: 'kubelet-arg:\n  - pod-max-pids=7 # ours\n' }, command);
    const after = hardened(before, 'authentication.anonymous.enabled', false, wishes);
    const dropIn = textOf(after, `${unit}.d/zz-kubelatch.conf`) ?? '';
    expect(dropIn).toContain('\nExecStart=/usr/local/bin/k3s server --token x --node-ip 1.2.3.4\n');
    expect(parse(textOf(after, ownConfig) ?? '')).toEqual({ 'kubelet-arg+': ['max-pods=50'] });
    expect(valueOf(after, 'authentication.anonymous.enabled')).toBe(false);
    expect([valueOf(before, 'podPidsLimit'), valueOf(after, 'podPidsLimit')]).toEqual([7, 7]);
    expect(textOf(after, config)).toBe(textOf(before, config));
  });

  it('is not done unasked', () => {
    expect(refusalOf(at133({}, command), 'authentication.anonymous.enabled', false)).toContain(
      'or add --move-arguments',
    );
  });

  it('is named only where it would work: not for an argument out of a variable', () => {
    const start = `/usr/local/bin/k3s server $EXTRA\nEnvironment="EXTRA=--kubelet-arg=anonymous-auth=true"`;
    const refused = refusalOf(at133({}, start), 'authentication.anonymous.enabled', false);
    expect(refused).toBe(
      `--kubelet-arg in ExecStart (${unit}:3) sets anonymous-auth and overrides every kubelet-arg in files. Move it to ${config} by hand (${unit}:3: --kubelet-arg comes from a variable. Move it by hand)`,
    );
  });

  it('is needed only where ExecStart sets the same flag', () => {
    const before = k3sNode('v1.31.4', {}, '/usr/local/bin/k3s server --kubelet-arg=v=2');
    const after = hardened(before, 'podPidsLimit', 4096);
    expect(parse(textOf(after, ownConfig) ?? '')).toEqual({ 'kubelet-arg': ['pod-max-pids=4096'] });
  });
});

describe('from 1.32', () => {
  it('writes a whole drop-in: head, and every block complete', () => {
    const before = at133({ [`${folder}/50-user.conf`]: `${head}authentication:\n  anonymous:\n    enabled: true\n` });
    const after = hardened(hardened(before, 'authentication.anonymous.enabled', false), 'readOnlyPort', 0);
    expect(parse(textOf(after, ownDropIn) ?? '')).toEqual({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true, cacheTTL: '2m0s' },
        x509: { clientCAFile: '/ca.crt' },
      },
    });
    expect([...after.files.keys()].filter((path) => path.startsWith('/etc/rancher'))).toEqual([]);
  });

  it('fills blocks from the files, never from an argument that is taken out', () => {
    const before = at133({ [config]: 'kubelet-arg: [anonymous-auth=true]\n' });
    const after = hardened(before, 'authentication.webhook.cacheTTL', '1m0s');
    expect(parse(textOf(after, ownDropIn) ?? '')).toMatchObject({ authentication: { anonymous: { enabled: false } } });
    expect(valueOf(after, 'authentication.anonymous.enabled')).toBe(true);
  });

  it('edits in place a drop-in that comes behind its own', () => {
    const later = `${folder}/zz-last.conf`;
    const before = at133({ [later]: `${head}podPidsLimit: -1 # none\n` });
    const after = hardened(before, 'podPidsLimit', 4096);
    expect(textOf(after, later)).toBe(`${head}podPidsLimit: 4096 # none\n`);
    expect(after.files.has(ownDropIn)).toBe(false);
  });

  it('takes an argument out where it stands and keeps the list’s other lines', () => {
    const text = 'kubelet-arg:\n  # keep me\n  - max-pods=200\n  - anonymous-auth=true\ntoken: x\n';
    const after = hardened(at133({ [config]: text }), 'authentication.anonymous.enabled', false);
    expect(textOf(after, config)).toBe('kubelet-arg:\n  # keep me\n  - max-pods=200\ntoken: x\n');
  });

  it.each([
    ['a list of one', 'kubelet-arg:\n  - anonymous-auth=true\n', 'kubelet-arg: []\n'],
    ['a text', 'kubelet-arg: "anonymous-auth=true"\n', 'kubelet-arg: []\n'],
    ['a flow list', 'kubelet-arg: [anonymous-auth=true, v=2]\n', 'kubelet-arg: ["v=2"]\n'],
  ])('leaves no key without a value behind: %s', (_, text, wanted) => {
    expect(textOf(hardened(at133({ [config]: text }), 'authentication.anonymous.enabled', false), config)).toBe(wanted);
  });

  it.each([
    [
      'an alias',
      'x: &p anonymous-auth=true\nkubelet-arg:\n- *p\n- v=2\n',
      'x: &p anonymous-auth=true\nkubelet-arg:\n- v=2\n',
    ],
    ['an alias alone', 'x: &p anonymous-auth=true\nkubelet-arg: *p\n', 'x: &p anonymous-auth=true\nkubelet-arg: []\n'],
    [
      'an item of a list that an alias stands for',
      'x: &l\n- anonymous-auth=true\n- v=2\nkubelet-arg: *l\n',
      'x: &l\n- anonymous-auth=true\n- v=2\nkubelet-arg: ["v=2"]\n',
    ],
    ['a key with a flag in it', 'kubelet-arg=anonymous-auth: "true"\n', 'kubelet-arg=anonymous-auth: []\n'],
  ])('takes out %s, and changes no other key', (_, text, wanted) => {
    expect(textOf(hardened(at133({ [config]: text }), 'authentication.anonymous.enabled', false), config)).toBe(wanted);
  });

  it.each([
    [
      'an anchored entry',
      'kubelet-arg:\n- &p anonymous-auth=true\nnode-label:\n- *p\n',
      2,
      'line 4 uses the anchor &p',
    ],
    ['an anchored list', 'kubelet-arg: &l\n- anonymous-auth=true\nnode-label: *l\n', 2, 'line 3 uses the anchor &l'],
    ['a second document behind', 'kubelet-arg: [anonymous-auth=true]\n---\na: b\n', 1, 'the YAML form of this entry'],
  ])('refuses to take out %s that something else uses, and says why', (_, text, line, why) => {
    const refused = refusalOf(at133({ [config]: text }), 'authentication.anonymous.enabled', false);
    expect(refused).toContain(`${config}:${line}: `);
    expect(refused).toContain(why);
  });

  it('does not bring a swallowed neighbour back', () => {
    const before = at133({ [config]: 'kubelet-arg:\n  - anonymous-auth\n  - max-pods=9\n' });
    expect(refusalOf(before, 'authentication.anonymous.enabled', false)).toBe(
      `${config}:2: anonymous-auth has no value and takes the entry at ${config}:3 as its value. Give both a value by hand (key=value)`,
    );
  });

  it('is hindered by an argument in ExecStart only where that sets the same', () => {
    const before = at133({}, '/usr/local/bin/k3s server --kubelet-arg=pod-max-pids=-1');
    expect(valueOf(hardened(before, 'seccompDefault', true), 'seccompDefault')).toBe(true);
    expect(refusalOf(before, 'podPidsLimit', 4096)).toMatch(
      /^--kubelet-arg in ExecStart \(\/etc\/systemd\/system\/k3s\.service:2\) sets pod-max-pids and overrides/,
    );
  });

  it('reads what config= and config-dir= name in the place of their copies', () => {
    const before = at133({
      [config]: 'kubelet-arg: [config=/etc/k.yaml, config-dir=/etc/k.d/]\n',
      '/etc/k.yaml': `${head}podPidsLimit: 1\n`,
      '/etc/k.d/a.conf': `${head}eventRecordQPS: 1\n`,
      [`${folder}/10-cli-config.conf`]: `${head}podPidsLimit: 2\n`,
      [`${folder}/20-cli-config-dir/a.conf`]: `${head}eventRecordQPS: 2\n`,
      [`${folder}/20-cli-config-dir/b.conf`]: `${head}seccompDefault: true\n`,
    });
    expect(['podPidsLimit', 'eventRecordQPS', 'seccompDefault'].map((path) => valueOf(before, path))).toEqual([
      1,
      1,
      true,
    ]);
    expect(setupOf(before).folders).toContain('/etc/k.d');
  });
});

describe('before 1.32', () => {
  it('adds with + where earlier entries exist, without where none do', () => {
    const alone = hardened(k3sNode('v1.31.4', {}), 'podPidsLimit', 4096);
    expect(parse(textOf(alone, ownConfig) ?? '')).toEqual({ 'kubelet-arg': ['pod-max-pids=4096'] });
    const text = 'kubelet-arg:\n  - max-pods=200\n';
    const beside = hardened(k3sNode('v1.31.4', { [config]: text }), 'podPidsLimit', 4096);
    expect(parse(textOf(beside, ownConfig) ?? '')).toEqual({ 'kubelet-arg+': ['pod-max-pids=4096'] });
    const twice = hardened(hardened(beside, 'seccompDefault', true), 'podPidsLimit', 99);
    expect(parse(textOf(twice, ownConfig) ?? '')).toEqual({
      'kubelet-arg+': ['seccomp-default=true', 'pod-max-pids=99'],
    });
    expect(textOf(twice, config)).toBe(text);
  });

  it('replaces a list: its flags would add up', () => {
    const before = k3sNode('v1.31.4', {
      [config]:
        'kubelet-arg: ["tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_RC4_128_SHA", "v=2"]\n',
    });
    const after = hardened(before, 'tlsCipherSuites', ['STRONG']);
    expect(valueOf(after, 'tlsCipherSuites')).toEqual(['STRONG']);
    expect(textOf(after, config)).toBe('kubelet-arg: ["v=2"]\n');
  });

  it('shields its entry from a bare one before it, which swallows its neighbour after an upgrade', () => {
    const before = k3sNode('v1.31.4', { [config]: 'kubelet-arg: [seccomp-default]\n' });
    const own = textOf(hardened(before, 'podPidsLimit', 4096), ownConfig) ?? '';
    expect(parse(own)).toEqual({ 'kubelet-arg+': ['seccomp-default=true', 'pod-max-pids=4096'] });
    const upgraded = k3sNode('v1.33.1', { [config]: 'kubelet-arg: [seccomp-default]\n', [ownConfig]: own });
    expect([valueOf(upgraded, 'podPidsLimit'), valueOf(upgraded, 'seccompDefault')]).toEqual([4096, true]);
  });

  it('refuses where a later file would wipe its own', () => {
    const later = `${config}.d/zz.yaml`;
    const before = k3sNode('v1.31.4', { [later]: 'kubelet-arg:\n  - v=2\n' });
    expect(refusalOf(before, 'podPidsLimit', 4096)).toBe(
      `${later}:2 is read after ${ownConfig} and replaces its kubelet-arg. First change it to kubelet-arg+ there`,
    );
  });

  it('knows the file behind config=, with the defaults of a kubelet that has one', () => {
    const before = k3sNode('v1.31.4', {
      [config]: 'kubelet-arg: config=/etc/k.yaml\n',
      '/etc/k.yaml': `${head}podPidsLimit: 7\n`,
    });
    expect(setupOf(before).sources.hasConfig).toBe(true);
    expect(valueOf(before, 'podPidsLimit')).toBe(7);
    expect(valueOf(k3sNode('v1.31.4', {}), 'authentication.anonymous.enabled')).toBe(false);
  });
});

describe('what the supervisor owns', () => {
  it.each([
    ['serverTLSBootstrap', true, 'would stay pending'],
    ['tlsCertFile', '/x', 'issues the serving certificate'],
    ['tlsPrivateKeyFile', '/x', 'issues the serving certificate'],
    ['authentication.x509.clientCAFile', '/x', 'issues the client CA'],
  ])('%s is never touched, and the reason says why', (path, value, why) => {
    for (const facts of [at133({}), k3sNode('v1.31.4', {})]) {
      expect(refusalOf(facts, path, value)).toMatch(new RegExp(`^kubelatch does not change ${path} on k3s: .*${why}`));
    }
  });
});
