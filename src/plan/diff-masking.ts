/** Masks a diff so that it shows only values of known settings. Equal input gives equal output. Pure. */
import { redact } from '../lib/redact.js';
import { maskedLine } from '../facts/shown-values.js';

/** The diff as it is shown: values that are not known to be harmless become `***`. Lines above the diff are kept. */
export function maskDiff(path: string, diff: string): string {
  let inHunks = false;
  return diff
    .split('\n')
    .map((line) => {
      inHunks ||= line.startsWith('@@ ');
      const isText = inHunks && /^[-+ ]/.test(line);
      return isText ? line.charAt(0) + maskedLine(path, line.slice(1)) : line;
    })
    .join('\n');
}

/** The diff with its values, but without secrets in a known form. */
export const diffWithValues = (diff: string): string => redact(diff);
