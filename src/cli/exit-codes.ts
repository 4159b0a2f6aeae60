/** Exit codes of errors that end the program (those of results are in report/exit-code). */
import type { ErrorCode } from '../lib/errors.js';

export const exitUsage = 64;
export const exitError = 1;

/** The exit code of an error that ended the program. */
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
