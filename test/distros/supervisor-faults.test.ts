import { describe, expect, it } from 'vitest';
import { k3sKeys, suggestKey, rke2Keys } from '../../src/distros/supervisor-keys.js';
import { findIneffectiveSettings } from '../../src/facts/not-in-effect.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { factsOf, processOf, unitOf } from '../nodes/facts-of.js';
import { refusalOf, setupOf } from './supervised-node.js';

type Product = 'k3s' | 'rke2';

function node(
  product: Product,
  role: 'server' | 'agent',
  text: string,
  version = 'v1.33.1',
  start: string = role,
): NodeFacts {
  const name = product === 'k3s' ? (role === 'server' ? 'k3s.service' : 'k3s-agent.service') : `rke2-${role}.service`;
  const fragmentPath = `/etc/systemd/system/${name}`;
  return factsOf(
    {
      [fragmentPath]: `[Service]\nExecStart=/usr/local/bin/${product} ${start}\n`,
      [`/etc/rancher/${product}/config.yaml`]: text,
    },
    {
      units: [unitOf({ name, fragmentPath, mainPid: 812 })],
      processes: [processOf([product], { pid: 812, name: product, version: `${product} version ${version}+x1` })],
    },
  );
}
const faultsOf = (facts: NodeFacts): string[] =>
  setupOf(facts).sources.faults.map(
    ({ path, line, message }) => `${path.split('/').at(-1) ?? ''}:${line ?? ''} ${message}`,
  );
const entry = (text: string, version?: string, product: Product = 'k3s'): string[] =>
  faultsOf(node(product, 'server', `kubelet-arg:\n- ${text}\n`, version));

describe('an entry of kubelet-arg that the kubelet does not start with', () => {
  it.each<readonly [text: string, fault: string]>([
    [
      'read-only-port: 10255',
      'is a mapping, which the kubelet receives as "--[{read-only-port 10255}]=true". Write it as one string',
    ],
    ['{}', 'is a mapping'],
    ['""', 'is empty; the kubelet receives --=true'],
    ['', 'is empty; the kubelet receives --=true'],
    ['"=x"', 'not a flag name'],
    ['-read-only-port=0', 'not a flag name'],
    ['---read-only-port=0', 'not a flag name'],
    ['readOnlyPort=0', 'the kubelet has no flag --readOnlyPort'],
    ['anonymus-auth=false', 'the kubelet has no flag --anonymus-auth'],
    ['8', 'the kubelet has no flag --8'],
    ['read-only-port', 'is not a whole number (an entry without a value is passed on as true)'],
    ['read-only-port=off', 'kubelet-arg "read-only-port=off": --read-only-port=off is not a whole number'],
    ['anonymous-auth=no', 'is not true or false'],
    ['streaming-connection-idle-timeout=5', 'is not a duration'],
    ['log-file=/var/log/x', 'the kubelet has no flag --log-file'],
    ['config=', 'names no path'],
    ['config', 'names no path'],
  ])('%s', (text, fault) => {
    const found = entry(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^config\.yaml:2 /);
    expect(found[0]).toContain(fault);
    expect(refusalOf(node('k3s', 'server', `kubelet-arg:\n- ${text}\n`), 'podPidsLimit', 9)).toContain(fault);
  });

  it.each([
    'read-only-port=0',
    '--read-only-port=0',
    '----read-only-port=0',
    'read_only_port=0',
    'seccomp-default',
    'v=2',
    'node-labels+=a=b',
    'tls-cipher-suites-=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    'cpu-manager-policy=static',
  ])('%s is none of them', (text) => {
    expect(entry(text)).toEqual([]);
  });

  it.each<readonly [text: string, version: string, fault: string | undefined]>([
    ['pod-infra-container-image=x', 'v1.34.2', undefined],
    ['pod-infra-container-image=x', 'v1.35.0', '--pod-infra-container-image was removed in 1.35'],
    ['pod-infra-container-image=x', 'not told', undefined],
    ['fail-cgroupv1=false', 'v1.30.1', '--fail-cgroupv1 exists only since 1.31'],
    ['fail-cgroupv1=false', 'v1.31.0', undefined],
  ])('%s on %s: %s', (text, version, fault) => {
    expect(entry(text, version).map((one) => fault !== undefined && one.includes(fault))).toEqual(
      fault === undefined ? [] : [true],
    );
  });

  it('the log flags of klog are RKE2’s own, and never reach its kubelet', () => {
    expect(entry('log-file=/x', 'v1.33.1', 'rke2')).toEqual([]);
    expect(entry('logfile=/x', 'v1.33.1', 'rke2')[0]).toContain('has no flag --logfile');
  });
});

describe('names with _ and -', () => {
  it('meet by how they are written, and reach the kubelet in that order', () => {
    const facts = node('k3s', 'server', 'kubelet-arg: [read_only_port=10255, read-only-port=0]\n', 'v1.31.4');
    const flags = setupOf(facts).sources.flags.filter(({ name }) => name === 'read-only-port');
    expect(flags.map(({ value }) => value)).toEqual(['0', '10255']);
  });
});

