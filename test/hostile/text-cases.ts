/** Hosts whose probe is right and whose files are not: configuration, units, environment files. */
import type { HostileCase } from './hostile-case.js';
import {
  configPath,
  dropInPath,
  environmentPath,
  fileIn,
  goodAnswer,
  k3sAnswer,
  nodeThatAnswers,
  unitPath,
  withFiles,
} from './node-answer.js';

const header = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
/** A whole file of which a plan is made: what a case adds stands at its end. */
const head = fileIn(goodAnswer, configPath);
const commented = (comment: string): string => head.replace('# for the old dashboard', () => `# ${comment}`);
const k3sConfig = '/etc/rancher/k3s/config.yaml';
const clear = '\u001b[2J\u001b]0;owned\u0007';
const KiB = 1024;

const many = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join('\n');

const has = (
  name: string,
  files: () => Readonly<Record<string, string | Buffer>>,
  answer?: string,
  over: Partial<HostileCase> = {},
): HostileCase => ({
  name: `has ${name}`,
  start: () => nodeThatAnswers(() => withFiles(files(), answer)),
  ends: ['judged', 'unreadable'],
  verb: 'plan',
  ...over,
});

const config = (name: string, text: () => string | Buffer): HostileCase => has(name, () => ({ [configPath]: text() }));
const k3s = (name: string, text: () => string): HostileCase => has(name, () => ({ [k3sConfig]: text() }), k3sAnswer);
const dropIn = (name: string, text: () => string): HostileCase => has(name, () => ({ [dropInPath]: text() }));

/** Ten aliases of the one before, nine times over. */
const laughs = (wrap: (list: string) => string): string =>
  many(9, (at) =>
    at === 0 ? `a0: &a0 [${'x,'.repeat(10)}]` : `a${at}: &a${at} [${`*a${at - 1},`.repeat(10)}]`,
  ).concat(`\n${wrap('*a8')}\n`);

const configDir = '/etc/kubernetes/kubelet.conf.d';
const withConfigDir = { [environmentPath]: `KUBELET_EXTRA_ARGS=--config-dir=${configDir}\n` };

