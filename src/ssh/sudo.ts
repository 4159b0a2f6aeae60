/** How a shell becomes root: sudo without a password, then with one, decided by prompts and exit statuses. */
import type { Client } from 'ssh2';
import { monotonic, randomHex } from '../lib/clock.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { READY, RemoteShell } from './remote-shell.js';
import type { ShellLimits } from './remote-shell.js';
import type { Loan } from './secrets.js';

export const PLAIN_COMMAND = `sh -c 'echo ${READY}; exec sh -s'`;
const SUDO_COMMAND = `sudo -n -- ${PLAIN_COMMAND}`;
const COMMAND_NOT_FOUND = 127;

/** What is known of a host's sudo from earlier calls. */
export interface SudoMemory {
  wants: 'unknown' | 'nothing' | 'password';
}

export interface SudoContext {
  readonly client: Client;
  readonly user: string;
  readonly limits: ShellLimits;
  readonly memory: SudoMemory;
  /** null when nobody can be asked. */
  borrowPassword(): Promise<Loan | null>;
}

/** A shell of root that is ready for its script. */
export async function openRootShell(context: SudoContext): Promise<Result<RemoteShell, HostError>> {
  const { client, limits, memory } = context;
  const began = monotonic();
  const rest = (): ShellLimits => ({ ...limits, used: (limits.used ?? 0) + monotonic() - began });
  if (memory.wants !== 'password') {
    const shell = new RemoteShell(client, SUDO_COMMAND, limits);
    const event = await shell.next();
    if (event.kind === 'ready') {
      memory.wants = 'nothing';
      return ok(shell);
    }
    if (event.kind === 'failed') return fail(event.error);
    if (event.kind === 'ended' && event.code === COMMAND_NOT_FOUND && (await isMissing(client, rest())))
      return fail(missing());
  }
  return openWithPassword({ ...context, limits: rest() });
}

async function openWithPassword(context: SudoContext): Promise<Result<RemoteShell, HostError>> {
  // Not to be guessed by what the host prints of its own.
  const prompt = `kubelatch-password-${randomHex(12)}:`;
  // -k: no ticket of this password is used or left on the host.
  const shell = new RemoteShell(
    context.client,
    `sudo -S -k -p '${prompt}' -- ${PLAIN_COMMAND}`,
    context.limits,
    prompt,
  );
  const first = await shell.next();
  if (first.kind === 'ready') return ok(shell);
  if (first.kind === 'failed') return fail(stuck(first.error, shell));
  if (first.kind === 'ended') return fail(refused(context.user, first.code, shell));

  const loan = await shell.pausedFor(() => context.borrowPassword().catch(() => null));
  if (loan === null || /[\r\n\0]/.test(loan.value)) {
    loan?.refused();
    shell.abandon();
    const why = loan === null ? 'and there is no one to ask' : 'and the one given contains a line break';
    return fail(
      hostError(
        'sudo-password',
        `sudo wants the password of ${context.user}, ${why}`,
        'run it on a terminal, or allow this user NOPASSWD in sudoers',
      ),
    );
  }
  shell.writeSecret(loan.value);
  const second = await shell.next();
  switch (second.kind) {
    case 'ready':
      loan.accepted();
      context.memory.wants = 'password';
      return ok(shell);
    case 'prompt':
      // One wrong password is enough: sudo would count further ones towards a locked account.
      loan.refused();
      shell.abandon();
      return fail(
        hostError(
          'sudo-password',
          `sudo refused the password of ${context.user}`,
          'run it again with the right password',
        ),
      );
    case 'ended':
      loan.unproven();
      return fail(refused(context.user, second.code, shell));
    case 'failed':
      loan.unproven();
      return fail(stuck(second.error, shell));
  }
}

async function isMissing(client: Client, limits: ShellLimits): Promise<boolean> {
  const probe = new RemoteShell(client, "sh -c 'command -v sudo >/dev/null'", limits);
  const event = await probe.next();
  return event.kind === 'ended' && event.code !== 0;
}

const missing = (): HostError =>
  hostError('sudo', 'sudo is not installed there', 'install it, log in as root, or set become: none');

function refused(user: string, code: number | null, shell: RemoteShell): HostError {
  const said = oneLine(shell.quotable);
  const status = code === null ? 'a signal' : `exit status ${code}`;
  return hostError(
    'sudo',
    `sudo does not let ${user} run a root shell (${status}${said === '' ? '' : `: ${said}`})`,
    `look at sudo -l of ${user}: it needs "${user} ALL=(root) ALL" and no requiretty`,
  );
}

/** A deadline within sudo: most likely a PAM module asks something that is not the password. */
function stuck(error: HostError, shell: RemoteShell): HostError {
  const said = oneLine(shell.quotable);
  if (error.kind !== 'deadline' || said === '') return error;
  return hostError(
    'sudo',
    `sudo waits for something else than a password: ${said}`,
    'allow this user NOPASSWD in sudoers, or log in as root',
  );
}
