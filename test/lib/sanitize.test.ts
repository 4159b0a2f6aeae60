/** What another machine wrote, before a person sees it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manyLines, oneLine } from '../../src/lib/sanitize.js';

describe('oneLine', () => {
  it.each([
    ['plain text', 'plain text'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007after', 'after'],
    ['\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u009b31mred', 'red'],
    ['two\r\nlines\tand a tab', 'two lines and a tab'],
    ['back\u0008space', 'back space'],
    ['evil\u202etxt.exe', 'evil txt.exe'],
    ['\u001bPq#0;2\u001b\\x', 'x'],
    ['soft\u00adhyphen', 'soft hyphen'],
    ['tag\u{e0041}s', 'tag s'],
    ['arabic\u061cmark', 'arabic mark'],
    ['mongolian\u180eseparator', 'mongolian separator'],
    ['Grüße 日本', 'Grüße 日本'],
  ])('%j gives %j', (text, want) => {
    expect(oneLine(text)).toBe(want);
  });

  it('caps the length without cutting a character in two', () => {
    expect(oneLine('a'.repeat(301))).toHaveLength(300);
    expect(oneLine('abcd😀efgh', 6)).toBe('abcd…');
    expect(oneLine('abcd', 4)).toBe('abcd');
  });

  it('never lets a control character or an escape through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (text, max) => {
        const line = oneLine(text, max);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(line.length).toBeLessThanOrEqual(max);
      }),
    );
  });
});

describe('manyLines', () => {
  it('keeps line feeds and tabs alone', () => {
    expect(manyLines('a\tb\r\n\u001b[1mc\u001b[0m\u0007\n')).toBe('a\tb\nc\n');
  });

  it('takes out what cannot be seen', () => {
    expect(manyLines('a\u00adb\nc\u{e0041}\u200bd\u061c')).toBe('ab\ncd');
  });

  it('never lets another control character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(manyLines(text).replace(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });
});
