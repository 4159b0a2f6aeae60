/** Which errors of a host say that it was reached: somebody was logged in, and what was run there failed. */

const kinds: ReadonlySet<string> = new Set(['script', 'output', 'sudo', 'sudo-password']);

/** By the kind of a host's error. Otherwise there was no usable connection to the host. */
export const isReached = ({ kind }: { readonly kind: string }): boolean => kinds.has(kind);