const yaml: readonly HostileCase[] = [
  config('a circular anchor in enabled', () => `${header}authentication:\n  anonymous:\n    enabled: &a [*a]\n`),
  config('a circular anchor in tlsCipherSuites', () => `${head}tlsCipherSuites: &a [TLS_AES_128_GCM_SHA256, *a]\n`),
  config('a circular mapping', () => `${header}authentication: &a\n  anonymous: *a\n  webhook: *a\n`),
  config('a circular merge', () => `${header}authentication: &a\n  <<: *a\n  anonymous: { enabled: true }\n`),
  has('a circular anchor in a file of config-dir', () => ({
    ...withConfigDir,
    [`${configDir}/1.conf`]: `${header}authentication: { anonymous: { enabled: &a [*a] } }\n`,
  })),
  has('an alias bomb in a file of config-dir', () => ({
    ...withConfigDir,
    [`${configDir}/1.conf`]: header + laughs((bomb) => `tlsCipherSuites: ${bomb}`),
  })),
  config('an alias bomb', () => head + laughs((bomb) => `tlsCipherSuites: ${bomb}`)),
  config('an alias bomb in the place of a mapping', () => head + laughs((bomb) => `featureGates: ${bomb}`)),
  config(
    'an alias bomb of merges',
    () =>
      head +
      many(30, (at) => `m${at}: &m${at} {${at === 0 ? 'k: v' : `<<: [*m${at - 1}, *m${at - 1}], k${at}: v`}}`) +
      '\nfeatureGates: *m29\n',
  ),
  config('60,000 aliases', () => `${head}a: &a x\nb: [${'*a,'.repeat(60_000)}]\n`),
  config('20,000 anchors', () => head + many(18_000, (at) => `k${at}: &n${at} 1`)),
  config('lists 100,000 levels deep', () => `${head}x: ${'['.repeat(100_000)}`),
  config('lists 60,000 levels deep, and closed', () => `${head}x: ${'['.repeat(60_000)}${']'.repeat(60_000)}\n`),
  config('mappings 40,000 levels deep', () => `${head}x: ${'{a: '.repeat(40_000)}`),
  config('mappings 20,000 levels deep, and closed', () => `${head}x: ${'{a: '.repeat(20_000)}1${'}'.repeat(20_000)}\n`),
  config('block lists 100,000 levels deep', () => `${head}x:\n  ${'- '.repeat(100_000)}1\n`),
  config('block mappings 600 levels deep', () => head + many(600, (at) => `${' '.repeat(at)}a:`)),
  config('80,000 question marks', () => `${head}${'? '.repeat(80_000)}\n`),
  config('60,000 lines of ---', () => `${head}${'---\n'.repeat(60_000)}`),
  config('60,000 documents before the first', () => `${'---\n'.repeat(60_000)}${header}`),
  config('120,000 lines of #', () => `${'#\n'.repeat(120_000)}${head}`),
  config('120,000 empty lines', () => `${'\n'.repeat(120_000)}${head}`),
  config('20,000 unknown keys', () => head + many(20_000, (at) => `unknown${at}: 1`)),
  config('20,000 keys that are nearly known', () => head + many(12_000, (at) => `readOnlyPort${at}: 1`)),
  config('20,000 times the same key', () => head + many(20_000, () => 'readOnlyPort: 1')),
  config('10,000 feature gates', () => `${head}featureGates:\n${many(10_000, (at) => `  Gate${at}: true`)}\n`),
  config('120,000 letters in a comment beside an edit', () => commented('a'.repeat(120_000))),
  config('60,000 letters that look like an address in a comment', () => commented('http://a'.repeat(7_500))),
  config('60,000 blanks after a key', () => `${head}readOnlyPort:${' '.repeat(60_000)}10255\n`),
  config('200,000 blanks at the end of a line', () => `${head}readOnlyPort: 10255${' '.repeat(200_000)}x\n`),
  config('200,000 quotes', () => `${head}x: "${'\\"'.repeat(100_000)}\n`),
  config('200,000 backslashes', () => `${head}x: "${'\\'.repeat(200_000)}"\n`),
  config('a number of 200,000 digits', () => `${head}readOnlyPort: ${'9'.repeat(200_000)}\n`),
  config('a duration of 100,000 parts', () => `${head}streamingConnectionIdleTimeout: ${'1h'.repeat(100_000)}\n`),
  config(
    'an edit among 10,000 list items',
    () => `${head}tlsCipherSuites:\n${many(10_000, () => '- TLS_RSA_WITH_RC4_128_SHA')}\n`,
  ),
  config(
    'a flow mapping of 5,000 lines',
    () =>
      `{ apiVersion: kubelet.config.k8s.io/v1beta1, kind: KubeletConfiguration,\n${many(5_000, (at) => `k${at}: ${at},`)}\nreadOnlyPort: 10255 }\n`,
  ),
  config(
    'YAML tags and directives',
    () =>
      `%TAG ! tag:${'x'.repeat(1_000)}:\n%YAML 9.9\n---\n${header}a: !!js/function x\nb: !!binary ${'A'.repeat(100_000)}\n`,
  ),
  config('escape codes in keys and values', () => `${head}"\\e[2Jx": "\\e]0;owned\\a"\ntlsMinVersion: "\\e[31m"\n`),
  config('bytes that are no UTF-8', () => Buffer.concat([Buffer.from(head), Buffer.alloc(100_000, 0xff)])),
  config('NUL bytes', () => Buffer.concat([Buffer.from(head), Buffer.alloc(200_000)])),
  config('UTF-16', () => Buffer.from(`\ufeff${header}`, 'utf16le')),
  config('6 MB where 256 KiB are read', () => `${head}# ${'x'.repeat(6_000_000)}\n`),
  config('4 MB of mappings', () => head + many(400_000, (at) => `k${at}: 1`)),
];

