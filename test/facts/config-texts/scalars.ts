/** Configuration files: values of each type, right and wrong, and how YAML writes them. */
import { type ConfigCase, configs, header } from './config-case.js';

const decoder = 'its decoder takes types less strictly';
const yaml = 'it reads YAML by another library than Go programs do';
const unchecked = 'it checks few ranges and names';

/** What stands where another type belongs. */
const types = configs(
  {
    'a scalar for a group': 'authorization: AlwaysAllow\n',
    'a boolean for a group': 'authentication: {anonymous: false}\n',
    'a boolean for a group, webhook': 'authentication: {webhook: false}\n',
    'a list for a group': 'authentication: []\n',
    'a number in a mapping of texts': 'kubeReserved: {cpu: 1}\n',
    'a text for a number': 'maxPods: "110"\n',
    'a text for a mapping': 'evictionHard: "memory.available<100Mi"\n',
    'a text for a gate': 'featureGates: {RotateKubeletServerCertificate: "true"}\n',
    'a text for a boolean': 'failSwapOn: "false"\n',
    'a number for a boolean': 'failSwapOn: 0\n',
    'a number for a text': 'clusterDomain: 5\n',
    'a boolean for a text': 'clusterDomain: no\n',
    'a text for a list': 'clusterDNS: 10.96.0.10\n',
    'a number in a list of texts': 'clusterDNS: [1]\n',
    'a mapping for a scalar': 'maxPods: {a: 1}\n',
    'a list for a scalar': 'readOnlyPort: [0]\n',
    'a number with a fraction': 'maxPods: 110.5\n',
    'a number that is too large': 'maxPods: 3000000000\n',
    'a number that is not one': 'maxPods: .nan\n',
  },
  { beyondStandin: decoder },
);

const durations = configs(
  {
    'a number for a duration': 'authentication: {webhook: {cacheTTL: 0}}\n',
    'an empty duration': 'streamingConnectionIdleTimeout: ""\n',
    'a duration in words': 'streamingConnectionIdleTimeout: 5 minutes\n',
    'a duration without a unit': 'streamingConnectionIdleTimeout: "5"\n',
    'a duration in days': 'streamingConnectionIdleTimeout: 1d\n',
    'a duration that is null': 'streamingConnectionIdleTimeout: null\n',
    'a duration that is nothing': 'streamingConnectionIdleTimeout:\n',
    'a duration that overflows': 'streamingConnectionIdleTimeout: 9999999h\n',
    'a sexagesimal duration': 'streamingConnectionIdleTimeout: 22:30\n',
  },
  { beyondStandin: decoder },
);

const goodDurations = configs({
  'durations that are zero': 'streamingConnectionIdleTimeout: "0"\nauthentication: {webhook: {cacheTTL: 0s}}\n',
  'durations in several forms':
    'streamingConnectionIdleTimeout: 1h30m\nsyncFrequency: 1.5h\nfileCheckFrequency: "+5s"\nhttpCheckFrequency: 100ms\n',
  'a pointer to a duration that is null': 'cpuCFSQuotaPeriod: null\n',
});

/** How plain YAML scalars become values. */
const scalars = [
  ...configs({
    'yes and no': 'failSwapOn: no\nauthentication: {anonymous: {enabled: off}}\nprotectKernelDefaults: yes\n',
    'numbers in other bases': 'maxPods: 010\nport: 0x280B\nreadOnlyPort: +5\n',
    'null in every place':
      'maxPods: null\nauthentication: {anonymous: null}\nauthorization:\ntlsCipherSuites: ~\nfeatureGates: null\n',
    'a mapping in one line': 'authentication: {anonymous: {enabled: false}, webhook: {enabled: true, cacheTTL: 1m}}\n',
    'an anchor and its alias': 'kubeReserved: &r {cpu: 100m}\nsystemReserved: *r\n',
    'text in quotes': 'clusterDomain: "no"\nauthorization: {mode: "AlwaysAllow"}\n',
    'zeros that count and zeros that do not': 'maxPods: 0\neventRecordQPS: 0\nport: 0\nreadOnlyPort: 0\n',
  }),
  ...configs(
    {
      'numbers with a point or an exponent': 'maxPods: 110.0\nport: 1e4\nreadOnlyPort: 5.\n',
      'numbers with lines below': 'maxPods: 1_000\nport: 0b10100000001010\nreadOnlyPort: 08\n',
      'a word of one letter is a boolean': 'failSwapOn: n\nprotectKernelDefaults: Y\n',
      'a merge key': 'systemReserved: &r {cpu: 100m}\nkubeReserved: {<<: *r, memory: 1Gi}\n',
      'a merge key behind the same key': 'systemReserved: &r {cpu: 1m}\nkubeReserved: {cpu: 2m, <<: *r}\n',
      'a tag': 'clusterDomain: !!str 5\nmaxPods: !!int "7"\n',
      'a timestamp is a text': 'clusterDomain: 2001-01-01\n',
      'several lines of text': 'clusterDomain: >-\n  a\n  b\n',
    },
    { beyondStandin: yaml },
  ),
];

/** Keys that are twice there, in another case, or unknown. */
const keys = [
  ...configs({
    'the same key twice': 'readOnlyPort: 0\nreadOnlyPort: 10255\n',
    'a group twice': 'authentication: {anonymous: {enabled: true}}\nauthentication: {webhook: {enabled: false}}\n',
    'a key in another case': 'MaxPods: 5\nAuthorization: {mode: AlwaysAllow}\n',
    'a key in another case, further down': 'authentication: {Anonymous: {enabled: true}}\n',
    'a key that nobody knows': 'companyNote: x\nauthentication: {token: {enabled: true}}\n',
  }),
  ...configs({ 'a key that is a boolean': 'yes: 1\n"on": 2\n' }, { beyondStandin: yaml }),
];

