import { describe, expect, it } from 'vitest';
import type { Argument } from '../../src/facts/command-line.js';
import { flagText, flagValue, parseFlags } from '../../src/facts/kubelet-flags.js';
import { type SettingInfo, type Value, settingByPath, settings } from '../../src/facts/settings.js';

const args = (line: string): Argument[] =>
  line
    .split(' ')
    .map((text, index) => ({ text, origin: { kind: 'unit', path: '/u', line: 1, start: index, end: index } }));
const flags = (line: string): [string, string | undefined][] =>
  parseFlags(args(line)).map((one) => [one.name, one.value]);
const info = (path: string): SettingInfo => {
  const found = settingByPath.get(path);
  if (found === undefined) throw new Error(path);
  return found;
};

describe('parseFlags', () => {
  it.each<[string, [string, string | undefined][]]>([
    [
      '--a=b --c=d=e',
      [
        ['a', 'b'],
        ['c', 'd=e'],
      ],
    ],
    [
      '--config /c --v 2',
      [
        ['config', '/c'],
        ['v', '2'],
      ],
    ],
    ['-v=2', [['v', '2']]],
    ['--read_only_port=0', [['read-only-port', '0']]],
    [
      '--anonymous-auth --v=2',
      [
        ['anonymous-auth', undefined],
        ['v', '2'],
      ],
    ],
    ['--anonymous-auth false', [['anonymous-auth', undefined]]],
    ['--fail-swap-on false', [['fail-swap-on', undefined]]],
    [
      '--enforce-node-allocatable= --v=2',
      [
        ['enforce-node-allocatable', ''],
        ['v', '2'],
      ],
    ],
    ['--pod-max-pids -1', [['pod-max-pids', '-1']]],
    ['stray --a=b', [['a', 'b']]],
    ['--config', [['config', undefined]]],
  ])('%s', (line, found) => {
    expect(flags(line)).toEqual(found);
  });

  it('knows where the value of --name value stands', () => {
    expect(parseFlags(args('--config /c'))[0]).toMatchObject({ origin: { start: 0 }, valueOrigin: { start: 1 } });
    expect(parseFlags(args('--config=/c'))[0]).not.toHaveProperty('valueOrigin');
  });
});

describe('flagValue', () => {
  it.each<[string, string | undefined, Value]>([
    ['authentication.anonymous.enabled', undefined, true],
    ['authentication.anonymous.enabled', 'T', true],
    ['authentication.anonymous.enabled', '0', false],
    ['authentication.anonymous.enabled', 'no', 'no'],
    ['readOnlyPort', '10255', 10255],
    ['podPidsLimit', '-1', -1],
    ['readOnlyPort', 'x', 'x'],
    ['tlsCipherSuites', 'A,B', ['A', 'B']],
    ['tlsCipherSuites', '', []],
    ['featureGates', 'A=true, B=false', { A: true, B: false }],
    ['authorization.mode', 'Webhook', 'Webhook'],
  ])('%s=%s', (path, text, value) => {
    expect(flagValue(info(path), text)).toEqual(value);
  });
});

describe('flagText', () => {
  const samples: Record<SettingInfo['kind'], Value> = {
    ...{ boolean: false, integer: 5, string: '/x', duration: '5m0s', list: ['A', 'B'], map: { A: true, B: false } },
  };

  it.each(settings.filter((one) => one.flag !== undefined).map((one) => [one.path, one] as const))(
    'says %s so that it is read back',
    (_, one) => {
      const texts = one.kind === 'map' && one.path !== 'featureGates';
      const sample = texts ? { A: 'x', B: '5m' } : samples[one.kind];
      const text = flagText(one, sample);
      const [flag] = parseFlags(args(text));
      expect(flag?.name).toBe(one.flag);
      expect(flagValue(one, flag?.value)).toEqual(sample);
    },
  );
});
