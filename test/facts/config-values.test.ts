/** What files and flags make of a kubelet's settings, or why it would not start, by tables: the inputs that people really run. */
import { describe, expect, it } from 'vitest';
import { configFaults } from '../../src/facts/config-faults.js';
import { type ConfigFile, parseConfigFile } from '../../src/facts/config-file.js';
import { type KubeletSources, effectiveSetting, kubeletSources } from '../../src/facts/effective-kubelet.js';
import { gateProblem } from '../../src/facts/feature-gates.js';
import { brokenRule } from '../../src/facts/field-rules.js';
import { typeProblem } from '../../src/facts/field-type.js';
import { readFlags } from '../../src/facts/kubelet-flags.js';
import { type SettingInfo, settingByPath } from '../../src/facts/settings.js';
import type { Value } from '../../src/facts/value.js';

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const info = (path: string): SettingInfo => {
  const found = settingByPath.get(path);
  if (found === undefined) throw new Error(path);
  return found;
};

function read(path: string, text: string, role: 'config' | 'drop-in', minor: number): ConfigFile {
  const { file, fault } = parseConfigFile(path, text, { role, minor });
  if (file === undefined) throw new Error(fault?.message);
  return file;
}

function sourcesOf(config: string, dropIns: readonly string[] = [], minor = 36): KubeletSources {
  return kubeletSources({
    ...{ command: [], flags: [], faults: [], hidden: [], hasConfig: true, minor },
    config: read('/c', config.startsWith('{') ? config : head + config, 'config', minor),
    dropIns: dropIns.map((text, index) => read(`/d/${index}.conf`, head + text, 'drop-in', minor)),
  });
}

const faultsOf = (config: string, dropIns?: readonly string[]): string[] =>
  configFaults(sourcesOf(config, dropIns)).map(({ line, message }) => `${line ?? ''} ${message}`);

describe('a file with which the kubelet does not start', () => {
  it.each<[string, string]>([
    ['authorization: AlwaysAllow', '3 authorization is "AlwaysAllow", not a mapping'],
    ['authentication: {anonymous: false}', '3 authentication.anonymous is false, not a mapping'],
    ['authentication: {webhook: false}', '3 authentication.webhook is false, not a mapping'],
    ['kubeReserved: {cpu: 1}', '3 kubeReserved is {"cpu":1}, not a mapping with strings as values (see cpu)'],
    ['maxPods: "110"', '3 maxPods is "110", not a whole number'],
    ['evictionHard: "memory.available<100Mi"', '3 evictionHard is "memory.available<100Mi", not a mapping'],
    ['featureGates: {X: "true"}', '3 featureGates is {"X":"true"}, not a mapping with true or false'],
    ['authentication:\n  webhook:\n    cacheTTL: 0', '5 authentication.webhook.cacheTTL is 0, not a duration'],
    ['streamingConnectionIdleTimeout: ""', '3 streamingConnectionIdleTimeout is "", not a duration'],
    ['streamingConnectionIdleTimeout: 5 minutes', '3 streamingConnectionIdleTimeout is "5 minutes", not a duration'],
    ['streamingConnectionIdleTimeout: null', '3 streamingConnectionIdleTimeout is null, not a duration'],
    ['streamingConnectionIdleTimeout: 9999999h', '3 streamingConnectionIdleTimeout is "9999999h", not a duration'],
    ['tlsCipherSuites: [ECDHE-RSA-AES128-GCM-SHA256]', '3 tlsCipherSuites contains "ECDHE-RSA-AES128-GCM-SHA256"'],
    ['readOnlyPort: 70000', '3 readOnlyPort is 70000, not from 0 to 65535'],
    ['authorization: {mode: webhook}', '3 authorization.mode is "webhook", not one of AlwaysAllow, Webhook'],
    [`{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",\n"maxPods": 110.0}`, '2 maxPods'],
  ])('%s', (config, fault) => {
    expect(faultsOf(config)).toEqual([expect.stringContaining(fault)]);
  });

  it.each([
    'streamingConnectionIdleTimeout: "0"',
    'authentication: {webhook: {cacheTTL: 0s}}',
    'maxPods: 110.0',
    'maxPods: 1e3',
    'maxPods: null',
    'cpuCFSQuotaPeriod: null',
    'authentication: null',
    'tlsCipherSuites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]',
    '{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",\n\t"memoryThrottlingFactor": 1.0}',
  ])('but not %s', (config) => {
    expect(faultsOf(config)).toEqual([]);
  });

  it.each<[string, string, number | undefined]>([
    ['JSON with a comment', `{"kind": "x",\n"a": 1} # x`, 2],
    ['JSON that ends too early', '{"kind": ', undefined],
    ['JSON that nests too deep', `{"a": ${'['.repeat(5000)}${']'.repeat(5000)}}`, undefined],
  ])('%s', (_, text, line) => {
    expect(parseConfigFile('/c', text).fault).toMatchObject({
      message: expect.stringContaining('not valid JSON') as string,
    });
    if (line !== undefined) expect(parseConfigFile('/c', text).fault?.line).toBe(line);
  });
});

