import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { removeWords, replaceWord } from '../../src/edit/flag-edit.js';
import { parseEnvironmentFile } from '../../src/facts/environment-file.js';
import { type Word, splitWords } from '../../src/facts/spanned.js';
import { environmentText } from './flag-text.js';

const name = 'KUBELET_EXTRA_ARGS';

const wordsOf = (text: string): Word[] => {
  const found = parseEnvironmentFile(text, 252).filter((one) => one.name === name);
  return found.flatMap((one) => splitWords(one.value, 'variable'));
};
const others = (text: string): string[] =>
  parseEnvironmentFile(text, 252).map((one) => (one.name === name ? name : `${one.name}=${one.value.text}`));

/** Each piece of `before` without which it is `after`: where the text around repeats itself there are several. */
function cuts(before: string, after: string): string[] {
  const length = before.length - after.length;
  const starts = Array.from({ length: after.length + 1 }, (_, start) => start);
  return starts
    .filter((start) => before.slice(0, start) + before.slice(start + length) === after)
    .map((start) => before.slice(start, start + length));
}

const runs = { numRuns: 2000 };

describe('flags in environment files', () => {
  it('are read as the kubelet gets them', () => {
    fc.assert(
      fc.property(environmentText, ({ text, flags }) => {
        expect(wordsOf(text).map((word) => word.text)).toEqual(flags.map((flag) => flag.argument));
      }),
      runs,
    );
  });

  it('are removed one by one: the rest keeps order, values and every other byte', () => {
    fc.assert(
      fc.property(environmentText, fc.nat(), ({ text, flags }, seed) => {
        const index = seed % flags.length;
        const word = wordsOf(text)[index];
        expect(word).toBeDefined();
        const after = removeWords(text, word === undefined ? [] : [word]);
        const rest = flags.filter((_, other) => other !== index);
        expect(wordsOf(after).map((one) => one.text)).toEqual(rest.map((flag) => flag.argument));
        expect(others(after)).toEqual(others(text));
        expect(cuts(text, after).map((piece) => piece.replace(/^[ \t]+|[ \t]+$/g, ''))).toContain(flags[index]?.raw);
      }),
      runs,
    );
  });

  it('are removed several at once', () => {
    fc.assert(
      fc.property(environmentText, fc.infiniteStream(fc.boolean()), ({ text, flags }, choice) => {
        const gone = flags.map(() => choice.next().value === true);
        const words = wordsOf(text);
        const after = removeWords(
          text,
          words.filter((_, index) => gone[index]),
        );
        const rest = flags.filter((_, index) => gone[index] !== true);
        expect(wordsOf(after).map((one) => one.text)).toEqual(rest.map((flag) => flag.argument));
        expect(others(after)).toEqual(others(text));
      }),
      runs,
    );
  });

  it('are replaced where they stand', () => {
    fc.assert(
      fc.property(environmentText, fc.nat(), ({ text, flags }, seed) => {
        const index = seed % flags.length;
        const word = wordsOf(text)[index];
        const after = word === undefined ? text : replaceWord(text, word, '--new=1');
        const wanted = flags.map((flag, other) => (other === index ? '--new=1' : flag.argument));
        expect(wordsOf(after).map((one) => one.text)).toEqual(wanted);
        expect(after.length).toBe(text.length - (flags[index]?.raw.length ?? 0) + '--new=1'.length);
      }),
      runs,
    );
  });
});
