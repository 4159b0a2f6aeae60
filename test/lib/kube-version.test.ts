import { describe, expect, it } from 'vitest';
import { parseKubeRange, parseKubeVersion, satisfies } from '../../src/lib/kube-version.js';

describe('a version of Kubernetes', () => {
  it.each([
    ['v1.31.4+k3s1', { major: 1, minor: 31, patch: 4, build: 'k3s1' }],
    ['1.30.0-rc.1', { major: 1, minor: 30, patch: 0, pre: 'rc.1' }],
    ['v1.20.2', { major: 1, minor: 20, patch: 2 }],
    ['1.29', { major: 1, minor: 29, patch: 0 }],
    ['v1.32.5-eks-5d4a308', { major: 1, minor: 32, patch: 5, pre: 'eks-5d4a308' }],
    ['v1.33.1+rke2r1\n', { major: 1, minor: 33, patch: 1, build: 'rke2r1' }],
  ])('%j', (text, version) => {
    expect(parseKubeVersion(text)).toEqual({ pre: undefined, build: undefined, ...version });
  });

  it.each(['', 'v1', '1.x', 'Kubernetes v1.30.0', '1.30.0.1', 'v1.30.0; rm'])('%j is none', (text) => {
    expect(parseKubeVersion(text)).toBeUndefined();
  });
});

describe('a range', () => {
  it.each([
    ['>=1.29', ['1.29.0', '1.29.0-rc.1', '1.40.0', '2.0.0'], ['1.28.15']],
    ['>=1.29 <1.34', ['1.29.1', '1.33.9'], ['1.34.0', '1.34.0-alpha.1']],
    ['<=1.33', ['1.33.9', '1.0.0'], ['1.34.0']],
    ['>1.33', ['1.34.0'], ['1.33.9']],
    ['1.31', ['1.31.0', '1.31.7+k3s1'], ['1.32.0']],
    ['=v1.31.2', ['1.31.2'], ['1.31.3']],
    ['>1.31.2', ['1.31.3', '1.32.0'], ['1.31.2', '1.30.9']],
  ])('%s', (range, inside, outside) => {
    for (const version of inside) expect(satisfies(version, range), version).toBe(true);
    for (const version of outside) expect(satisfies(version, range), version).toBe(false);
  });

  it('is not judged where it cannot be read', () => {
    for (const range of ['', '~1.29', '>=1.x', '1.29 || 1.31', '>= 1.29'])
      expect(parseKubeRange(range), range).toBeUndefined();
    expect(satisfies('1.30', '^1')).toBeUndefined();
    expect(satisfies('unknown', '>=1.29')).toBeUndefined();
  });
});
