/** Configurations made up at random from a seed: what people write, right and wrong, in every kind of field, in files, drop-ins and flags. */
import fc from 'fast-check';
import type { ConfigCase } from './config-case.js';

/** What stands behind it is wrong, and is taken more seldom. */
const bad = 'BAD';

const booleans = [
  ...['true', 'false', 'yes', 'no', 'on', 'off', 'True', 'y', 'N', '~', 'null', ''],
  bad,
  ...['"true"', '0', '1', 'tRue', '{a: b}', '[]', "''"],
];
const numbers = [
  ...['0', '1', '50', '80', '110', '1000', '010', '0x1F', '+7', '1e3', '110.0', '1_000', '5.', '~', ''],
  bad,
  ...['-1', '70000', '110.5', '"110"', '3000000000', 'ten', '.5', '[1]', '{}', '1.0e1', '08', '0o7'],
];
const durations = [
  ...['"0"', '0s', '5m', '1h30m', '1.5h', '100ms', '.5s', '+5s', '2m0s', '10us'],
  bad,
  ...['0', '5', '"5"', '""', '~', '', '5 minutes', '1d', '9999999h', '1h 5m', 'true', '[5m]'],
];
const texts = [
  ...[
    'x',
    '"no"',
    "'5'",
    '""',
    '~',
    '',
    '2001-01-01',
    '1:30',
    '"a # b"',
    'a#b',
    "'it''s'",
    '=',
    '0o7',
    '/a/b',
    'x y',
    '!!str 5',
  ],
  bad,
  ...['no', '5', '1.5', '[x]', '{a: b}', '0x1F'],
];
const lists = ['[]', '[1.1.1.1]', '[a, "b"]', '~', '', '[~]', bad, '[a, 1]', 'a', '{}', '[[a]]', '"a,b"', '[yes]'];
const amounts = [
  ...['{}', '{cpu: 100m}', '{cpu: "1", memory: 1Gi}', '~', '', '{pid: "5"}'],
  bad,
  ...['{cpu: 1}', 'cpu=1', '[cpu]', '{cpu: [1]}'],
];
const thresholds = [
  ...['{}', '{memory.available: 5%}', '{memory.available: 100Mi, nodefs.available: "10%"}', '~'],
  bad,
  ...['{memory.available: 5}', 'memory.available<5%', '[]'],
];
const gates = [
  ...[
    '{}',
    '{RotateKubeletServerCertificate: true}',
    '{RotateKubeletServerCertificate: off}',
    '~',
    '{AllAlpha: false}',
  ],
  bad,
  ...['{RotateKubeletServerCertificate: "true"}', 'RotateKubeletServerCertificate=true', '{AllAlpha: 1}', '[]'],
];

const of = (paths: string, values: readonly string[]): (readonly [string, readonly string[]])[] =>
  paths.split(' ').map((path) => [path, values]);

/** What a kubelet judges by itself, without looking at its machine. */
const pool: readonly (readonly [string, readonly string[]])[] = [
  ...of(
    'authentication.anonymous.enabled authentication.webhook.enabled rotateCertificates serverTLSBootstrap',
    booleans,
  ),
  ...of('failSwapOn protectKernelDefaults makeIPTablesUtilChains enableDebuggingHandlers cpuCFSQuota', booleans),
  ...of('readOnlyPort maxPods healthzPort port eventRecordQPS eventBurst registryBurst podsPerCore', numbers),
  ...of('imageGCHighThresholdPercent nodeLeaseDurationSeconds oomScoreAdj podPidsLimit nodeStatusMaxImages', numbers),
  ...of('authentication.webhook.cacheTTL streamingConnectionIdleTimeout fileCheckFrequency', durations),
  ...of('authorization.webhook.cacheAuthorizedTTL runtimeRequestTimeout nodeStatusUpdateFrequency', durations),
  ...of('clusterDomain podCIDR staticPodURL contentType', texts),
  ...of('authorization.mode', [
    'Webhook',
    'AlwaysAllow',
    '"AlwaysAllow"',
    '~',
    '""',
    bad,
    'webhook',
    'RBAC',
    'true',
    '{}',
  ]),
  ...of('tlsMinVersion', ['VersionTLS12', 'VersionTLS13', '""', '~', bad, 'TLSv1.2', 'versiontls12', '1.2']),
  ...of('hairpinMode', ['hairpin-veth', 'none', '""', bad, 'None', 'no', 'veth']),
  ...of('topologyManagerPolicy', ['none', 'best-effort', '""', bad, 'best', 'off']),
  ...of('tlsCipherSuites', [
    // A list that HTTP/2 is not content with stops a kubelet only as it serves: the ones that are asked end before.
    ...['[]', '[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]'],
    '[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256, TLS_RSA_WITH_RC4_128_SHA]',
    '~',
    bad,
    ...['[ECDHE-RSA-AES128-GCM-SHA256]', 'TLS_RSA_WITH_RC4_128_SHA', '[""]', '[5]'],
  ]),
  ...of('clusterDNS allowedUnsafeSysctls', lists),
  ...of('kubeReserved systemReserved', amounts),
  ...of('evictionHard', thresholds),
  ...of('featureGates', gates),
  ...of('authentication authorization authentication.anonymous authentication.x509', [
    '~',
    '{}',
    bad,
    'AlwaysAllow',
    'false',
    '[]',
    '5',
  ]),
  ...of('companyNote AuthoriZation MaxPods readonlyPort', ['x', '5', '{a: [1]}', 'AlwaysAllow']),
];

