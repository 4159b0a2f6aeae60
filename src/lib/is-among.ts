/** Narrows a string to the literals of a list. */
export const isAmong = <T extends string>(list: readonly T[], text: string): text is T =>
  (list as readonly string[]).includes(text);