const json: readonly HostileCase[] = [
  config(
    'JSON 60,000 levels deep',
    () =>
      `{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration","x":${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
  ),
  config(
    'JSON mappings 40,000 levels deep',
    () => `{"kind":"KubeletConfiguration","x":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`,
  ),
  config(
    'JSON with huge numbers and lone surrogates',
    () =>
      `{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration","readOnlyPort":1e999,"port":-1e308,"x":"\\ud800","\\udfff":${'9'.repeat(100_000)}}`,
  ),
  config(
    'JSON of 100,000 lines',
    () => `{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration"\n${',"a":1\n'.repeat(35_000)}}`,
  ),
  config(
    'JSON of __proto__',
    () =>
      `{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration","__proto__":{"readOnlyPort":0},"authentication":{"__proto__":{"anonymous":{"enabled":false}}}}`,
  ),
];

const unit = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=${configPath}"
EnvironmentFile=-${environmentPath}
`;
const kubelet = 'ExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS';
const start = `${kubelet} $A\n`;

/** Each variable is twice the one before, or ten times. */
const doubling = (count: number, times: number): string =>
  `${unit}Environment="V0=${'x'.repeat(100)}"\n${many(count, (at) => `Environment="V${at + 1}=${`$V${at} `.repeat(times)}"`)}\n${kubelet} ${`$V${count} `.repeat(times)}\n`;

const units: readonly HostileCase[] = [
  dropIn(
    'a drop-in whose one variable expands to gigabytes',
    () => `${unit}Environment="A=${'x'.repeat(60 * KiB)}"\n${kubelet} ${'${A}'.repeat(45_000)}\n`,
  ),
  dropIn(
    'a drop-in whose arguments expand to gigabytes',
    () => `${unit}Environment="A=${'x '.repeat(30 * KiB)}"\n${kubelet} ${'$A '.repeat(45_000)}\n`,
  ),
  dropIn('variables that stand for each other', () => doubling(40, 10)),
  dropIn('a variable that stands for itself', () => `${unit}Environment="A=\${A} $A"\n${start}`),
  dropIn('60,000 blank lines in a drop-in', () => `${unit}${'\n'.repeat(60_000)}${start}`),
  dropIn('30,000 arguments', () => `${unit}${kubelet} ${'--v=2 '.repeat(30_000)}\n`),
  dropIn(
    '60,000 blank lines and 30,000 arguments',
    () => `${unit}${'\n'.repeat(60_000)}${kubelet} ${'--v=2 '.repeat(30_000)}\n`,
  ),
  dropIn(
    '30,000 arguments on as many continued lines',
    () => `${unit}${kubelet} ${'--v=2 \\\n'.repeat(25_000)} --v=3\n`,
  ),
  dropIn(
    'comments between 60,000 continued lines',
    () => `${unit}ExecStart=/usr/bin/kubelet \\\n${'# x \\\n'.repeat(30_000)}--v=2\n`,
  ),
  dropIn('30,000 ExecStart lines', () => `${unit}${'ExecStart=\nExecStart=/usr/bin/kubelet\n'.repeat(5_500)}`),
  dropIn('20,000 Environment lines', () => `${unit}${many(9_000, (at) => `Environment="A${at}=x"`)}\n${start}`),
  dropIn(
    '9,000 environment files',
    () => `${unit}${many(6_000, (at) => `EnvironmentFile=-/etc/default/kubelet${at}`)}\n${start}`,
  ),
  dropIn('20,000 sections', () => `${'[Service]\n[Unit]\n'.repeat(12_000)}${unit}${start}`),
  dropIn('100,000 specifiers', () => `${unit}${kubelet} ${'%n%H%%%i'.repeat(25_000)}\n`),
  dropIn('250,000 quotes', () => `${unit}${kubelet} ${'"\''.repeat(60_000)}\n`),
  dropIn('250,000 backslashes', () => `${unit}${kubelet} ${'\\x41\\'.repeat(40_000)}\n`),
  dropIn(
    'a shell of 200,000 letters',
    () => `${unit}ExecStart=\nExecStart=/bin/sh -c 'exec /usr/bin/kubelet ${'$(x) && '.repeat(20_000)}'\n`,
  ),
  dropIn(
    'escape codes in arguments',
    () => `${unit}${kubelet} --config=${configPath} --node-labels=${clear} --${clear}=x\n`,
  ),
  dropIn('a flag of 200,000 letters', () => `${unit}${kubelet} --${'anonymous-auth'.repeat(14_000)}=true\n`),
  dropIn(
    '20,000 feature gates in flags',
    () => `${unit}${kubelet} ${many(8_000, (at) => `--feature-gates=G${at}=true`).replaceAll('\n', ' ')}\n`,
  ),
  dropIn(
    '20,000 unknown flags',
    () => `${unit}${kubelet} ${many(20_000, (at) => `--x${at}=1`).replaceAll('\n', ' ')}\n`,
  ),
  dropIn('a binary file for a drop-in', () => '\0\u0001\u0002'.repeat(80_000)),
  has('a unit of 200,000 blank lines', () => ({
    [unitPath]: `${unit}${'\n'.repeat(200_000)}ExecStart=/usr/bin/kubelet\n`,
  })),
  has('an environment file of 60,000 lines', () => ({ [environmentPath]: many(30_000, (at) => `A${at}=x`) })),
  has('an environment file with one line of 250,000 letters', () => ({
    [environmentPath]: `KUBELET_EXTRA_ARGS=${'--v=2 '.repeat(40_000)}\n`,
  })),
  has('an environment file of open quotes', () => ({
    [environmentPath]: `KUBELET_EXTRA_ARGS="${'\\\n'.repeat(100_000)}`,
  })),
  has('an environment file of names alone', () => ({ [environmentPath]: 'A\n'.repeat(120_000) })),
  has('an environment file of 6 MB', () => ({ [environmentPath]: `KUBELET_EXTRA_ARGS=${'x'.repeat(6_000_000)}\n` })),
];

