/** The Session over one ssh2 connection: runs scripts, opens streams, closes. */
import type { Duplex } from 'node:stream';
import { monotonic } from '../lib/clock.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { shellQuote } from '../node/quote.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { lostFailure, openFailure } from './failures.js';
import type { Hop } from './hop.js';
import { RemoteShell } from './remote-shell.js';
import type { ShellLimits } from './remote-shell.js';
import type { Loan } from './secrets.js';
import type { RunOptions, RunResult, Session, Target } from './session.js';
import { createSlots } from './slots.js';
import { PLAIN_COMMAND, openRootShell } from './sudo.js';
import type { SudoMemory } from './sudo.js';

export interface SessionParts {
  readonly name: string;
  readonly user: string;
  readonly become: 'sudo' | 'none';
  readonly hop: Hop;
  readonly memory: SudoMemory;
  borrowBecomePassword(): Promise<Loan | null>;
  /** Called once, when the connection was closed by {@link Session.close}. */
  onClose(): Promise<void>;
}

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
/** Below the usual MaxSessions 10 of sshd. */
const MAX_CHANNELS = 8;
const CLOSE_GRACE = 2_000;

export function createSession(parts: SessionParts): Session {
  const { hop } = parts;
  const slots = createSlots(MAX_CHANNELS);
  let closing: Promise<void> | undefined;
  return {
    name: parts.name,
    async run(script, args, options) {
      const text = stdinOf(script, args);
      const began = monotonic();
      const free = await slots.take();
      try {
        return await runScript(parts, text, options, monotonic() - began);
      } finally {
        free();
      }
    },
    open: (target, options) => openStream(hop, target, options.deadline),
    close() {
      closing ??= endHop(hop).then(() => parts.onClose());
      return closing;
    },
  };
}

/**
 * What the remote shell reads: the arguments, then the script as one compound command, so that a script whose end was lost on
 * the way is a syntax error and never runs by half, and so that its commands cannot read the script as their input.
 */
export function stdinOf(script: string, args: readonly string[]): string {
  return `set -- ${args.map(shellQuote).join(' ')}\n{ :\n${script}\n} </dev/null\n`;
}

async function runScript(
  parts: SessionParts,
  text: string,
  options: RunOptions,
  used: number,
): Promise<Result<RunResult, HostError>> {
  const limits: ShellLimits = {
    deadline: options.deadline,
    used,
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    signal: options.signal,
    lastError: () => parts.hop.lastError(),
  };
  const opened = await openShell(parts, limits);
  if (!opened.ok) return opened;
  const shell = opened.value;
  shell.end(text);
  const event = await shell.next();
  if (event.kind === 'failed') return fail(event.error);
  if (event.kind !== 'ended') return fail(lostFailure('unexpected output of the shell'));
  return ok({
    code: event.code,
    signal: event.signal,
    stdout: Buffer.concat(shell.stdout),
    stderr: shell.stderr,
    took: shell.took,
  });
}

async function openShell(parts: SessionParts, limits: ShellLimits): Promise<Result<RemoteShell, HostError>> {
  const { client } = parts.hop;
  if (parts.become === 'sudo' && parts.user !== 'root') {
    return openRootShell({
      client,
      user: parts.user,
      limits,
      memory: parts.memory,
      borrowPassword: () => parts.borrowBecomePassword(),
    });
  }
  const shell = new RemoteShell(client, `exec ${PLAIN_COMMAND}`, limits);
  const event = await shell.next();
  if (event.kind === 'ready') return ok(shell);
  if (event.kind === 'failed') return fail(event.error);
  const code = event.kind === 'ended' ? event.code : null;
  const message = `the login shell of ${parts.user} gave no POSIX shell (exit status ${code ?? 'unknown'}): ${shell.quotable}`;
  return fail(hostError('script', message.slice(0, 400), 'give this user a normal login shell, without ForceCommand'));
}

function openStream(hop: Hop, target: Target, deadline: number): Promise<Result<Duplex, HostError>> {
  const far = 'socketPath' in target ? target.socketPath : `${target.host}:${target.port}`;
  return new Promise((resolve) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      resolve(
        fail(
          hostError(
            'deadline',
            `${far} was not reached within ${deadline / 1000} s`,
            'check that the service answers on the host itself',
          ),
        ),
      );
    }, deadline);
    const done = (error: unknown, channel?: Duplex): void => {
      clearTimeout(timer);
      if (channel === undefined)
        resolve(fail(hop.lastError() === '' ? openFailure(error, far) : lostFailure(hop.lastError())));
      else if (late) channel.destroy();
      else {
        // Its user may have let go of it when the connection breaks; that must not end the process.
        channel.on('error', () => undefined);
        resolve(ok(channel));
      }
    };
    try {
      if ('socketPath' in target) hop.client.openssh_forwardOutStreamLocal(target.socketPath, done);
      else hop.client.forwardOut('127.0.0.1', 0, target.host, target.port, done);
    } catch (error) {
      done(error);
    }
  });
}

/** Says goodbye and waits for the other side, but not long. */
export function endHop(hop: Hop): Promise<void> {
  const { client } = hop;
  if (!hop.alive()) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      client.destroy();
      resolve();
    }, CLOSE_GRACE);
    client.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    client.end();
  });
}
