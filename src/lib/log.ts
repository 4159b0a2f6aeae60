/** The log file: one JSON object per line. Without a path nothing is logged. */
import { isoTime } from './clock.js';
import { ToolError, fileErrorOf, messageOf } from './errors.js';
import { appendLine, safeJson } from './output.js';

export type Log = (entry: Readonly<Record<string, unknown>>) => void;

/**
 * Throws ToolError `usage` if the file cannot be written, so that a run does not start without its log. The returned function
 * never throws, because hosts may be changing then; it calls `warn` once instead.
 */
export function createLog(path: string | undefined, warn: (line: string) => void): Log {
  if (path === undefined) return () => undefined;
  const write = (entry: Readonly<Record<string, unknown>>): void => {
    appendLine(path, safeJson({ time: isoTime(), ...entry }));
  };
  try {
    write({ event: 'log-opened' });
  } catch (error) {
    throw new ToolError('usage', `--log-file ${path}: ${fileErrorOf(error)}`, { cause: error });
  }
  let warned = false;
  return (entry) => {
    try {
      write(entry);
    } catch (error) {
      if (!warned) warn(`--log-file ${path} is incomplete from here on: ${messageOf(error)}`);
      warned = true;
    }
  };
}
