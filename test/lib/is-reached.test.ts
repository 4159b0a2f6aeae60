import { expect, it } from 'vitest';
import { isReached } from '../../src/lib/is-reached.js';
import type { HostErrorKind } from '../../src/ssh/errors.js';

it.each<[HostErrorKind, boolean]>([
  ['sudo-password', true],
  ['sudo', true],
  ['script', true],
  ['output', true],
  ['auth', false],
  ['host-key-changed', false],
  ['lost', false],
  ['deadline', false],
])('%s: %s', (kind, reached) => {
  expect(isReached({ kind })).toBe(reached);
});
