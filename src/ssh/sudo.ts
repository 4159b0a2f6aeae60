/** Opens a root shell: tries sudo without a password, then with one. Decides by prompts and exit statuses. */
import { monotonic, randomHex } from '../lib/clock.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { otherVersion } from '../node/sudo-program.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { READY, RemoteShell } from './remote-shell.js';
import type { ShellEvent, ShellLimits } from './remote-shell.js';
import type { HostPassword, NoPassword } from './passwords.js';
import type { Transport } from './transport.js';
import { nextCommand } from '../lib/next-command.js';

export const PLAIN_COMMAND = `sh -c 'echo ${READY}; exec sh -s'`;
const COMMAND_NOT_FOUND = 127;

/** What earlier calls found out about sudo on a host. */
export interface KnownSudo {
  needs: 'unknown' | 'nothing' | 'password';
}

export interface SudoContext {
  readonly transport: Transport;
  readonly user: string;
  readonly limits: ShellLimits;
  readonly known: KnownSudo;
  /** The command that sudo runs: a shell or the node helper. */
  readonly command: string;
  /** True if this run accepted the host key without a known_hosts entry, so that nobody has compared it. */
  readonly isNew: boolean;
  /** Rejects if the question was interrupted. */
  requestPassword(): Promise<Result<HostPassword, NoPassword>>;
}

/** A root shell that is ready for its script. */
export async function openRootShell(context: SudoContext): Promise<Result<RemoteShell, HostError>> {
  const { transport, limits, known } = context;
  const began = monotonic();
  const rest = (): ShellLimits => ({ ...limits, used: (limits.used ?? 0) + monotonic() - began });
  if (known.needs !== 'password') {
    const shell = new RemoteShell(transport, `sudo -n -- ${context.command}`, limits);
    const event = await shell.next();
    if (event.kind === 'ready') {
      known.needs = 'nothing';
      return ok(shell);
    }
    if (event.kind === 'failed') return fail(event.error);
    if (isHelper(context) && event.kind === 'ended' && event.code === otherVersion) return fail(helperMismatch(shell));
    if (event.kind === 'ended' && event.code === COMMAND_NOT_FOUND && (await isMissing(transport, rest())))
      return fail(sudoMissing());
  }
  return openWithPassword({ ...context, limits: rest() });
}

async function openWithPassword(context: SudoContext): Promise<Result<RemoteShell, HostError>> {
  let password: HostPassword | undefined;
  let used = context.limits.used ?? 0;
  // Each password gets a sudo of its own: how many one sudo accepts is up to sudoers.
  for (let tries = 1; ; tries += 1) {
    const opened = await openAtPrompt({ ...context, limits: { ...context.limits, used } });
    if (opened.end !== undefined) {
      password?.unused();
      return opened.end;
    }
    const { shell } = opened;
    const given = password === undefined ? await firstPassword(context, shell) : ok(password);
    if (!given.ok) {
      shell.abandon();
      return given;
    }
    shell.writeSecret(given.value.value);
    const event = await shell.next();
    if (event.kind !== 'prompt') return afterPassword(context, { shell, event }, given.value);
    used += shell.used;
    shell.abandon();
    const next = await given.value.refusedOnce().catch(() => fail(notEntered));
    if (!next.ok) return fail(passwordRejected(context.user, tries, next.error));
    password = next.value;
  }
}

type Opened =
  | { readonly shell: RemoteShell; readonly end?: undefined }
  | { readonly end: Result<RemoteShell, HostError> };

/** A sudo that asks for the password; or what came instead. */
async function openAtPrompt(context: SudoContext): Promise<Opened> {
  const { transport, command, limits } = context;
  // A random prompt, so that other output of the host cannot imitate it.
  const prompt = `kubelatch-password-${randomHex(12)}:`;
  // -k: use no cached credentials and leave none on the host.
  const shell = new RemoteShell(transport, `sudo -S -k -p '${prompt}' -- ${command}`, limits, prompt);
  const event = await shell.next();
  switch (event.kind) {
    case 'prompt':
      return { shell };
    case 'ready':
      return { end: ok(shell) };
    case 'failed':
      return { end: fail(unexpectedPrompt(event.error, shell)) };
    case 'ended':
      return { end: fail(sudoDenied(context, event.code, shell)) };
  }
}

async function firstPassword(context: SudoContext, shell: RemoteShell): Promise<Result<HostPassword, HostError>> {
  const withheld = reasonToWithhold(context);
  if (withheld !== undefined) return fail(withheld);
  const password = await shell.pausedFor(() => context.requestPassword().catch(() => fail(notEntered)));
  if (!password.ok) return fail(passwordMissing(context.user, password.error));
  if (!/[\r\n\0]/.test(password.value.value)) return password;
  password.value.refused();
  const why = 'but the given password contains a line break';
  return fail(hostError('sudo-password', `sudo needs the password of ${context.user}, ${why}`, enterIt));
}

