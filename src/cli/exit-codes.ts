/** Exit codes that are not a result's own (those are in report/exit-code). */
import type { ErrorCode } from '../lib/errors.js';

export const exitUsage = 64;
export const exitError = 1;

/** What an error that ended the program is worth. */
export function exitCodeOfError(code: ErrorCode): number {
  switch (code) {
    case 'usage':
    case 'inventory':
    case 'playbook':
      return exitUsage;
    case 'interrupted':
      return 130;
    case 'plan':
    case 'cluster':
    case 'journal':
    case 'internal':
      return exitError;
  }
}
