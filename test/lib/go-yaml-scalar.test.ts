import { describe, expect, it } from 'vitest';
import { goScalar } from '../../src/lib/go-yaml-scalar.js';

/** What a Go program with gopkg.in/yaml.v2 2.4.0 printed for each of them. */
const printed: Readonly<Record<string, string>> = {
  ...{ '1': '1', '010': '8', '0o17': '15', '0x10': '16', '-0x10': '-16', '0b11': '3', '1_000': '1000', '+1': '1' },
  ...{ '-0': '0', '08': '8', '1.50': '1.5', '.5': '0.5', '-.5e1': '-5', '12e03': '12000', '1e5': '100000' },
  ...{ '1e6': '1e+06', '1e30': '1e+30', '0.0001': '0.0001', '0.00001': '1e-05', '123456789.5': '1.234567895e+08' },
  ...{ '12345678901234567890': '12345678901234567890', '123456789012345678901': '1.2345678901234568e+20' },
  ...{ '9223372036854775808': '9223372036854775808', '-9223372036854775809': '-9.223372036854776e+18' },
  ...{ yes: 'true', Off: 'false', y: 'true', N: 'false', '.inf': '+Inf', '-.INF': '-Inf', '.nan': 'NaN' },
};

describe('plain scalars of YAML in Go', () => {
  it.each(Object.entries(printed))('%s becomes %s', (source, text) => {
    expect(goScalar(source)).toEqual({ kind: 'value', text });
  });

  it.each([
    'a=1',
    '1:30',
    '2001-01-01',
    '1.2.3.4',
    '10Gi',
    '0x',
    '0b12',
    '1e',
    '-',
    '+',
    '.',
    'Yes.',
    'tRUE',
    '1 2',
    '9'.repeat(500),
  ])('%s stays the text it is', (source) => {
    expect(goScalar(source)).toEqual({ kind: 'text', text: source });
  });

  it.each(['', '~', 'null', 'Null', 'NULL'])('%j is nothing', (source) => {
    expect(goScalar(source)).toEqual({ kind: 'nothing', text: '' });
  });
});