function afterPassword(
  context: SudoContext,
  { shell, event }: { readonly shell: RemoteShell; readonly event: Exclude<ShellEvent, { kind: 'prompt' }> },
  password: HostPassword,
): Result<RemoteShell, HostError> {
  if (event.kind === 'ready') {
    password.accepted();
    context.known.needs = 'password';
    return ok(shell);
  }
  password.inconclusive();
  return fail(event.kind === 'ended' ? sudoDenied(context, event.code, shell) : unexpectedPrompt(event.error, shell));
}

const notEntered: NoPassword = { why: 'not-entered' };
const enterIt =
  'run the command on a terminal without --no-input and enter it, or set NOPASSWD for this user in sudoers';
const perHost = 'if hosts have different ones, set ssh.become.password in the inventory to per-host';

/** No password was sent to this host. */
function passwordMissing(user: string, none: NoPassword): HostError {
  const needsPassword = `sudo needs the password of ${user}`;
  switch (none.why) {
    case 'no-terminal':
      return hostError('sudo-password', `${needsPassword}, but there is no terminal to ask for it`, enterIt);
    case 'not-entered':
      return hostError('sudo-password', `${needsPassword}, but none was entered`, enterIt);
    case 'refused': {
      const message = `${needsPassword}, but the passwords that were entered are wrong on ${none.by}; none was sent`;
      return hostError('sudo-password', message, `check the password, then run the command again; ${perHost}`);
    }
  }
}

/** This host refused what it was given. */
function passwordRejected(user: string, tries: number, none: NoPassword): HostError {
  const times = tries === 1 ? '' : ` ${tries} times`;
  const noOther = none.why === 'refused' ? '' : ', and no other was entered';
  return hostError(
    'sudo-password',
    `sudo rejected the password of ${user}${times}${noOther}`,
    `run the command again; ${perHost}`,
  );
}

/** Why the password must not be sent to this host: it is valid on other hosts too. */
function reasonToWithhold({ user, known, isNew }: SudoContext): HostError | undefined {
  const needsPassword = `sudo needs the password of ${user}`;
  if (isNew)
    return hostError(
      'sudo-password',
      `${needsPassword}, but the host key was only accepted in this run; the password was not sent`,
      'compare the key in known_hosts with the one on the host, then run the command again with --host-keys strict',
    );
  if (known.needs !== 'nothing') return undefined;
  return hostError(
    'sudo-password',
    `${needsPassword}, but needed none earlier in this run; the password was not sent`,
    'find out who changed sudoers on the host, then run the command again',
  );
}

async function isMissing(transport: Transport, limits: ShellLimits): Promise<boolean> {
  const probe = new RemoteShell(transport, "sh -c 'command -v sudo >/dev/null'", limits);
  const event = await probe.next();
  return event.kind === 'ended' && event.code !== 0;
}

const sudoMissing = (): HostError =>
  hostError('sudo', 'sudo is not installed', 'install sudo, log in as root, or set become: none');

const isHelper = ({ command }: SudoContext): boolean => command !== PLAIN_COMMAND;

const helperMismatch = (shell: RemoteShell): HostError =>
  hostError(
    'sudo',
    `the node helper is from another version of kubelatch (${oneLine(shell.printableStderr)})`,
    `install the current one on the node; to print it: ${nextCommand('node-helper')}`,
  );

function sudoDenied(context: SudoContext, code: number | null, shell: RemoteShell): HostError {
  const { user } = context;
  if (isHelper(context) && code === otherVersion) return helperMismatch(shell);
  const output = oneLine(shell.printableStderr);
  const status = code === null ? 'a signal' : `exit status ${code}`;
  if (isHelper(context)) {
    return hostError(
      'sudo',
      `sudo does not allow ${user} to run the node helper (${status}${output === '' ? '' : `: ${output}`})`,
      `install the node helper and its sudoers line; to print them: ${nextCommand('node-helper')}`,
    );
  }
  return hostError(
    'sudo',
    `sudo does not allow ${user} to run a root shell (${status}${output === '' ? '' : `: ${output}`})`,
    `run sudo -l as ${user}: sudoers must have "${user} ALL=(root) ALL" and no requiretty`,
  );
}

/** A timeout in sudo with output is most likely a PAM question other than the password. */
function unexpectedPrompt(error: HostError, shell: RemoteShell): HostError {
  const output = oneLine(shell.printableStderr);
  if (error.kind !== 'deadline' || output === '') return error;
  return hostError(
    'sudo',
    `sudo is waiting for something other than a password: ${output}`,
    'set NOPASSWD for this user in sudoers, or log in as root',
  );
}
