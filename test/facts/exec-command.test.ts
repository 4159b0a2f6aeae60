import { describe, expect, it } from 'vitest';
import { parseExec } from '../../src/facts/exec-command.js';
import { spanOf } from '../../src/facts/spanned.js';

const parse = (text: string, systemd: number | undefined = 252): ReturnType<typeof parseExec> =>
  parseExec(spanOf(text, 0), { unit: 'kubelet.service', hostname: 'n1', bootId: 'b', systemd });
const told = (text: string, systemd?: number): unknown => {
  const { commands, error } = parse(text, systemd);
  const words = commands.map((one) => [one.program.text, ...one.words.map((word) => word.text)]);
  return error ?? words;
};

describe('parseExec', () => {
  it.each<[string, unknown]>([
    ['/k --a "b c"', [['/k', '/k', '--a', 'b c']]],
    ['-/k a', [['/k', '/k', 'a']]],
    ['@/k name a', [['/k', 'name', 'a']]],
    ['-@:+/k name a', [['/k', 'name', 'a']]],
    ['!!/k', [['/k', '/k']]],
    ['kubelet --a', [['kubelet', 'kubelet', '--a']]],
    ['/usr/bin/%p %H', [['/usr/bin/kubelet', '/usr/bin/kubelet', 'n1']]],
    [
      '/a x ; /b y',
      [
        ['/a', '/a', 'x'],
        ['/b', '/b', 'y'],
      ],
    ],
    ['/a x ;', [['/a', '/a', 'x']]],
    ['; /a', [['/a', '/a']]],
    ['/a ";" \\; b; ;c', [['/a', '/a', ';', ';', 'b;', ';c']]],
    // A first word that cannot be read is passed over.
    ['"/k a', []],
    ['', []],
  ])('%s', (text, expected) => {
    expect(told(text)).toEqual(expected);
  });

  it.each([
    ['!!!/k', /relative/],
    ['bin/kubelet', /relative/],
    ['/usr/bin/', /folder/],
    ['.', /folder/],
    ['""', /the program is missing/],
    ['"/k\\x01"', /control/],
    [`/${'x'.repeat(256)}`, /too long/],
    ['/k "a', /quote/],
    ["/k a' b", /quote/],
    ['/k %Z', /unknown specifier %Z/],
    ['/%Z', /unknown specifier %Z/],
    ['@/k', /the program name after @ is missing/],
    ['|/k', /relative/],
  ])('%s is an error', (text, message) => {
    expect(told(text)).toMatch(message);
  });

  it.each(['-/k "a', '-/k %Z', '-bin/k', '--/k', '- /k'])('%s is passed over', (text) => {
    expect(told(text)).toEqual([]);
  });

  it('keeps the commands before an error', () => {
    expect(parse('/a ; /b %Z')).toMatchObject({
      commands: [{ program: { text: '/a' } }],
      error: 'unknown specifier %Z',
    });
  });

  it('expands no variables behind :', () => {
    expect(parse(':/k $A').commands[0]?.expands).toBe(false);
    expect(parse('/k $A').commands[0]?.expands).toBe(true);
  });

  it('says what it cannot know', () => {
    expect(parse('/k a=%m b').commands[0]?.words.map(({ unclear }) => unclear !== undefined)).toEqual([
      false,
      true,
      false,
    ]);
    expect(parse('/k \\xff').commands[0]?.words[1]?.unclear).toMatch(/byte/);
    // A prefix of newer versions.
    expect(parse('|kubelet', 258)).toMatchObject({
      commands: [],
      unclear: 'the prefix | starts a shell, which decides the arguments',
    });
  });

  it('gives each word its extent, prefixes, quotes and specifiers included', () => {
    const text = '-/k  "a b" --x=%H \\; c';
    const found = parse(text).commands[0]?.words.map(({ start, end }) => text.slice(start, end));
    expect(found).toEqual(['-/k', '"a b"', '--x=%H', '\\;', 'c']);
  });
});
