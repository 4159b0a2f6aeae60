/** Why a host could not be used: a closed list of causes, each with what a person can do about it. */
export type HostErrorKind =
  | 'config' // the inventory or ~/.ssh/config asks for what cannot be done (ProxyCommand, a name ssh refuses)
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
  | 'sudo-password' // sudo wants a password, and none or a wrong one was given
  | 'sudo' // sudo refuses this user, or is missing
  | 'lost' // the connection ended in the middle of a call
  | 'deadline' // a call took longer than its deadline
  | 'output' // more output than its cap allows
  | 'forward' // the server forbids forwarding
  | 'script' // a script of ours ended with an unexpected status
  | 'aborted'; // the call was cancelled by its AbortSignal

export interface HostError {
  readonly kind: HostErrorKind;
  /** What happened, one line, without the host's name. */
  readonly message: string;
  /** What to do next, one line. */
  readonly hint: string;
}

export function hostError(kind: HostErrorKind, message: string, hint: string): HostError {
  return { kind, message, hint };
}