/** One a line; `bad` as above. */
const words = `--read-only-port=0
--read-only-port 10255
--read_only_port=5
--anonymous-auth=false
--anonymous-auth
--anonymous-auth=F
--authorization-mode=Webhook
--authorization-mode AlwaysAllow
--max-pods=0x10
-v 2
-v=3
--cluster-dns=1.1.1.1
--cluster-dns=2.2.2.2,3.3.3.3
--cluster-dns=
--kube-reserved=cpu=1,memory=1Gi
--address=
--feature-gates=AllAlpha=false
--feature-gates=
--streaming-connection-idle-timeout=0
--event-qps=0
--eviction-hard=memory.available<5%
--eviction-hard=
--tls-min-version=VersionTLS12
--protect-kernel-defaults
--hostname-override $UNSET --read-only-port=0
$UNSET
--
${bad}
--anonymous-auth false
--anonymous-auth=yes
--max-pods=many
--max-pods=-1
--read-only-port=
--read-only-port=70000
\${UNSET}
# note
word
-x
--tls-min-version=TLS1.2
--address=nowhere
--kube-reserved=cpu
--eviction-hard=memory.available=5%
--streaming-connection-idle-timeout=5`.split('\n');

function oneOf(values: readonly string[]): fc.Arbitrary<string> {
  const border = values.indexOf(bad);
  const good = fc.constantFrom(...values.slice(0, border < 0 ? undefined : border));
  const wrong = values.slice(border + 1);
  return border < 0
    ? good
    : fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });
}

/** One field in a line of its own, or down a ladder of lines. */
const fieldText = fc
  .constantFrom(...pool)
  .chain(([path, values]) => fc.tuple(fc.constant(path), oneOf(values), fc.boolean(), fc.nat({ max: 11 })))
  .map(([path, value, isFlow, style]) => {
    const names = path.split('.');
    const comment = style === 0 ? ' # note' : '';
    const last = style === 1 ? `"${names.at(-1) ?? ''}"` : (names.at(-1) ?? '');
    if (isFlow && names.length > 1) {
      return `${names.slice(0, -1).join(': {')}: {${last}: ${value}${'}'.repeat(names.length - 1)}${comment}\n`;
    }
    const ladder = names.slice(0, -1).map((name, depth) => `${'  '.repeat(depth)}${name}:\n`);
    return `${ladder.join('')}${'  '.repeat(names.length - 1)}${last}: ${value}${comment}\n`;
  });
const odd = fc.constantFrom(
  '# note\n',
  '\n',
  '---\n',
  '...\n',
  '\tmaxPods: 5\n',
  '<<: {maxPods: 6}\n',
  'x: &x {maxPods: 5}\n',
  '- a\n',
  'maxPods\n',
);
const body = fc
  .tuple(fc.array(fieldText, { minLength: 1, maxLength: 4 }), fc.option(odd, { freq: 12 }), fc.nat({ max: 14 }))
  .map(([parts, extra, ending]) => {
    const text = parts.join('') + (extra ?? '');
    return ending === 0 ? text.replaceAll('\n', '\r\n') : text;
  });

export interface RandomTexts {
  readonly config?: string | undefined;
  readonly dropIns?: Readonly<Record<string, string>> | undefined;
  readonly flags: string;
}

/** What feeds one kubelet: bodies of files, and words behind its other flags. */
export const randomTexts: fc.Arbitrary<RandomTexts> = fc.record(
  {
    config: fc.option(body, { nil: undefined, freq: 20 }),
    dropIns: fc.option(
      fc.dictionary(fc.constantFrom('10.conf', '10/a.conf', '9.conf', 'b.conf', 'B.conf', 'x.yaml'), body, {
        minKeys: 1,
        maxKeys: 3,
      }),
      { nil: undefined, freq: 1 },
    ),
    flags: fc.array(oneOf(words), { maxLength: 2 }).map((some) => some.join(' ')),
  },
  { noNullPrototype: true },
);

/** `withFolder`: of a kubelet that knows --config-dir. */
export function randomCases(seed: number, count: number, withFolder: boolean): ConfigCase[] {
  return fc.sample(randomTexts, { seed, numRuns: count }).map(({ config, dropIns, flags }, index) => ({
    name: `${seed}/${index}`,
    ...(config === undefined ? {} : { config }),
    ...(dropIns === undefined || !withFolder ? {} : { dropIns }),
    // Without an API server to ask, a kubelet would end before it looks at the rest.
    flags: `--authentication-token-webhook=false ${flags}`,
  }));
}
