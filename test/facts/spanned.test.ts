import { describe, expect, it } from 'vitest';
import { lineAt, spanOf, splitWords } from '../../src/facts/spanned.js';

const words = (text: string, from: 'exec' | 'environment' | 'variable'): string[] =>
  splitWords(spanOf(text, 0), from).map((word) => word.text);

describe('splitWords', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['  a\tb \n c ', ['a', 'b', 'c']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['--x="a b" --y=\'c\'d', ['--x=a b', '--y=cd']],
    [`"it's" 'say "x"'`, ["it's", 'say "x"']],
    ['""', ['']],
    ['"a \\" b"', ['a " b']],
    ["'a \\' b'", ["a ' b"]],
    ['a\\\\b', ['a\\b']],
  ])('%j', (text, expected) => {
    expect(words(text, 'exec')).toEqual(expected);
    expect(words(text, 'variable')).toEqual(expected);
  });

  it('knows what a backslash means in a unit, and in a variable', () => {
    expect(words('a\\sb\\tc \\q', 'exec')).toEqual(['a b\tc', '\\q']);
    expect(words('a\\sb\\tc \\q', 'variable')).toEqual(['asbtc', 'q']);
    expect(words('\\x41\\101 \\ b', 'exec')).toEqual(['AA', '\\ b']);
    expect(words('a \\', 'variable')).toEqual(['a', '']);
  });

  it('drops from Environment= what systemd cannot read, and everything after it', () => {
    expect(words('A=1 B=\\q C=3', 'environment')).toEqual(['A=1']);
    expect(words('A=1 "B=2', 'environment')).toEqual(['A=1']);
    expect(words('A=1 "B=2', 'variable')).toEqual(['A=1', 'B=2']);
  });

  it('gives the extent with quotes and escapes', () => {
    const text = 'ab "c d" \\e f';
    const found = splitWords(spanOf(text, 100), 'exec');
    expect(found.map(({ start, end }) => text.slice(start - 100, end - 100))).toEqual(['ab', '"c d"', '\\e', 'f']);
  });
});

describe('lineAt', () => {
  it.each([
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 3],
    [99, 4],
  ])('%i -> %i', (offset, line) => {
    expect(lineAt('a\n\nb\n', offset)).toBe(line);
  });
});
