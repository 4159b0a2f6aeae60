import { describe, expect, it, test } from 'vitest';
import { redact, redactTree } from '../../src/lib/redact.js';
import { plantedSecrets } from './redact-forms.js';

test.each([
  ['HTTP_PROXY=http://ops:hunter2@proxy:3128', 'HTTP_PROXY=http://***@proxy:3128'],
  ['Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.abc', 'Authorization: Bearer ***'],
  ['  token: abcdef.0123456789abcdef', '  token: ***'],
  ['--api-key="two words" --v=2', '--api-key=*** --v=2'],
  ['-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----\nrest', '*** (EC PRIVATE KEY)\nrest'],
])('%s', (text, masked) => {
  expect(redact(text)).toBe(masked);
  expect(redact(masked)).toBe(masked);
});

test.each(plantedSecrets)('$form', ({ text, planted }) => {
  expect(text).toContain(planted);
  expect(redact(text)).not.toContain(planted);
  expect(redact(redact(text))).toBe(redact(text));
});

test.each([
  '--authentication-token-webhook=true --authentication-token-webhook-cache-ttl=2m',
  'authorization:\n  mode: Webhook',
  'configMapAndSecretChangeDetectionStrategy: Watch',
  '# basic authentication and bearer tokens are off',
  '/var/lib/kubelet/pki/kubelet.key: mode 0644 -> 0600',
  'https://10.0.0.1:6443/healthz',
  'secrets-encryption: true',
  'kubelatch.yaml:1: password: unknown key',
  'featureGates: {CSIServiceAccountToken: true}',
  'images.example/img@sha256:0011',
  'https://images.example/a/b@next',
  '--token-file /etc/token',
  '0a'.repeat(32),
  'worker.examplecompanyab is NotReady',
])('leaves alone: %s', (text) => {
  expect(redact(text)).toBe(text);
});

describe('redactTree', () => {
  it('masks texts by their key, in lists too, and leaves the rest as it is', () => {
    const tree = { auth: 'b3BzOmh1', tokens: 3, token: ['a', true], note: 'DB_PASS=x', none: null, gone: undefined };
    expect(redactTree(tree)).toEqual({ auth: '***', tokens: 3, token: ['***', true], note: 'DB_PASS=***', none: null });
  });
});

it('masks each time, whatever came before', () => {
  for (const text of ['harmless', 'password: hunter2', 'harmless', 'password: hunter2'])
    expect(redact(text)).toBe(text === 'harmless' ? text : 'password: ***');
});

it('redacts an object that stands in several places wherever it does', () => {
  const shared = { note: 'DB_PASS=abc', list: ['x'] };
  const tree = { token: [shared], other: shared, again: [shared, shared] };
  const one = { note: 'DB_PASS=***', list: ['x'] };
  expect(redactTree(tree)).toEqual({ token: [one], other: one, again: [one, one] });
  expect(redactTree({ token: ['x'], list: ['x'] })).toEqual({ token: ['***'], list: ['x'] });
});
