/** One thing on the node's disk: the value that programs see, and the values that may be found after a power cut. */

/** The value in the lowest four bits, above them one bit for each value that a power cut may leave. */
export type Item = number;

export const item = (value: number): Item => value | (1 << (4 + value));
export const now = (of: Item): number => of & 15;

/** A rename, an unlink or a write that is not flushed: after a power cut it has happened or has not. */
export const put = (of: Item, value: number): Item => (of & ~15) | value | (1 << (4 + value));

/** A power cut may also leave `value`: a file whose name is on the disk and whose content is not. */
export const orLeft = (of: Item, value: number): Item => of | (1 << (4 + value));

/** What is seen is on the disk. */
export const flushed = (of: Item): Item => item(now(of));

/** What a power cut may leave of it. */
export function remains(of: Item): readonly Item[] {
  const found: Item[] = [];
  for (let value = 0, bits = of >> 4; bits > 0; value += 1, bits >>= 1) if ((bits & 1) === 1) found.push(item(value));
  return found;
}

/** The same with other names for its values. */
export function renamed(of: Item, rename: (value: number) => number): Item {
  let result = rename(now(of));
  for (let value = 0, bits = of >> 4; bits > 0; value += 1, bits >>= 1)
    if ((bits & 1) === 1) result |= 1 << (4 + rename(value));
  return result;
}
