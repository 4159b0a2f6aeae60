/** The error that is thrown for bad input and internal faults. A failed host is a Result value instead, never a ToolError. */
export type ErrorCode =
  | 'usage'
  | 'inventory'
  | 'playbook'
  | 'plan'
  | 'cluster'
  | 'journal'
  | 'interrupted'
  | 'internal';

export class ToolError extends Error {
  readonly code: ErrorCode;
  /** What the user should do next. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ToolError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** What the system says, in words: its own name for an error helps nobody. */
const systemWords: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  EEXIST: 'it exists already',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'the path has a loop of symbolic links',
  ENXIO: 'nothing answers there',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  ECONNABORTED: 'the connection was ended',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'the network is unreachable',
  EHOSTDOWN: 'the host is down',
  EADDRNOTAVAIL: 'the address is not available',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name could not be resolved for now',
};

/** The words for a system error; undefined for other errors. */
function systemWordsOf(error: unknown): string | undefined {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof syscall === 'string' ? systemWords[code] : undefined;
}

/** A failed file operation in a few words, where the path is said beside it. */
export const fileErrorOf = (error: unknown): string => systemWordsOf(error) ?? messageOf(error);

/** The message of any thrown value; a system error in words, with the path that it is about. */
export function messageOf(error: unknown): string {
  const words = systemWordsOf(error);
  const { path } = (error ?? {}) as NodeJS.ErrnoException;
  if (words !== undefined) return typeof path === 'string' && path !== '' ? `${words} (${path})` : words;
  return error instanceof Error ? error.message : String(error);
}
