/** Seeded spoilings of texts and values: what a hostile or broken sender might make of a good answer. */

/** Numbers from 0 up to 1 that hang on the seed alone (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

type Random = () => number;
export const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

/** Words that have broken readers before. */
const oddWords = [
  ...['', '\0', '__proto__', 'constructor', '\u001b[2J', '\u202e', '\ud800', '*a', '&a [*a]', '<<: *a', '- - - -'],
  ...['{', '[', '"', "'", '%n%n', '${A}', '$A', '\\', '!!binary x', '1e999', '-0', 'NaN', '9'.repeat(400), '0x', '~'],
  ...['\r\n', '\t', '#', '---\n', '...\n', '= = =', '/../../etc/shadow', '[::1]:99999', '2147483648', 'true', 'null'],
  ...['[['.repeat(200), '{a: '.repeat(200), '$A$A$A$A'.repeat(50), '%'.repeat(300), 'x'.repeat(5000), '\n'.repeat(300)],
];

/** One to four changes of a text: cut, doubled, swapped or spoilt. */
export function spoiltText(random: Random, text: string): string {
  let spoilt = text;
  for (let left = 1 + Math.floor(random() * 4); left > 0; left -= 1) spoilt = spoiltOnce(random, spoilt);
  return spoilt;
}

function spoiltOnce(random: Random, text: string): string {
  const [from, to] = [random() * text.length, random() * text.length].map(Math.floor).sort((a, b) => a - b);
  const lines = text.split('\n');
  const at = Math.floor(random() * lines.length);
  switch (Math.floor(random() * 8)) {
    case 0:
      return text.slice(0, from) + text.slice(Math.min(to ?? 0, (from ?? 0) + 40));
    case 1:
      return text.slice(0, to);
    case 2:
      return lines.toSpliced(at, 1).join('\n');
    case 3:
      return lines
        .toSpliced(at, 0, ...Array.from({ length: pick(random, [1, 3, 200]) }, () => lines[at] ?? ''))
        .join('\n');
    case 4:
      return lines
        .toSpliced(
          at,
          1,
          (lines[at] ?? '').replace(/[:= ].*/, (rest) => rest.charAt(0) + pick(random, oddWords)),
        )
        .join('\n');
    case 5:
      return lines.toSpliced(at, 0, pick(random, oddWords)).join('\n');
    case 6:
      return lines.toSpliced(at, 1, `  ${lines[at] ?? ''}`).join('\n');
    default:
      return text.slice(0, from) + pick(random, oddWords) + text.slice(from);
  }
}

const oddValues: readonly unknown[] = [
  ...[null, undefined, true, 0, -1, 1e308, Number.NaN, '', 'x', [], {}, [[[]]], { __proto__: null }, { length: 1e9 }],
  ...[{ toString: 1 }, ['a', 1, null], 'x'.repeat(10_000), { items: 7 }, { metadata: { name: '__proto__' } }],
];

/** A copy of plain data in which one to four places hold something else. */
export function spoiltValue(random: Random, value: unknown): unknown {
  let spoilt = structuredClone(value);
  for (let left = 1 + Math.floor(random() * 4); left > 0; left -= 1) spoilt = spoiltPlace(random, spoilt);
  return spoilt;
}

function spoiltPlace(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.15) return pick(random, oddValues);
  if (Array.isArray(value)) {
    if (value.length === 0) return [pick(random, oddValues)];
    const at = Math.floor(random() * value.length);
    return value.with(at, spoiltPlace(random, value[at]));
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return { x: pick(random, oddValues) };
  const key = pick(random, keys);
  return { ...value, [key]: spoiltPlace(random, (value as Record<string, unknown>)[key]) };
}
