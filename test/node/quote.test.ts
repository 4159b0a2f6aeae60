/** shellQuote, proven by the shells themselves. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellQuote } from '../../src/node/quote.js';
import { stdinOf } from '../../src/ssh/ssh-session.js';

const SHELLS: readonly (readonly [string, ...string[]])[] = [
  ['dash'],
  ['bash'],
  ['bash', '--posix'],
  ['busybox', 'sh'],
];

// bash takes a first shell on a socket for rshd and reads ~/.bashrc.
const ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', HOME: '/nonexistent', SHLVL: '2' };

/** Any text that can be an argument at all; whole code points, since a lone surrogate is not text in UTF-8. */
const argument = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom(
        "'",
        '"',
        '\\',
        '$',
        '`',
        '\n',
        '\r',
        ' ',
        '\t',
        '!',
        '*',
        '-',
        '~',
        '#',
        ';',
        '&',
        '(',
        'x',
        'é',
        '\u001b',
      ),
      maxLength: 40,
    }),
  )
  .map((text) => text.replaceAll('\0', ''));

const shell = ([command, ...args]: readonly [string, ...string[]], more: readonly string[], input?: string): string => {
  const done = spawnSync(command, [...args, ...more], {
    input: input ?? '',
    encoding: 'utf8',
    env: ENV,
  });
  if (done.status !== 0) throw new Error(`${command}: ${done.error?.message ?? done.stderr}`);
  return done.stdout;
};

describe.each(SHELLS.map((one) => [one.join(' '), one] as const))('%s', (_name, one) => {
  it('reads a quoted word back byte for byte', () => {
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 20 }), (words) => {
        const script = words.map((word) => `printf '%s\\0' ${shellQuote(word)}`).join('; ');
        expect(shell(one, ['-c', script])).toBe(words.map((word) => `${word}\0`).join(''));
      }),
      { numRuns: 60 },
    );
  });

  it('gets script and arguments from stdin as a session sends them', () => {
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 8 }), (words) => {
        const script = `set -eu\nprintf '%s\\0' "$#"\nfor word in "$@"; do printf '%s\\0' "$word"; done\ncat # reads nothing`;
        expect(shell(one, ['-s'], stdinOf(script, words))).toBe(
          [String(words.length), ...words].map((word) => `${word}\0`).join(''),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('runs nothing of a script that was cut off', () => {
    const whole = stdinOf('echo k5w9-ran\necho k5w9-again\n', ['a']);
    for (let length = 0; length < whole.length - ' </dev/null\n'.length; length++) {
      const [command, ...args] = one;
      const { stdout } = spawnSync(command, [...args, '-s'], {
        input: whole.slice(0, length),
        encoding: 'utf8',
        env: ENV,
      });
      expect(stdout).not.toContain('k5w9');
    }
  });
});

it('refuses what no argument can hold', () => {
  expect(() => shellQuote('a\0b')).toThrow('NUL');
});
