/** Shell patterns: `*`, `?` and `[...]`; what is quoted means itself. */

export interface Piece {
  readonly text: string;
  readonly quoted: boolean;
}

export const hasPattern = (pieces: readonly Piece[]): boolean =>
  pieces.some(({ text, quoted }) => !quoted && /[*?[]/.test(text));

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
const compiled = new Map<string, RegExp>();
const known = new WeakMap<readonly Piece[], RegExp>();

/** `inPath`: a star ends at a slash. */
export function regexOf(pieces: readonly Piece[], inPath = false): RegExp {
  const made = inPath ? undefined : known.get(pieces);
  if (made !== undefined) return made;
  const regex = compiledFrom(pieces, inPath);
  if (!inPath) known.set(pieces, regex);
  return regex;
}

function compiledFrom(pieces: readonly Piece[], inPath: boolean): RegExp {
  let source = '';
  for (const { text, quoted } of pieces) source += quoted ? escaped(text) : sourceOf(text, inPath);
  const key = `${source} ${inPath ? 'path' : ''}`;
  const regex = compiled.get(key) ?? new RegExp(`^(?:${source})$`);
  compiled.set(key, regex);
  return regex;
}

function sourceOf(text: string, inPath: boolean): string {
  let source = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    const end = char === '[' ? text.indexOf(']', at + 2) : -1;
    if (char === '*') source += inPath ? '[^/]*' : '[^]*';
    else if (char === '?') source += inPath ? '[^/]' : '[^]';
    else if (end > 0) {
      const inside = text.slice(at + 1, end);
      const isNot = inside.startsWith('!');
      source += `[${isNot ? '^' : ''}${inside.slice(isNot ? 1 : 0).replace(/[\\\]^]/g, '\\$&')}]`;
      at = end;
    } else source += escaped(char);
  }
  return source;
}

/** A value without the part at its beginning (`#`, `##`) or end (`%`, `%%`) that matches. */
export function trimmed(value: string, operator: '%' | '%%' | '#' | '##', pieces: readonly Piece[]): string {
  if (!hasPattern(pieces)) {
    const text = pieces.map((one) => one.text).join('');
    if (operator.startsWith('#')) return value.startsWith(text) ? value.slice(text.length) : value;
    return value.endsWith(text) ? value.slice(0, value.length - text.length) : value;
  }
  const regex = regexOf(pieces);
  const { length } = value;
  const cutAt = (at: number): string | undefined => {
    const isFront = operator.startsWith('#');
    if (!regex.test(isFront ? value.slice(0, at) : value.slice(at))) return undefined;
    return isFront ? value.slice(at) : value.slice(0, at);
  };
  const upwards = operator === '#' || operator === '%%';
  for (let step = 0; step <= length; step += 1) {
    const found = cutAt(upwards ? step : length - step);
    if (found !== undefined) return found;
  }
  return value;
}