describe('drop-ins', () => {
  const group = 'authentication: {x509: {clientCAFile: /ca}, anonymous: {enabled: true}}\n';
  it.each<[string, string, readonly string[], number, string, Value]>([
    [
      'gates add up',
      'featureGates: {A: true}\n',
      ['featureGates: {B: false}\n'],
      36,
      'featureGates',
      { A: true, B: false },
    ],
    ['null takes the CA away', group, ['authentication: null\n'], 36, 'authentication.x509.clientCAFile', ''],
    ['null before 1.32', group, ['authentication: null\n'], 31, 'authentication.anonymous.enabled', true],
    ['null brings a default', 'maxPods: 5\n', ['maxPods: null\n'], 36, 'maxPods', 110],
    ['null of an earlier one before 1.32', 'maxPods: 5\n', ['maxPods: 6\n', 'maxPods: null\n'], 31, 'maxPods', 5],
    ['null for thresholds', '', ['evictionHard: null\n'], 36, 'evictionHard', {}],
    ['a zero', 'syncFrequency: 5s\n', ['syncFrequency: 0s\n'], 36, 'syncFrequency', '1m0s'],
    ['a zero before 1.32', 'syncFrequency: 5s\n', ['syncFrequency: 0s\n'], 31, 'syncFrequency', '0s'],
    [
      'maps gather',
      'kubeReserved: {cpu: 1m}\n',
      ['kubeReserved: {pid: "5"}\n'],
      36,
      'kubeReserved',
      { cpu: '1m', pid: '5' },
    ],
    ['lists replace', 'clusterDNS: [a]\n', ['clusterDNS: [b]\n'], 36, 'clusterDNS', ['b']],
    [
      'an empty list of --config is lost',
      'enforceNodeAllocatable: []\n',
      ['port: 1\n'],
      36,
      'enforceNodeAllocatable',
      ['pods'],
    ],
    ['another case wins when it sorts behind', 'maxPods: 5\n', ['maxpods: 6\n', 'maxPods: 7\n'], 36, 'maxPods', 6],
    ['another case loses when it sorts before', 'maxPods: 5\n', ['MaxPods: 6\n'], 36, 'maxPods', 5],
    ['a path beside --config', 'staticPodPath: a/../pods\n', ['port: 1\n'], 36, 'staticPodPath', '/pods'],
    ['a path of a drop-in', '', ['staticPodPath: pods\n'], 36, 'staticPodPath', 'pods'],
    ['null in a map of --config', 'featureGates: {A: null}\n', [], 36, 'featureGates', { A: false }],
    ['null in a list', 'clusterDNS: [~]\n', [], 36, 'clusterDNS', ['']],
  ])('%s', (_, config, dropIns, minor, path, value) => {
    expect(effectiveSetting(sourcesOf(config, dropIns, minor), info(path)).value).toEqual(value);
  });

  it.each<[string, number, boolean]>([
    ['kind: KubeletConfiguration\n', 31, true],
    ['kind: KubeletConfiguration\n', 32, false],
    ['maxPods: 5\n', 31, false],
  ])('%s in 1.%i', (text, minor, isTaken) => {
    expect(parseConfigFile('/d', text, { role: 'drop-in', minor }).fault === undefined).toBe(isTaken);
  });
});

