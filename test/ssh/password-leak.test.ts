/** What came back of a typed password is found in any form that programs on nodes write; pieces of any size are kept whole. */
import { describe, expect, it } from 'vitest';
import { ByteBuffer } from '../../src/ssh/byte-buffer.js';
import { containsPassword } from '../../src/ssh/password-leak.js';

const secret = 'S3cret-of-the-fleet';

describe('a typed password', () => {
  it.each(['', 'x', 'xy', 'xyz'])('is found as it is and in base64 behind %j', (before) => {
    const text = `${before}${secret} and more`;
    expect(containsPassword(Buffer.from(text), secret)).toBe(true);
    expect(containsPassword(Buffer.from(`hostname ${Buffer.from(text).toString('base64')}\n`), secret)).toBe(true);
  });

  it('is not found in other text', () => {
    expect(containsPassword(Buffer.from('S3cret-of-the-flee'), secret)).toBe(false);
    expect(containsPassword(Buffer.from(Buffer.from('S3cret-of-another-fleet').toString('base64')), secret)).toBe(
      false,
    );
    expect(containsPassword(Buffer.from('anything'), undefined)).toBe(false);
  });

  it('that may be a word of the node is not looked for', () => {
    expect(containsPassword(Buffer.from('confirmed'), 'confirmed')).toBe(false);
  });
});

describe('kept bytes', () => {
  it('are those of all pieces', () => {
    const kept = new ByteBuffer();
    const text = 'kubelatch '.repeat(2_000);
    for (const letter of text) kept.add(Buffer.from(letter));
    expect(kept.size).toBe(text.length);
    expect(kept.bytes().toString()).toBe(text);
    expect(kept.indexOf(Buffer.from('kubelatch'), 1)).toBe(10);
    kept.clear();
    expect(kept.bytes()).toHaveLength(0);
  });
});
