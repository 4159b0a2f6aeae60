/** Groups hosts that have the same result. */

/** Groups items by key; groups and items keep the order of first appearance. */
export function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** A message with the host name, `address:port` and numbers replaced by `#`. Use it for grouping only, never for a decision. */
export function messagePattern(message: string, name: string): string {
  return message
    .replaceAll(name, '#')
    .replace(/\S+:\d+\b/g, '#')
    .replace(/\d+/g, '#');
}
