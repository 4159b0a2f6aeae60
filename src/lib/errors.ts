/** The one error type that bad input and the tool's own faults throw. A host's failure is a value, never one of these. */
export type ErrorCode =
  'usage' | 'inventory' | 'playbook' | 'plan' | 'cluster' | 'journal' | 'interrupted' | 'internal';

export class ToolError extends Error {
  readonly code: ErrorCode;
  /** The next step, as a sentence for the person who reads it. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ToolError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
