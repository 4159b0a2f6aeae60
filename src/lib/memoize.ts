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

/** The same for a function of an object that nobody changes; a result goes with it. */
export function memoizeObject<A extends object, T>(make: (one: A) => T): (one: A) => T {
  const known = new WeakMap<A, { readonly made: T }>();
  return (one) => {
    const found = known.get(one) ?? { made: make(one) };
    known.set(one, found);
    return found.made;
  };
}

/** The same for a function of two such objects. */
export function memoizePair<A extends object, B extends object, T>(
  make: (one: A, other: B) => T,
): (one: A, other: B) => T {
  const ofOne = memoizeObject((one: A) => memoizeObject((other: B) => make(one, other)));
  return (one, other) => ofOne(one)(other);
}
