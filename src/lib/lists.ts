/** Removes duplicates, sorts by bytes, and cuts into pieces. Pure. */

/** Keeps the first of equal members. */
export const unique = <T>(list: readonly T[]): T[] => [...new Set(list)];

/** Compares by bytes, as `LC_ALL=C sort`, systemd and Go do. */
export const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

/** Pieces of at most `most` members, in order; none of an empty list. */
export const piecesOf = <T>(list: readonly T[], most: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(list.length / most) }, (_, at) => list.slice(at * most, (at + 1) * most));
