/** How a program ended, as the end of a sentence that it is the subject of. */

/** `exited with 3`, `was ended by SIGTERM`. */
export function exitText(code: number | null, signal: string | null): string {
  if (code !== null) return `exited with ${code}`;
  return signal === null ? 'ended without an exit status' : `was ended by ${signal}`;
}
