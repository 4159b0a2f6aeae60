/** Messages on stderr: wrapped at words on a terminal, whole in a pipe. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sayOn } from '../../src/cli/say.js';
import { widthOf } from '../../src/report/layout.js';

function said(text: string, terminal: { readonly isTTY: boolean; readonly columns?: number }): string {
  let out = '';
  sayOn({ ...terminal, write: (part: string) => (out += part) !== '' } as unknown as NodeJS.WriteStream, text);
  return out;
}

const error = 'kubelatch: inventory.yaml:3:5: unknown key "hosst", did you mean "hosts"? Unknown keys are errors';

it('hangs below the message on a terminal, and a command stays whole on a line of its own', () => {
  expect(said(error, { isTTY: true, columns: 40 }).split('\n')).toEqual([
    'kubelatch: inventory.yaml:3:5: unknown',
    '  key "hosst", did you mean "hosts"?',
    '  Unknown keys are errors',
    '',
  ]);
  const hint = '  to list all hosts: kubelatch inventory -i fleets/eu/inventory.yaml';
  expect(said(hint, { isTTY: true, columns: 40 })).toBe(
    '  to list all hosts:\n  kubelatch inventory -i fleets/eu/inventory.yaml\n',
  );
  expect(said(hint, { isTTY: true, columns: 80 })).toBe(`${hint}\n`);
});

it('is one line in a pipe, however long', () => {
  const long = `${error} ${'and more '.repeat(40)}: kubelatch inventory`;
  expect(said(long, { isTTY: false })).toBe(`${long}\n`);
});

it.each([40, 80, 120])('fits a terminal of %i columns, and loses no word', (columns) => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '/'), minLength: 1, maxLength: 30 });
  const sentence = fc.array(word, { minLength: 1, maxLength: 30 }).map((words) => words.join(' '));
  fc.assert(
    fc.property(sentence, fc.constantFrom('kubelatch: ', '  ', '', '! '), (text, first) => {
      const lines = said(first + text, { isTTY: true, columns })
        .trimEnd()
        .split('\n');
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      expect(lines.join(' ').split(/ +/).filter(Boolean)).toEqual((first + text).split(/ +/).filter(Boolean));
    }),
  );
});
