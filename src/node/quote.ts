/** The one place where TypeScript quotes for a POSIX shell. */
import { ToolError } from '../lib/errors.js';

/** `value` as one word that sh, dash, bash and busybox ash read back byte for byte. Throws ToolError on a NUL: no argument can hold it. */
export function shellQuote(value: string): string {
  if (value.includes('\0')) throw new ToolError('internal', 'a shell argument contains a NUL character');
  return `'${value.replaceAll("'", "'\\''")}'`;
}
