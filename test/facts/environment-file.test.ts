import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEnvironmentFile } from '../../src/facts/environment-file.js';

const read = (text: string): [string, string, number][] =>
  parseEnvironmentFile(text, 252).map(({ name, value, line }) => [name, value.text, line]);

describe('parseEnvironmentFile', () => {
  it.each<[string, string, [string, string, number][]]>([
    [
      'plain',
      'A=1\nB=2',
      [
        ['A', '1', 1],
        ['B', '2', 2],
      ],
    ],
    [
      'the same name twice',
      'A=1\n\nA=2\n',
      [
        ['A', '1', 1],
        ['A', '2', 3],
      ],
    ],
    [
      'comments and lines that are no assignment',
      '# A=1\n; B=2\n  # C=3\njunk\nexport D=4\n1E=5\nF=6\n',
      [['F', '6', 7]],
    ],
    [
      'blanks around',
      '  A = b c \t\nB=\n',
      [
        ['A', 'b c', 1],
        ['B', '', 2],
      ],
    ],
    ['double quotes', 'A="b  c # d"  \n', [['A', 'b  c # d', 1]]],
    ['single quotes keep backslashes', "A='b \\\" \\n'\n", [['A', 'b \\" \\n', 1]]],
    ['escapes in double quotes', 'A="\\"b\\" \\$c \\n"\n', [['A', '"b" $c \\n', 1]]],
    ['escapes without quotes', 'A=\\"b\\ c\\n\n', [['A', '"b cn', 1]]],
    ['quotes in the middle belong to the value', 'A=--x="y z" --w\n', [['A', '--x="y z" --w', 1]]],
    ['quoted pieces are joined', 'A="b " \'c\'\n', [['A', 'b c', 1]]],
    [
      'a quoted value over lines',
      'A="b\nc"\nB=1\n',
      [
        ['A', 'b\nc', 1],
        ['B', '1', 3],
      ],
    ],
    [
      'continuation',
      'A=b \\\n  c\nB="d \\\n  e"\n',
      [
        ['A', 'b   c', 1],
        ['B', 'd   e', 3],
      ],
    ],
    [
      'a comment in a continued value is text',
      'A=b \\\n# c\nB=1\n',
      [
        ['A', 'b # c', 1],
        ['B', '1', 3],
      ],
    ],
    [
      'CRLF',
      'A=1\r\nB="2"\r\n',
      [
        ['A', '1', 1],
        ['B', '2', 2],
      ],
    ],
    ['a quote that is never closed', 'A="b\nB=1\n', [['A', 'b\nB=1\n', 1]]],
    ['a backslash at the end', 'A=b\\', [['A', 'b', 1]]],
  ])('%s', (_, text, found) => {
    expect(read(text)).toEqual(found);
  });

  it('knows where each character stands', () => {
    const pieces = fc.constantFrom('A', '=', ' ', '"', "'", '\\', '\n', '\r', '#', 'x', 'B=');
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 30 }).map((list) => list.join('')),
        (text) => {
          for (const { value } of parseEnvironmentFile(text, 252)) {
            expect(value.at.map((offset) => text.charAt(offset)).join('')).toBe(value.text);
            expect(value.at.every((offset, index) => index === 0 || offset > (value.at[index - 1] ?? 0))).toBe(true);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
