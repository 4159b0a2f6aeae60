import { expect, it } from 'vitest';
import { exitText } from '../../src/lib/exit-text.js';

it.each([
  [3, null, 'exited with 3'],
  [null, 'SIGTERM', 'was ended by SIGTERM'],
  [null, null, 'ended without an exit status'],
])('a program with status %j and signal %j %s', (code, signal, said) => {
  expect(exitText(code, signal)).toBe(said);
});