const whole = (name: string, text: string | Buffer): ConfigCase => ({ name, whole: text, beyondStandin: yaml });
/** The file as a whole. */
const files: ConfigCase[] = [
  whole('JSON', '{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "maxPods": 7}'),
  whole(
    'JSON with a number that has a point',
    '{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "maxPods": 110.0}',
  ),
  whole('JSON with a comment', '{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"} # x\n'),
  whole('a byte order mark', `\uFEFF${header}maxPods: 7\n`),
  whole(
    'lines that end as on Windows',
    `${header}maxPods: 7\nauthorization:\n  mode: AlwaysAllow\n`.replaceAll('\n', '\r\n'),
  ),
  whole('two documents', `${header}maxPods: 7\n---\nmaxPods: 8\n`),
  whole('a second document that is no YAML', `${header}maxPods: 7\n---\n{[\n`),
  whole('a first document that is empty', `---\n---\n${header}`),
  whole('a line of dashes first', `---\n${header}maxPods: 7\n`),
  whole('a tab as indent', `${header}authorization:\n\tmode: AlwaysAllow\n`),
  whole('a bracket left open', `${header}clusterDNS: [1.1.1.1\n`),
  whole('a list at the top', '- a\n'),
  whole(
    'bytes that are no text',
    Buffer.concat([Buffer.from(`${header}clusterDomain: "`), Buffer.from([0xff, 0xfe]), Buffer.from('"\n')]),
  ),
  { name: 'nothing', whole: '' },
  { name: 'only a comment', whole: '# nothing\n' },
  { name: 'no kind', whole: 'apiVersion: kubelet.config.k8s.io/v1beta1\n' },
  { name: 'another version', whole: header.replace('v1beta1', 'v1') },
  { name: 'a kind in another case', whole: header.replace('kind', 'Kind'), beyondStandin: decoder },
];

/** Values of the right type that are none of those allowed. */
const ranges = configs(
  {
    'an OpenSSL cipher': 'tlsCipherSuites: [ECDHE-RSA-AES128-GCM-SHA256]\n',
    'a cipher in another case': 'tlsCipherSuites: [tls_ecdhe_rsa_with_aes_128_gcm_sha256]\n',
    'a TLS version of OpenSSL': 'tlsMinVersion: TLSv1.2\n',
    'a negative number of pods': 'maxPods: -1\n',
    'a port out of range': 'readOnlyPort: 65536\n',
    'a share above all': 'imageGCHighThresholdPercent: 101\n',
    'thresholds the wrong way round': 'imageGCHighThresholdPercent: 50\nimageGCLowThresholdPercent: 60\n',
    'a score out of range': 'oomScoreAdj: 1001\n',
    'a mode in another case': 'authorization: {mode: webhook}\nauthentication: {webhook: {enabled: false}}\n',
    'a hairpin mode that nobody knows': 'hairpinMode: veth\n',
    'an enforcement that nobody knows': 'enforceNodeAllocatable: [pod]\n',
    'a policy of topology that nobody knows': 'topologyManagerPolicy: best\n',
    'an enforcement that needs a group': 'enforceNodeAllocatable: [pods, system-reserved]\n',
    'system groups without a root': 'systemCgroups: /system\n',
    'good ciphers and version':
      'tlsCipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\ntlsMinVersion: VersionTLS12\n',
  },
  { beyondStandin: unchecked },
);

/** What BuildAuth asks an API server for comes first, so that is left out. */
const alone = 'authentication: {webhook: {enabled: false}}\nauthorization: {mode: AlwaysAllow}\n';
const laterRanges = configs(
  {
    'an eviction threshold that is none': `${alone}evictionHard: {memory.available: lots}\n`,
    'an eviction threshold of zero': `${alone}evictionHard: {memory.available: "0"}\n`,
    'an eviction signal that nobody knows': `${alone}evictionHard: {memory.free: 100Mi}\n`,
    'a soft threshold without a period': `${alone}evictionSoft: {memory.available: 100Mi}\n`,
    'reserving what cannot be': `${alone}kubeReserved: {gpu: "1"}\n`,
    'reserving less than nothing': `${alone}systemReserved: {cpu: -100m}\n`,
  },
  { beyondStandin: unchecked, late: true },
);

/** Fields and gates that only some versions have. */
const versions = [
  ...configs(
    { 'a field of a later version': 'podLogsDir: /var/log/x\nmemorySwap: {swapBehavior: LimitedSwap}\n' },
    { until: 29 },
  ),
  ...configs(
    {
      'a gate that is locked': 'featureGates: {KubeletTracing: false}\n',
      'gates that are known': 'featureGates: {RotateKubeletServerCertificate: true, AllAlpha: false}\n',
      'a gate that is null': 'featureGates: {RotateKubeletServerCertificate: null}\n',
    },
    { since: 34, beyondStandin: 'its table of gates is that of an older version' },
  ),
];

export const scalarCases: readonly ConfigCase[] = [
  ...[...types, ...durations, ...goodDurations, ...scalars, ...keys],
  ...[...files, ...ranges, ...laterRanges, ...versions],
];
