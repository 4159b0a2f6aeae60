import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblems, pathText, readYaml } from '../../src/lib/yaml-source.js';
import type { Path } from '../../src/lib/yaml-source.js';

describe('where', () => {
  const source = readYaml('f', 'a:\n  b:\n    - x\n    - c: 1\n\n# note\nd: &e {g: 1}\nh:\n  <<: *e\n  i: *e\n');

  it.each<[Path, number, number]>([
    [[], 1, 1],
    [['a'], 1, 1],
    [['a', 'b'], 2, 3],
    [['a', 'b', 1], 4, 7],
    [['a', 'b', 1, 'c'], 4, 7],
    [['d', 'g'], 7, 8],
    [['a', 'missing', 'deeper'], 1, 1],
    [['h', 'g'], 8, 1],
    [['h', 'i', 'g'], 10, 3],
    [['nothing'], 1, 1],
  ])('%j', (path, line, column) => {
    expect(source.where(path)).toEqual({ line, column });
  });

  it('finds the line of every key of a generated file', () => {
    const key = fc.stringMatching(/^[a-z]{1,6}$/);
    fc.assert(
      fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 20 }), fc.nat(3), (keys, blanks) => {
        const text = `top:\n${keys.map((one) => `${'\n'.repeat(blanks)}  "${one}": 1\n`).join('')}`;
        const generated = readYaml('f', text);
        for (const [i, one] of keys.entries())
          expect(generated.where(['top', one]).line).toBe(2 + i * (blanks + 1) + blanks);
      }),
    );
  });
});

describe('readYaml', () => {
  it('reads 1.2 unless told otherwise, and 1.1 without times and dates', () => {
    const text = 'a: yes\nb: 010\nc: 22:30\nd: 2024-01-01\ne: 1:30.5\n';
    expect(readYaml('f', text).value).toEqual({ a: 'yes', b: 10, c: '22:30', d: '2024-01-01', e: '1:30.5' });
    expect(readYaml('f', text, '1.1').value).toEqual({ a: true, b: 8, c: '22:30', d: '2024-01-01', e: '1:30.5' });
  });

  it.each([
    ['a: [1', 1],
    ['a: 1\nb: *nothing', 2],
    ['a: !mine 1', 1],
    ['a: 1\n b: 2', 1],
    [
      `a: &a [x]\n${Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [${`*${i === 0 ? 'a' : `b${i - 1}`},`.repeat(9)}]`).join('\n')}`,
      1,
    ],
    ['['.repeat(20_000), 1],
    [`a: ${'x'.repeat(5_000_000)}`, 1],
  ])('reports %.20j as a problem', (text, line) => {
    const source = readYaml('f', text);
    expect(source.value).toBeUndefined();
    expect(source.problems.length).toBeGreaterThan(0);
    expect(formatProblems(source, source.problems)[0]).toMatch(new RegExp(`^f:${line}: .+$`));
  });

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(readYaml('f', text).problems)));
  });

  it('does not let a key reach the prototype of objects', () => {
    expect(readYaml('f', '__proto__: {polluted: 1}').problems[0]?.message).toContain('cannot be a name');
    expect(Object.keys(readYaml('f', '__proto__: {polluted: 1}', '1.1').value as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('formatProblems', () => {
  it('goes by the lines of the file, each problem once', () => {
    const source = readYaml('f.yaml', 'a: 1\nb: 2\n');
    const problems = [
      { path: ['b'], message: 'second' },
      { path: ['a'], message: 'first' },
      { path: ['b'], message: 'second' },
    ];
    expect(formatProblems(source, problems)).toEqual(['f.yaml:1: a: first', 'f.yaml:2: b: second']);
  });

  it('writes paths that can be read back', () => {
    expect(pathText(['groups', 'w', 'hosts', 'n[1:3]'])).toBe('groups.w.hosts.n[1:3]');
    expect(pathText(['rules', 0, 'a b', 'x.y'])).toBe('rules[0]."a b"."x.y"');
  });
});
