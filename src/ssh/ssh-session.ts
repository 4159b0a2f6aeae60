/** A Session over one ssh2 connection: runs scripts, opens streams, closes. */
import type { Duplex } from 'node:stream';
import { monotonic } from '../lib/clock.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { helperInput, helperPath, helperProgram, helperVersion } from '../node/sudo-program.js';
import { shellQuote } from '../node/quote.js';
import { directTo } from './direct.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { lostFailure, openFailure } from './failures.js';
import { RemoteShell } from './remote-shell.js';
import type { ShellLimits } from './remote-shell.js';
import type { HostPassword, NoPassword } from './passwords.js';
import type { RunOptions, RunResult, Session, Target } from './session.js';
import { createSlots } from './slots.js';
import { PLAIN_COMMAND, openRootShell } from './sudo.js';
import type { KnownSudo } from './sudo.js';
import type { Transport } from './transport.js';

export interface SessionParts {
  readonly name: string;
  readonly user: string;
  readonly become: 'sudo' | 'helper' | 'none';
  readonly transport: Transport;
  /** The jump host on the way. */
  readonly bastion: Pick<Transport, 'alive'> | undefined;
  readonly sudo: KnownSudo;
  /** True if this run accepted the host key without a known_hosts entry. */
  isNew(): boolean;
  requestSudoPassword(): Promise<Result<HostPassword, NoPassword>>;
  /** Called once, after {@link Session.close} closed the connection. */
  onClose(): Promise<void>;
}

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
/** Less than sshd's default MaxSessions of 10. */
const MAX_CHANNELS = 8;

/** Wraps an open connection. At most 8 scripts run at once; others wait, and the wait counts towards their deadline. */
export function createSession(parts: SessionParts): Session {
  const { transport } = parts;
  const slots = createSlots(MAX_CHANNELS);
  let closing: Promise<void> | undefined;
  return {
    name: parts.name,
    user: parts.user,
    transport: transport.kind,
    direct: transport.peer === undefined ? undefined : directTo(transport.peer),
    lostBastion: () => parts.bastion?.alive() === false,
    async run(script, args, options) {
      const began = monotonic();
      const free = await slots.take();
      try {
        return await runScript(parts, { script, args }, options, monotonic() - began);
      } finally {
        free();
      }
    },
    open: (target, options) => openStream(transport, target, options.deadline),
    close() {
      closing ??= transport.close().then(() => parts.onClose());
      return closing;
    },
  };
}

/**
 * The input of the remote shell: the arguments, then the script as one compound command. A script that was cut off in transfer
 * is then a syntax error and does not run in part, and its commands cannot read the script as their input.
 */
export function stdinOf(script: string, args: readonly string[]): string {
  return `set -- ${args.map(shellQuote).join(' ')}\n{ :\n${script}\n} </dev/null\n`;
}

interface Call {
  readonly script: string;
  readonly args: readonly string[];
}

async function runScript(
  parts: SessionParts,
  { script, args }: Call,
  options: RunOptions,
  used: number,
): Promise<Result<RunResult, HostError>> {
  const limits: ShellLimits = {
    deadline: options.deadline,
    used,
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    signal: options.signal,
    lastError: () => parts.transport.lastError(),
  };
  const byHelper = parts.become === 'helper' && parts.user !== 'root';
  const program = byHelper ? helperProgram(script) : undefined;
  if (byHelper && program === undefined) return fail(kubectlUnavailable());
  const command = program === undefined ? PLAIN_COMMAND : `${helperPath} ${helperVersion()} ${program}`;
  const opened = await openShell(parts, limits, command);
  if (!opened.ok) return opened;
  const shell = opened.value;
  shell.end(byHelper ? helperInput(args) : stdinOf(script, args));
  const event = await shell.next();
  if (event.kind === 'failed') return fail(event.error);
  if (event.kind !== 'ended') return fail(lostFailure('the shell sent unexpected output'));
  if (shell.leaksPassword) return fail(passwordLeaked());
  return ok({
    code: event.code,
    signal: event.signal,
    // Without the room that the buffer has left.
    stdout: Buffer.from(shell.stdout.bytes()),
    stderr: shell.stderr,
    took: shell.took,
  });
}

const passwordLeaked = (): HostError =>
  hostError(
    'script',
    'the output of the host contains the sudo password',
    'change that password and check sudo on this host, because it leaks the password',
  );

const kubectlUnavailable = (): HostError =>
  hostError(
    'sudo',
    'the node helper does not run kubectl',
    'set cluster.kubeconfig in the inventory, or set become: sudo for this host',
  );

/** A shell that is ready for its input. `command` is what sudo runs, if sudo is needed. */
async function openShell(
  parts: SessionParts,
  limits: ShellLimits,
  command: string,
): Promise<Result<RemoteShell, HostError>> {
  const { transport } = parts;
  if (parts.become !== 'none' && parts.user !== 'root') {
    return openRootShell({
      transport,
      user: parts.user,
      limits,
      command,
      known: parts.sudo,
      isNew: parts.isNew(),
      requestPassword: () => parts.requestSudoPassword(),
    });
  }
  const shell = new RemoteShell(transport, `exec ${PLAIN_COMMAND}`, limits);
  const event = await shell.next();
  if (event.kind === 'ready') return ok(shell);
  if (event.kind === 'failed') return fail(event.error);
  const code = event.kind === 'ended' ? event.code : null;
  const message = `the login shell of ${parts.user} did not start a POSIX shell (exit status ${code ?? 'unknown'}): ${shell.printableStderr}`;
  return fail(hostError('script', message.slice(0, 400), 'give this user a POSIX login shell without ForceCommand'));
}

function openStream(transport: Transport, target: Target, deadline: number): Promise<Result<Duplex, HostError>> {
  const far = 'socketPath' in target ? target.socketPath : `${target.host}:${target.port}`;
  return new Promise((resolve) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      resolve(
        fail(
          hostError(
            'deadline',
            `${far} did not answer within ${deadline / 1000} s`,
            'check on the host that the service answers',
          ),
        ),
      );
    }, deadline);
    const done = (error: unknown, channel?: Duplex): void => {
      clearTimeout(timer);
      if (channel === undefined)
        resolve(fail(transport.lastError() === '' ? openFailure(error, far) : lostFailure(transport.lastError())));
      else if (late) channel.destroy();
      else {
        // Keep a listener: an unhandled error on the channel would end the process.
        channel.on('error', () => undefined);
        resolve(ok(channel));
      }
    };
    try {
      transport.forward(target, done);
    } catch (error) {
      done(error);
    }
  });
}
