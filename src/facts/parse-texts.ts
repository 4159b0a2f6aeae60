/** The words of the probe's answer, and the texts that come after its records. */

/** Decodes a word of src/node/probe-words.sh: itself after a =, with % for blanks after a ~, or base64 that may end with a full stop. */
export function decode(word: string): string {
  if (word.startsWith('=')) return word.slice(1);
  if (word.startsWith('~')) return word.slice(1).replaceAll('%', ' ');
  return Buffer.from(word.replace(/\.$/, ''), 'base64').toString('utf8');
}

/**
 * Splits texts that are each followed by `mark` and a newline.
 * @param sizes the bytes of each text, where they are known: such a text may hold the mark
 * @returns the texts in their order; undefined for those that are missing at the end
 */
export function splitTexts(
  bytes: Buffer,
  sizes: readonly (number | undefined)[],
  mark: string,
): readonly (Buffer | undefined)[] {
  if (mark === '') return sizes.map(() => undefined);
  const end = Buffer.from(`${mark}\n`);
  let start = 0;
  return sizes.map((size) => {
    const isWhole = size !== undefined && bytes.subarray(start + size, start + size + end.length).equals(end);
    const stop = isWhole ? start + size : bytes.indexOf(end, start);
    if (stop < 0) {
      start = bytes.length;
      return undefined;
    }
    const text = bytes.subarray(start, stop);
    start = stop + end.length;
    return text;
  });
}
