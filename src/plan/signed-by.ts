/** Counts the people who signed a saved plan, not the signatures. Pure. */

interface Signed {
  readonly key: string;
  readonly names: readonly string[];
}

/** One name per person. Signatures that share a key or a name count as one person, however many files they wrote. */
export function peopleOf(signatures: readonly Signed[]): readonly string[] {
  let people: { readonly marks: readonly string[]; readonly name: string }[] = [];
  for (const { key, names } of signatures) {
    const marks = [`key ${key}`, ...names.map((name) => `name ${name}`)];
    const same = people.filter((one) => one.marks.some((mark) => marks.includes(mark)));
    const one = { marks: [...marks, ...same.flatMap((other) => other.marks)], name: same[0]?.name ?? names[0] ?? key };
    people = [...people.filter((other) => !same.includes(other)), one];
  }
  return people.map(({ name }) => name);
}
