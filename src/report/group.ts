/** Hosts that share a result, told once. */

/** Items with the same key together; groups and items in the order in which they first appear. */
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

/** A message without what differs from host to host: its name, addresses with ports, numbers. Only for grouping, never for a decision. */
export function skeleton(message: string, name: string): string {
  return message
    .replaceAll(name, '#')
    .replace(/\S+:\d+\b/g, '#')
    .replace(/\d+/g, '#');
}
