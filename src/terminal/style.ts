/** Decides whether a stream gets colour, and defines the colours. */
import type { Paint, Style } from '../report/style.js';

export type ColorFlag = 'auto' | 'always' | 'never';

export interface ColorQuestion {
  readonly flag: ColorFlag;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True if the output stream is a terminal. */
  readonly isTty: boolean;
}

/** Order of precedence: `--color`, NO_COLOR, FORCE_COLOR, then whether the terminal supports colour. */
export function wantsColor({ flag, env, isTty }: ColorQuestion): boolean {
  if (flag !== 'auto') return flag === 'always';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'] ?? '';
  if (force !== '') return force !== '0' && force !== 'false';
  return isTty && env['TERM'] !== 'dumb';
}

const between =
  (open: number, close: number): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`;
const same: Paint = (text) => text;

export const createStyle = (color: boolean): Style => ({
  red: color ? between(31, 39) : same,
  green: color ? between(32, 39) : same,
  yellow: color ? between(33, 39) : same,
  bold: color ? between(1, 22) : same,
  dim: color ? between(2, 22) : same,
});
