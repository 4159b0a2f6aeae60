import { describe, expect, it } from 'vitest';
import { systemd } from '../../src/distros/systemd.js';
import { type Setting, configzValue, effectiveSetting, flagOnly } from '../../src/facts/effective-kubelet.js';
import { type SettingInfo, type Value, settingByPath, settings } from '../../src/facts/settings.js';
import { factsOf } from '../nodes/facts-of.js';

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const info = (path: string): SettingInfo => {
  const found = settingByPath.get(path);
  if (found === undefined) throw new Error(path);
  return found;
};

interface Case {
  readonly flags?: string;
  readonly config?: string;
  readonly dropIns?: readonly string[];
}

function sourcesOf({ flags = '', config, dropIns }: Case): Parameters<typeof effectiveSetting>[0] {
  const command = [
    '/usr/bin/kubelet',
    config === undefined ? '' : '--config=/c.yaml',
    dropIns === undefined ? '' : '--config-dir=/d',
  ];
  const texts = (dropIns ?? []).map((text, index) => [`/d/${index}0.conf`, head + text]);
  const setup = systemd.detect(
    factsOf({
      '/etc/systemd/system/kubelet.service': `[Service]\nExecStart=${command.join(' ')} ${flags}\n`,
      ...(config === undefined ? {} : { '/c.yaml': head + config }),
      ...(Object.fromEntries(texts) as Record<string, string>),
    }),
  );
  if (setup === undefined) throw new Error('no kubelet');
  expect(setup.sources.faults).toEqual([]);
  return setup.sources;
}

const setting = (given: Case, path: string): Setting => effectiveSetting(sourcesOf(given), info(path));

describe('effectiveSetting', () => {
  it('has the legacy defaults without --config, the secure ones with it', () => {
    const differing = settings
      .filter((one) => JSON.stringify(one.flagDefault) !== JSON.stringify(one.fileDefault))
      .map(({ path }) => [path, setting({}, path).value, setting({ config: '' }, path).value]);
    expect(differing).toEqual([
      ['authentication.anonymous.enabled', true, false],
      ['authentication.webhook.enabled', false, true],
      ['authorization.mode', 'AlwaysAllow', 'Webhook'],
      ['readOnlyPort', 10255, 0],
    ]);
  });

  it.each<[string, Case, string, Value, string, number | undefined]>([
    ['the file beats the default', { config: 'readOnlyPort: 1\n' }, 'readOnlyPort', 1, 'file', 3],
    [
      'a drop-in beats the file',
      { config: 'readOnlyPort: 1\n', dropIns: ['readOnlyPort: 2\n'] },
      'readOnlyPort',
      2,
      'drop-in',
      3,
    ],
    [
      'the later drop-in wins',
      { dropIns: ['readOnlyPort: 2\n', 'readOnlyPort: 3\n', 'port: 9\n'] },
      'readOnlyPort',
      3,
      'drop-in',
      3,
    ],
    [
      'a flag beats them all',
      { flags: '--read-only-port=4', config: 'readOnlyPort: 1\n', dropIns: ['readOnlyPort: 2\n'] },
      'readOnlyPort',
      4,
      'flag',
      2,
    ],
    ['the later flag wins', { flags: '--read-only-port=4 --read-only-port 5' }, 'readOnlyPort', 5, 'flag', 2],
    [
      'null in the file is the default',
      { config: 'authentication: {anonymous: {enabled: null}}\n' },
      'authentication.anonymous.enabled',
      false,
      'default',
      undefined,
    ],
    [
      'an empty parent is the default',
      { config: 'authentication:\n' },
      'authentication.anonymous.enabled',
      false,
      'default',
      undefined,
    ],
    [
      'a zero duration in the file is the default',
      { config: 'streamingConnectionIdleTimeout: 0s\n' },
      'streamingConnectionIdleTimeout',
      '4h0m0s',
      'file',
      3,
    ],
    [
      'a zero duration in a flag is zero',
      { flags: '--streaming-connection-idle-timeout=0' },
      'streamingConnectionIdleTimeout',
      '0',
      'flag',
      2,
    ],
    ['a zero that counts', { config: 'eventRecordQPS: 0\n' }, 'eventRecordQPS', 0, 'file', 3],
    [
      'drop-ins without --config',
      { dropIns: ['port: 1\n'] },
      'authentication.anonymous.enabled',
      true,
      'default',
      undefined,
    ],
    [
      'lists of repeated flags add up',
      {
        flags:
          '--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 --tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA,TLS_AES_256_GCM_SHA384',
      },
      'tlsCipherSuites',
      ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_RC4_128_SHA', 'TLS_AES_256_GCM_SHA384'],
      'flag',
      2,
    ],
    [
      'a list flag replaces the list of the file',
      {
        flags: '--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
        config: 'tlsCipherSuites: [TLS_RSA_WITH_RC4_128_SHA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n',
      },
      'tlsCipherSuites',
      ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
      'flag',
      2,
    ],
    [
      'gates of flags are added to those of the file',
      { flags: '--feature-gates=A=false', config: 'featureGates: {A: true, B: true}\n' },
      'featureGates',
      { A: false, B: true },
      'flag',
      2,
    ],
    [
      'seccompDefault is on when either says so',
      { flags: '--seccomp-default=false', config: 'seccompDefault: true\n' },
      'seccompDefault',
      true,
      'flag',
      2,
    ],
  ])('%s', (_, given, path, value, kind, line) => {
    const found = setting(given, path);
    expect(found.value).toEqual(value);
    expect(found.source.kind).toBe(kind);
    expect(found.source.line).toBe(line);
  });

  it('lists declarations without effect, the strongest first', () => {
    const given = { flags: '--read-only-port=4', config: 'readOnlyPort: 1\n', dropIns: ['readOnlyPort: 2\n'] };
    const { hidden } = setting(given, 'readOnlyPort');
    expect(hidden.map(({ value, source }) => [value, source.path])).toEqual([
      [2, '/d/00.conf'],
      [1, '/c.yaml'],
    ]);
  });
});

it('flagOnly gives the last of a flag without a field', () => {
  expect(flagOnly(sourcesOf({ flags: '--cert-dir=/a --cert-dir=/b' }), 'cert-dir')).toMatchObject({ value: '/b' });
  expect(flagOnly(sourcesOf({}), 'cert-dir')).toBeUndefined();
});

it('configzValue takes what is left out for zero', () => {
  const zeros = settings.map((one) => configzValue({}, one));
  expect(new Set(zeros.map((value) => JSON.stringify(value)))).toEqual(
    new Set(['false', '0', '""', '"0s"', '[]', '{}']),
  );
  expect(configzValue({ authorization: { mode: 'Webhook' } }, info('authorization.mode'))).toBe('Webhook');
});
