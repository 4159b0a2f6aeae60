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

/** The same for a function of two objects that nobody changes; a result goes with them. */
export function memoizePair<A extends object, B extends object, T>(
  make: (one: A, other: B) => T,
): (one: A, other: B) => T {
  const known = new WeakMap<A, WeakMap<B, { readonly made: T }>>();
  return (one, other) => {
    const ofOne = known.get(one) ?? new WeakMap<B, { readonly made: T }>();
    known.set(one, ofOne);
    const found = ofOne.get(other) ?? { made: make(one, other) };
    ofOne.set(other, found);
    return found.made;
  };
}
