import { expect, it } from 'vitest';
import type { Origin } from '../../src/facts/command-line.js';
import { type ConfigFile, parseConfigFile } from '../../src/facts/config-file.js';
import { type KubeletSources, kubeletSources } from '../../src/facts/effective-kubelet.js';
import { type Flag, parseFlags } from '../../src/facts/kubelet-flags.js';
import { differingSettings } from '../../src/facts/running-flags.js';

const origin: Origin = { kind: 'built-in', path: '', line: 1, start: 0, end: 0 };
const flags = (text: string): readonly Flag[] =>
  parseFlags(
    text
      .split(' ')
      .filter(Boolean)
      .map((word) => ({ text: word, origin })),
  );

function fileOf(body: string): ConfigFile {
  const text = `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${body}`;
  const { file } = parseConfigFile('/d/50.conf', text);
  if (file === undefined) throw new Error('not a file');
  return file;
}

const sourcesOf = (words: string, dropIns: readonly ConfigFile[]): KubeletSources =>
  kubeletSources({
    command: [],
    flags: flags(words),
    config: undefined,
    hasConfig: false,
    dropIns,
    faults: [],
    hidden: [],
  });

function differing(declared: string, running: string, dropIn = ''): string[] {
  const sources = sourcesOf(declared, [fileOf(dropIn)]);
  return differingSettings({ sources, running: { flags: flags(running), where: 'w' } }).map(
    (one) => `${one.info.path} ${JSON.stringify(one.declared)} ${JSON.stringify(one.running)}`,
  );
}

it.each([
  ['the same', '--anonymous-auth=false', '--anonymous-auth=false', '', []],
  [
    'a flag since removed',
    '',
    '--anonymous-auth=true',
    'authentication: {anonymous: {enabled: false}}\n',
    ['authentication.anonymous.enabled false true'],
  ],
  ['a flag since removed that says what a file says', '', '--event-qps=7', 'eventRecordQPS: 7\n', []],
  ['a flag since added', '--read-only-port=0', '', '', ['readOnlyPort 0 10255']],
  ['a flag since changed', '--pod-max-pids=9', '--pod-max-pids=-1', '', ['podPidsLimit 9 -1']],
  [
    'a duration in other words',
    '--streaming-connection-idle-timeout=5m',
    '--streaming-connection-idle-timeout=300s',
    '',
    [],
  ],
  ['a list that grew', '--tls-cipher-suites=A,B', '--tls-cipher-suites=A', '', ['tlsCipherSuites ["A","B"] ["A"]']],
  ['a flag that no setting is for', '--node-ip=1.2.3.5', '--node-ip=1.2.3.4', '', []],
  ['another --config than was read', '--read-only-port=0', '--config=/x', '', []],
])('%s', (_, declared, running, dropIn, wanted) => {
  expect(differing(declared, running, dropIn)).toEqual(wanted);
});

it('what is not known differs in nothing', () => {
  const sources = sourcesOf('--read-only-port=0', []);
  expect(differingSettings({ sources, running: undefined })).toEqual([]);
});