it.each<[string, Value, string | undefined]>([
  ['0..65535', 65536, 'is 65536, not from 0 to 65535'],
  ['0..65535', 0, undefined],
  ['1..1000', '2s', 'is "2s", not from 1 to 1000 ms'],
  ['{|VersionTLS12}', '', undefined],
  ['{|VersionTLS12}', 'TLSv1.2', 'is "TLSv1.2", not one of VersionTLS12'],
  ['thresholds', { 'memory.available': '0%' }, undefined],
  ['thresholds', { 'memory.available': '0' }, 'has memory.available "0": not an amount above 0 such as 100Mi or 10%'],
  ['grace', { 'memory.available': '-1s' }, 'has memory.available "-1s": not a duration such as 30s'],
  ['reserved', { cpu: '100m' }, undefined],
  ['ip', '10.0.0.256', 'is "10.0.0.256", not an IP address'],
])('the rule %s of %j', (rule, value, problem) => {
  expect(brokenRule(rule, value)).toBe(problem);
});

it.each<[Parameters<typeof typeProblem>[0], Value, boolean]>([
  ['int32', 2 ** 31, false],
  ['int32', -(2 ** 31), true],
  ['uint32', -1, false],
  ['quantity', '10Mi', true],
  ['quantity', '10MB', false],
  ['strings', [null, 'a'], true],
  ['lists', { a: ['b'] }, true],
  ['lists', { a: 'b' }, false],
])('a field of type %s takes %j: %s', (type, value, fits) => {
  expect(typeProblem(type, value) === undefined).toBe(fits);
});

it.each<[string, boolean, number | undefined, string | undefined]>([
  ['NoSuchGate', true, 36, 'has NoSuchGate, which is not a feature gate of 1.36'],
  ['NoSuchGate', true, 28, undefined],
  ['NoSuchGate', true, undefined, undefined],
  ['KubeletTracing', false, 36, 'sets KubeletTracing, which 1.36 locks to true'],
  ['KubeletTracing', true, 36, undefined],
  ['AppArmor', true, 33, 'has AppArmor, which is not a feature gate of 1.33'],
  ['AllAlpha', true, 29, undefined],
])('the gate %s=%s in 1.%s', (name, value, minor, problem) => {
  expect(gateProblem(name, value, minor)).toBe(problem);
});

describe('flags', () => {
  const words = (line: string): Parameters<typeof readFlags>[0] =>
    line.split(' ').map((text) => ({ text, origin: { kind: 'unit', path: '/u', line: 1, start: 0, end: 0 } }));

  it.each<[string, string]>([
    ['--anonymous-auth false', 'the argument "false" is not a flag'],
    ['--read-only-port=0 # closed', 'the argument "#" is not a flag'],
    ['--read-only-port=0 ', 'an empty argument'],
    ['--no-such-flag=1', 'the kubelet has no flag --no-such-flag'],
    ['-read-only-port=0', 'is not a kubelet flag'],
    ['--read-only-port', 'needs a value'],
    ['-- x', 'the argument "x" after -- is not a flag'],
    ['--anonymous-auth=yes', 'is not true or false'],
    ['--max-pods=3000000000', 'is not a number from'],
    ['--streaming-connection-idle-timeout=5', 'is not a duration'],
    ['--eviction-hard=memory.available=5%', 'is not a list such as name<value'],
    ['--kube-reserved=cpu', 'is not a list such as name=value'],
    ['--register-with-taints=a=b:Never', 'is not a list of taints'],
    ['--address=nowhere', 'is not an IP address'],
  ])('%s is refused', (line, problem) => {
    const found = readFlags(words(line), 36).faults.map(({ message }) => message);
    expect(found).toContainEqual(expect.stringContaining(problem));
    // That a flag is not there at all is known of the versions in the table.
    if (!line.startsWith('--no-such')) expect(readFlags(words(line), 20).faults.length).toBe(found.length);
  });

  it.each<[string, Readonly<Record<string, string | undefined>>]>([
    ['--hostname-override --read-only-port=0', { 'hostname-override': '--read-only-port=0' }],
    ['-v 2 --read-only-port=0', { v: '2', 'read-only-port': '0' }],
    ['-v2', { v: '2' }],
    ['--seccomp-default --read_only_port 0', { 'seccomp-default': undefined, 'read-only-port': '0' }],
    ['--max-pods=1_0 --address= --', { 'max-pods': '1_0', address: '' }],
    ['--register-with-taints=a=b:NoSchedule,c:', { 'register-with-taints': 'a=b:NoSchedule,c:' }],
    ['--eviction-hard=memory.available<5%', { 'eviction-hard': 'memory.available<5%' }],
  ])('%s is taken', (line, flags) => {
    const found = readFlags(words(line), 36);
    expect(found.faults).toEqual([]);
    expect(Object.fromEntries(found.flags.map(({ name, value }) => [name, value]))).toEqual(flags);
  });
});