const supervised: readonly HostileCase[] = [
  k3s('a circular anchor in kubelet-arg', () => 'kubelet-arg: &a [*a]\n'),
  k3s('a circular anchor in its whole configuration', () => '&a\nkubelet-arg: *a\n'),
  k3s('a circular anchor in its profile', () => 'profile: &a [*a]\nprotect-kernel-defaults: *a\n'),
  k3s('a circular anchor in data-dir', () => 'data-dir: &a { x: *a }\nconfig: *a\n'),
  k3s('an alias bomb in kubelet-arg', () => laughs((bomb) => `kubelet-arg: ${bomb}`)),
  k3s('30,000 kubelet-args', () => `kubelet-arg:\n${many(15_000, (at) => `- x${at}=1`)}\n`),
  k3s('30,000 times the same kubelet-arg', () => `kubelet-arg:\n${'- anonymous-auth=true\n'.repeat(10_000)}`),
  k3s('20,000 unknown keys in its configuration', () => many(20_000, (at) => `unknown${at}: 1`)),
  k3s(
    '__proto__ in its configuration',
    () => '__proto__: { kubelet-arg: [anonymous-auth=true] }\nkubelet-arg: [__proto__=1, constructor=2]\n',
  ),
  k3s('60,000 lines of # in its configuration', () => `${'#\n'.repeat(120_000)}kubelet-arg: [anonymous-auth=true]\n`),
];

export const textCases: readonly HostileCase[] = [...yaml, ...json, ...units, ...supervised];
