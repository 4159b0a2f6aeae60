/** Whether a stream gets colour, decided once, and the colours themselves. */
import type { Paint, Style } from '../report/style.js';

export type ColorFlag = 'auto' | 'always' | 'never';

export interface ColorQuestion {
  readonly flag: ColorFlag;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the stream that is written to. */
  readonly isTty: boolean;
}

/** `--color`, then NO_COLOR, then FORCE_COLOR, then whether there is a terminal that can. */
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
