/** One process of a node, from what /proc says of it. */
import type { ProcessFact } from './node-facts.js';
import { decode } from './parse-texts.js';

/** `stat` and `cmdline` are the texts of /proc/PID; `exe` and `cwd` are words of the probe. */
export interface ProcText {
  readonly pid: number;
  readonly stat: string;
  readonly cmdline: string;
  readonly exe: string;
  readonly cwd: string;
}

/**
 * Reads /proc/PID/stat, in which the name may contain blanks and parentheses. Undefined if it is not such a text.
 * @param times clock ticks in a second, and when the machine was started, in seconds
 */
export function processOf(
  { pid, stat, cmdline, exe, cwd }: ProcText,
  { ticks, bootTime }: { readonly ticks: number; readonly bootTime: number },
): ProcessFact | undefined {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  const fields = stat.slice(close + 2).split(' ');
  const startedAt = bootTime + Number(fields[19]) / ticks;
  if (open < 0 || close < open || !Number.isFinite(startedAt)) return undefined;
  const argv = cmdline.split('\0');
  if (argv.at(-1) === '') argv.pop();
  const name = stat.slice(open + 1, close);
  return { pid, parent: Number(fields[1]), name, argv, exe: decode(exe), cwd: decode(cwd), startedAt };
}
