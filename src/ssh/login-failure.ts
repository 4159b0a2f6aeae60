/** Why a login failed and what to do about it, in words. */
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import type { NoPassword } from './passwords.js';
import type { Endpoint } from './route.js';

/** What was tried, and what the server said. */
export interface FailedLogin {
  readonly endpoint: Endpoint;
  /** Methods that the server still accepts; undefined before its first answer. */
  readonly methods: readonly string[] | undefined;
  readonly tried: readonly string[];
  readonly skipped: readonly string[];
  readonly keyProblem: boolean;
  readonly passwordsSent: number;
  readonly noPassword: NoPassword | undefined;
}

/** `said` is the server's last message, or ''. */
export function loginFailure(login: FailedLogin, said: string): HostError {
  const { endpoint, methods, tried, skipped, keyProblem, noPassword, passwordsSent } = login;
  const accepted =
    (methods ?? []).length === 0 ? '' : ` (the server accepts ${oneLine(methods?.join(', ') ?? '', 120)})`;
  const noKey = noPassword === undefined ? 'there was no key or password to try' : 'there was no key to try';
  const what = tried.length === 0 ? noKey : `tried ${counted(tried).join(', ')}`;
  const not = skipped.length === 0 ? '' : `; not usable: ${skipped.join('; ')}`;
  const notSent = noPassword === undefined || passwordsSent > 0 ? '' : `; ${whyNotSent(noPassword)}`;
  return hostError(
    keyProblem ? 'key-file' : 'auth',
    oneLine(
      `login as ${endpoint.user} failed${said === '' ? '' : ` (${said})`}${accepted}: ${what}${not}${notSent}`,
      900,
    ),
    keyProblem ? 'fix the key file, add the key to ssh-agent, or set identityFile in the inventory' : authHint(login),
  );
}

function whyNotSent(none: NoPassword): string {
  switch (none.why) {
    case 'no-terminal':
      return 'there is no terminal to ask for a password';
    case 'not-entered':
      return 'no password was entered';
    case 'refused':
      return `the passwords that were entered are wrong on ${none.by}, and none was sent`;
  }
}

/** Each once, in order, and how often. */
const counted = (tried: readonly string[]): string[] =>
  [...new Set(tried)].map((one) => {
    const times = tried.filter((other) => other === one).length;
    return times === 1 ? one : `${one} ${times} times`;
  });

function authHint({ passwordsSent, noPassword, endpoint }: FailedLogin): string {
  if (passwordsSent > 0) return 'check the user name and the password';
  switch (noPassword?.why) {
    case 'no-terminal':
      return 'set identityFile in the inventory, or run the command on a terminal without --no-input';
    case 'not-entered':
      return 'run the command again and enter the password, or set identityFile in the inventory';
    case 'refused':
      return 'check the password, then run the command again';
    case undefined:
      return `check user and identityFile in the inventory, or try: ssh ${endpoint.user}@${endpoint.alias}`;
  }
}
