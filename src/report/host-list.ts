/** Compact lists of host names in the syntax of `--limit`: `n1,n2`, `node[01:40]`. */
import { oneLine } from '../lib/sanitize.js';

interface Numbered {
  readonly name: string;
  readonly digits: string;
}

/** Fewer consecutive names than this are written out. */
const shortestRange = 3;

/** All names, comma-separated, consecutive numbers as ranges; after `most` pieces only the total count follows. */
export function hostList(names: readonly string[], most = 12): string {
  const pieces = compress(names);
  if (pieces.length <= most) return pieces.join(',');
  return `${pieces.slice(0, most).join(',')},… (${names.length} hosts)`;
}

/** One piece per range or single name; names with the same text around their number stay together, in order of appearance. */
export function compress(names: readonly string[]): string[] {
  const families = new Map<string, { before: string; after: string; members: Numbered[] }>();
  for (const raw of new Set(names)) {
    const name = oneLine(raw);
    const [, before = name, digits = '', after = ''] = /^([^[\]]*?)(\d{1,9})([^\d[\]]*)$/.exec(name) ?? [];
    const key = digits === '' ? name : `${before}\0${after}`;
    const family = families.get(key) ?? { before, after, members: [] };
    families.set(key, family);
    family.members.push({ name, digits });
  }
  return [...families.values()].flatMap(({ before, after, members }) => {
    members.sort((a, b) => Number(a.digits) - Number(b.digits) || a.digits.length - b.digits.length);
    return runsOf(members).flatMap((run) => {
      const [first, last] = [run[0]?.digits ?? '', run.at(-1)?.digits ?? ''];
      return run.length < shortestRange ? run.map(({ name }) => name) : [`${before}[${first}:${last}]${after}`];
    });
  });
}

function runsOf(members: readonly Numbered[]): Numbered[][] {
  const runs: Numbered[][] = [];
  for (const member of members) {
    const run = runs.at(-1);
    const [first, last] = [run?.[0], run?.at(-1)];
    if (
      run !== undefined &&
      first !== undefined &&
      last !== undefined &&
      follows(first.digits, last.digits, member.digits)
    )
      run.push(member);
    else runs.push([member]);
  }
  return runs;
}

/** A number with leading zeros continues only a number of the same length, as in inventory ranges. */
function follows(first: string, last: string, next: string): boolean {
  if (last === '' || Number(next) !== Number(last) + 1) return false;
  const padded = [first, next].some((digits) => digits.length > 1 && digits.startsWith('0'));
  return !padded || first.length === next.length;
}
