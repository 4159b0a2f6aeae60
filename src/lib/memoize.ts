/** Caches the results of a pure function, because a plan parses the same files again after every step. */

/** @param maxTexts size of the cache; the oldest entry is removed first */
export function memoize<T>(read: (text: string) => T, maxTexts: number): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = read(text);
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size >= maxTexts) known.delete(oldest);
    known.set(text, made);
    return made;
  };
}
