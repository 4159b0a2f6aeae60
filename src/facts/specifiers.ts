/** Expands the specifiers of a unit file (%n, %H ...) if their value is certain (systemd.unit(5); tested with systemd 252 and 257). */
import { type Spanned, endAt } from './spanned.js';

/** What is known of the unit and its node. */
export interface SpecifierFacts {
  /** The unit's own name. Undefined if it has several, because the one that counts is not known. */
  readonly unit: string | undefined;
  readonly hostname: string | undefined;
  readonly bootId: string | undefined;
  /** systemd's version, such as 252. */
  readonly systemd: number | undefined;
}

export interface Expansion extends Spanned {
  /** `invalid`: systemd rejects the text. `unknown`: systemd expands a specifier whose value is not known here, and `text` keeps it. */
  readonly problem?: 'invalid' | 'unknown' | undefined;
  /** The specifier with the problem, such as `%Z`. */
  readonly specifier?: string | undefined;
}

/** Specifiers of all versions in use. Later ones are certain from 252 on. */
const classic = 'nNpPiIfHbuUhtmvscrR';
const certainFrom = 252;
/** The newest version whose source was checked. */
const newestChecked = 257;
/** Folders and users of the system's service manager. */
const fixed: Readonly<Record<string, string>> = {
  ...{ u: 'root', U: '0', g: 'root', G: '0', h: '/root', t: '/run', S: '/var/lib', C: '/var/cache' },
  ...{ L: '/var/log', E: '/etc', T: '/tmp', V: '/var/tmp' },
};
/** Specifiers of systemd whose values are not among the facts. */
const unresolved = 'aAcBDmMoqrRsvwWyY';

export function expandSpecifiers(source: Spanned, facts: SpecifierFacts): Expansion {
  const { text } = source;
  if (!text.includes('%')) return source;
  const result = { text: '', at: [] as number[], ends: [] as number[] };
  let problem: Pick<Expansion, 'problem' | 'specifier'> = {};
  const keep = (piece: string, from: number, to: number): void => {
    result.text += piece;
    for (let count = 0; count < piece.length; count += 1) {
      result.at.push(source.at[from] ?? 0);
      result.ends.push(endAt(source, to));
    }
  };
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index + 1);
    if (text.charAt(index) !== '%' || !/^[A-Za-z0-9%]$/.test(letter)) {
      keep(text.charAt(index), index, index);
      continue;
    }
    const meaning = letter === '%' ? '%' : meaningOf(letter, facts);
    if (typeof meaning !== 'string' && problem.problem !== 'invalid') {
      problem = { problem: meaning.problem, specifier: `%${letter}` };
    }
    keep(typeof meaning === 'string' ? meaning : `%${letter}`, index, index + 1);
    index += 1;
  }
  return { ...result, ...problem };
}

function meaningOf(letter: string, facts: SpecifierFacts): string | { readonly problem: 'invalid' | 'unknown' } {
  const { systemd, hostname, bootId, unit } = facts;
  const unknown = { problem: 'unknown' } as const;
  if (!classic.includes(letter) && (systemd === undefined || systemd < certainFrom)) return unknown;
  if (unresolved.includes(letter)) return unknown;
  if (letter === 'H') return hostname ?? unknown;
  if (letter === 'l') return hostname?.split('.')[0] ?? unknown;
  if (letter === 'b') return bootId?.replaceAll('-', '') ?? unknown;
  const own = unit === undefined ? undefined : ofName(letter, unit);
  if (own !== undefined) return own;
  if ('nNpPiIjJfd'.includes(letter)) return unknown;
  return fixed[letter] ?? (systemd !== undefined && systemd <= newestChecked ? { problem: 'invalid' } : unknown);
}

/** Specifiers from the unit's name: `prefix@instance.service`, or `prefix.service`. */
function ofName(letter: string, unit: string): string | undefined {
  const whole = unit.replace(/\.[^.]*$/, '');
  const at = whole.indexOf('@');
  const prefix = at < 0 ? whole : whole.slice(0, at);
  const instance = at < 0 ? '' : whole.slice(at + 1);
  const last = prefix.slice(prefix.lastIndexOf('-') + 1);
  const meanings: Readonly<Record<string, string>> = {
    ...{ n: unit, N: whole, p: prefix, P: unescaped(prefix), i: instance, I: unescaped(instance) },
    ...{ j: last, J: unescaped(last), f: `/${unescaped(at < 0 ? prefix : instance)}` },
    d: `/run/credentials/${unit}`,
  };
  return meanings[letter];
}

/** In a unit's name `-` stands for `/`, and other characters are written as codes. */
function unescaped(name: string): string {
  const bytes = name
    .replaceAll('-', '/')
    .replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return /[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}
