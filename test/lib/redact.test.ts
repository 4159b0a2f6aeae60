import { expect, test } from 'vitest';
import { redact } from '../../src/lib/redact.js';

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

test.each([
  '--authentication-token-webhook=true --authentication-token-webhook-cache-ttl=2m',
  'authorization:\n  mode: Webhook',
  'configMapAndSecretChangeDetectionStrategy: Watch',
  '# basic authentication and bearer tokens are off',
  '/var/lib/kubelet/pki/kubelet.key: mode 0644 -> 0600',
  'https://10.0.0.1:6443/healthz',
])('leaves alone: %s', (text) => {
  expect(redact(text)).toBe(text);
});