const told = (facts: NodeFacts): string[] =>
  findIneffectiveSettings(facts, setupOf(facts), undefined).map(
    ({ kind, what, source }) => `${kind} ${what} ${source.line ?? ''}`,
  );

describe('a key that nobody knows', () => {
  it.each([
    'kublet-arg',
    'kubelet-args',
    'kubelet_arg',
    'Kubelet-Arg',
    'kubelet-extra-args',
    'kubeletarg',
    'kubelet-argz',
  ])('%s is told as kubelet-arg meant, where it is passed over', (key) => {
    const facts = node('k3s', 'server', `token: x\n${key}: [read-only-port=0]\n`);
    expect(told(facts)).toEqual(['misspelt kubelet-arg 2']);
    expect(told(node('rke2', 'agent', `token: x\n${key}+: [read-only-port=0]\n`))).toEqual(['misspelt kubelet-arg 2']);
  });

  it('that is near to none is let be', () => {
    expect(told(node('k3s', 'server', 'x: 1\nx-limits: 2\nour-notes: 3\nanother-arg: 4\n'))).toEqual([]);
  });

  it('known to the other role alone is passed over without a word, but by an agent of k3s', () => {
    expect(told(node('rke2', 'agent', 'write-kubeconfig-mode: "0644"\n'))).toEqual([]);
    expect(faultsOf(node('k3s', 'agent', 'token: x\ndisable: [traefik]\n'))).toEqual([
      'config.yaml:2 "disable": only a server has this key; an agent does not start with it',
    ]);
    expect(faultsOf(node('k3s', 'agent', 'x-limits: 1\n'))).toEqual([
      'config.yaml:1 "x-limits": unknown key; this agent does not start with it',
    ]);
    expect(faultsOf(node('k3s', 'agent', 'a-key-of-tomorrow: 1\n', 'v1.37.0'))).toEqual([]);
    expect(faultsOf(node('k3s', 'agent', 'x-limits: 1\n', 'not told'))).toEqual([]);
  });

  it('keeps no agent from starting that has started with it', () => {
    const facts = node('k3s', 'agent', 'kubelet-args: [v=2]\nx-limits: 1\n');
    const ready = { ...facts, units: facts.units.map((unit) => ({ ...unit, type: 'notify' })) };
    expect(faultsOf(ready)).toEqual([]);
    expect(told(ready)).toEqual(['misspelt kubelet-arg 1']);
    const starting = { ...ready, units: ready.units.map((unit) => ({ ...unit, activeState: 'activating' })) };
    expect(faultsOf(starting)).toHaveLength(2);
  });

  it('keeps a server from starting where something stands in front of its role', () => {
    expect(faultsOf(node('k3s', 'server', 'kublet-arg: [v=2]\n', 'v1.33.1', '--debug server'))).toEqual([
      'config.yaml:1 "kublet-arg": unknown key (did you mean kubelet-arg?); this server does not start with it',
    ]);
  });

  it.each([
    ['--kubelet-arg: [v=2]\n', '"--kubelet-arg": keys are written without leading dashes; k3s does not start with it'],
    [
      'protect-kernel-defaults: "yes"\n',
      'protect-kernel-defaults is "yes", not true or false; k3s does not start with it',
    ],
    ['disable-agent:\n', 'disable-agent is "", not true or false; k3s does not start with it'],
  ])('%j stops it', (text, fault) => {
    expect(faultsOf(node('k3s', 'server', text))).toEqual([`config.yaml:1 ${fault}`]);
  });

  it.each([
    [
      'server --kublet-arg=v=2',
      '--kublet-arg in ExecStart: unknown flag of k3s (did you mean kubelet-arg?); this server does not start with it',
    ],
    [
      'server --a-flag-of-tomorrow',
      '--a-flag-of-tomorrow in ExecStart: unknown flag of k3s; this server does not start with it',
    ],
    ['server --selinux --token x', undefined],
  ])('in ExecStart is never passed over: %s', (start, fault) => {
    const found = faultsOf(node('k3s', 'server', '', 'v1.33.1', start));
    expect(found).toEqual(fault === undefined ? [] : [`k3s.service:2 ${fault}`]);
  });

  it.each([
    ['k3s', k3sKeys],
    ['rke2', rke2Keys],
  ])('no key of %s is taken for another one of its own', (_, table) => {
    for (const role of ['server', 'agent'] as const) {
      for (const key of table[role]) expect(suggestKey(table, role, key)).toBeUndefined();
    }
  });
});

it('what YAML has and is passed over is a finding', () => {
  const facts = node('k3s', 'server', 'x: &m {kubelet-arg: [v=2]}\n<<: *m\n---\nkubelet-arg: [v=3]\n');
  expect(told(facts)).toEqual(['unread config.yaml 2', 'unread config.yaml 3']);
});
