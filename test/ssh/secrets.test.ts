/** Which questions of a login are for the password. */
import { describe, expect, it } from 'vitest';
import { isPasswordRound } from '../../src/ssh/secrets.js';

describe('isPasswordRound', () => {
  it.each([
    [[{ prompt: 'Password: ', echo: false }], true],
    [[{ prompt: "ops@node1's password:", echo: false }], true],
    [[{ prompt: 'Password: ', echo: true }], false],
    [[{ prompt: 'Verification code: ', echo: false }], false],
    [
      [
        { prompt: 'Password: ', echo: false },
        { prompt: 'Code: ', echo: false },
      ],
      false,
    ],
    [[], false],
  ])('%j: %s', (prompts, want) => {
    expect(isPasswordRound(prompts)).toBe(want);
  });
});
