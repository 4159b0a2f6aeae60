/** Why a host could not be used: a closed list of causes, each with a hint for the user. */
export type HostErrorKind =
  | 'config' // the inventory or ~/.ssh/config has an unsupported setting (ProxyCommand, an invalid name)
  | 'dns' // the address does not resolve
  | 'refused' // nothing listens on the SSH port
  | 'timeout' // no answer within the deadline
  | 'network' // no route, reset, or closed before authentication
  | 'jump' // a bastion failed; the message says which and why
  | 'host-key-unknown'
  | 'host-key-changed'
  | 'host-key-revoked'
  | 'auth' // no key or password was accepted
  | 'key-file' // the private key cannot be read or unlocked
  | 'algorithms' // no common key exchange, cipher or host key type
  | 'sudo-password' // sudo needs a password, and it is missing or wrong
  | 'sudo' // sudo denies this user, or is not installed
  | 'lost' // the connection broke during a call
  | 'deadline' // a call took longer than its deadline
  | 'output' // more output than the limit
  | 'forward' // the server forbids forwarding
  | 'script' // a kubelatch script ended with an unexpected status
  | 'aborted'; // the call was cancelled

export interface HostError {
  readonly kind: HostErrorKind;
  /** What happened, in one line, without the host name. */
  readonly message: string;
  /** What to do next, in one line. */
  readonly hint: string;
}

export function hostError(kind: HostErrorKind, message: string, hint: string): HostError {
  return { kind, message, hint };
}
