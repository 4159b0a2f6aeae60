import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUnitFile } from '../../src/facts/unit-file.js';

const read = (text: string): [string, string, string, number][] =>
  parseUnitFile(text).map(({ section, key, value, line }) => [section, key, value.text, line]);

describe('parseUnitFile', () => {
  it.each<[string, string, [string, string, string, number][]]>([
    [
      'sections',
      '[Unit]\nA=1\n[Service]\nA = 2 \n',
      [
        ['Unit', 'A', '1', 2],
        ['Service', 'A', '2', 4],
      ],
    ],
    ['comments and blank lines', '# x\n\n[S]\n; A=1\n  # A=2\nA=3 # no comment\n', [['S', 'A', '3 # no comment', 6]]],
    ['an empty value', '[S]\nExecStart=\n', [['S', 'ExecStart', '', 2]]],
    [
      'continuation',
      '[S]\nA=b \\\n    c \\\n  d\nB=1\n',
      [
        ['S', 'A', 'b      c    d', 2],
        ['S', 'B', '1', 5],
      ],
    ],
    [
      'comments between continuation lines',
      '[S]\nA=b \\\n# x \\\n  ; y\n  c\nB=1\n',
      [
        ['S', 'A', 'b    c', 2],
        ['S', 'B', '1', 6],
      ],
    ],
    [
      'a blank line ends a continuation',
      '[S]\nA=b \\\n\nB=1\n',
      [
        ['S', 'A', 'b', 2],
        ['S', 'B', '1', 4],
      ],
    ],
    [
      'an escaped backslash at the end',
      '[S]\nA=b\\\\\nB=1\n',
      [
        ['S', 'A', 'b\\\\', 2],
        ['S', 'B', '1', 3],
      ],
    ],
    [
      'CRLF',
      '[S]\r\nA=b \\\r\n  c\r\nB=1\r\n',
      [
        ['S', 'A', 'b    c', 2],
        ['S', 'B', '1', 4],
      ],
    ],
    ['a continuation at the end of the file', '[S]\nA=b \\', [['S', 'A', 'b', 2]]],
    ['lines that are nothing', '[S]\njunk\n=1\nA=1\n', [['S', 'A', '1', 4]]],
  ])('%s', (_, text, found) => {
    expect(read(text)).toEqual(found);
  });

  it('knows where each character and each directive stands', () => {
    const pieces = fc.constantFrom('[S]\n', 'A', '=', ' ', '"', '\\', '\n', '\\\n', '\r\n', '#', 'x', 'B=');
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 30 }).map((list) => list.join('')),
        (text) => {
          for (const { value, start, end, line, key } of parseUnitFile(text)) {
            const there = value.at.map((offset) => text.charAt(offset)).join('');
            expect(there.replaceAll('\\', ' ')).toBe(value.text.replaceAll('\\', ' '));
            const whole = text.slice(start, end).replace(/\\(\r\n|\n\r|\n|\r)(\s*#.*(\r\n|\n\r|\n|\r))*/g, ' ');
            expect(whole).toContain(key);
            expect(value.at.every((offset) => offset >= start && offset < end)).toBe(true);
            expect(text.slice(0, start).split(/\r\n|\n\r|\n|\r/)).toHaveLength(line);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
