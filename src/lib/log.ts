/** The log file: one JSON object a line, appended; and nothing where none is wanted. */
import { appendFileSync } from 'node:fs';
import { isoTime } from './clock.js';
import { ToolError, messageOf } from './errors.js';

export type Log = (entry: Readonly<Record<string, unknown>>) => void;

/**
 * Throws ToolError at the first line if the file cannot be written, so that a run does not start without its log. Later it
 * never throws, for nodes are under way then: `say` is told once.
 */
export function createLog(path: string | undefined, say: (line: string) => void): Log {
  if (path === undefined) return () => undefined;
  const write = (entry: Readonly<Record<string, unknown>>): void => {
    appendFileSync(path, `${JSON.stringify({ time: isoTime(), ...entry })}\n`, { mode: 0o600 });
  };
  try {
    write({ event: 'log-opened' });
  } catch (error) {
    throw new ToolError('usage', `--log-file ${path}: ${messageOf(error)}`, { cause: error });
  }
  let told = false;
  return (entry) => {
    try {
      write(entry);
    } catch (error) {
      if (!told) say(`--log-file ${path}: ${messageOf(error)}: lines are missing there from now on`);
      told = true;
    }
  };
}
