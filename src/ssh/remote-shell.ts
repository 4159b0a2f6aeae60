/** One remote command on one channel, as a stream of events: ready marker, password prompt, end, failure. */
import { monotonic } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { manyLines } from '../lib/sanitize.js';
import { onAbort } from './abort.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { abortedFailure, lostFailure, outputFailure } from './failures.js';
import { ByteBuffer } from './byte-buffer.js';
import type { CommandChannel, Transport } from './transport.js';
import { startTimeout } from './timeout.js';
import type { PausableTimeout } from './timeout.js';
import { containsPassword } from './password-leak.js';

export const READY = 'kubelatch-ready';

export type ShellEvent =
  | { readonly kind: 'ready' }
  /** sudo printed its `-p` prompt on stderr. */
  | { readonly kind: 'prompt' }
  /** The command ended; `code` is null if a signal ended it. */
  | { readonly kind: 'ended'; readonly code: number | null; readonly signal: string | undefined }
  | { readonly kind: 'failed'; readonly error: HostError };

export interface ShellLimits {
  /** Milliseconds until the channel is closed, without the time spent on prompts. */
  readonly deadline: number;
  /** Milliseconds of the deadline that earlier commands of the same call used. */
  readonly used?: number | undefined;
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Why the SSH connection ended; '' if unknown. */
  lastError(): string;
}

const STDERR_KEPT = 8 * 1024;
/** Extra bytes, so that a password at the start of the excerpt is recognized. */
const STDERR_MARGIN = 1024;
/** A command that writes more than this to stderr is stopped. */
const STDERR_CAP = 1024 * 1024;
const PREAMBLE_CAP = 256 * 1024;
const FLOOD_GRACE = 3_000;
const MARKER = Buffer.from(`${READY}\n`);

type ShellTransport = Pick<Transport, 'exec' | 'destroy'>;

export class RemoteShell {
  /** Bytes of stdout after the ready marker. */
  readonly stdout = new ByteBuffer();
  private readonly transport: ShellTransport;
  private readonly limits: ShellLimits;
  private readonly prompt: Buffer | undefined;
  private readonly events: ShellEvent[] = [];
  private readonly timeout: PausableTimeout;
  private readonly started = monotonic();
  private channel: CommandChannel | undefined;
  private stopListening: () => void = () => undefined;
  private wake: (() => void) | undefined;
  private done = false;
  private isReady = false;
  private readonly preamble = new ByteBuffer();
  private stderrSize = 0;
  private stderrTail = Buffer.alloc(0);
  private promptSearch = Buffer.alloc(0);
  private secret: string | undefined;

  /** Starts `command`; {@link next} returns every event, including a failure to start. `prompt` is searched on stderr. */
  constructor(transport: ShellTransport, command: string, limits: ShellLimits, prompt?: string) {
    this.transport = transport;
    this.limits = limits;
    this.prompt = prompt === undefined ? undefined : Buffer.from(prompt);
    this.timeout = startTimeout(Math.max(0, limits.deadline - (limits.used ?? 0)), () => {
      const seconds = Math.round(limits.deadline / 100) / 10;
      this.fail(
        hostError(
          'deadline',
          `the call took longer than ${seconds} s`,
          'check the load of the host, or increase --timeout',
        ),
      );
    });
    this.stopListening = onAbort(limits.signal, () => this.fail(abortedFailure()));
    if (!this.done) this.start(command);
  }

  /** Milliseconds since the start of the command. */
  get took(): number {
    return monotonic() - this.started;
  }

  /** The same without the time spent on prompts. */
  get used(): number {
    return this.took - this.timeout.paused;
  }

  /** The last 8 KiB of stderr without prompt and password. It may contain control characters. */
  get stderr(): string {
    let text = this.stderrTail.toString('utf8');
    if (this.prompt !== undefined) text = text.replaceAll(this.prompt.toString(), '');
    if (this.secret !== undefined && this.secret !== '') text = text.replaceAll(this.secret, '[secret]');
    return text.slice(-STDERR_KEPT);
  }

  /** True if stdout contains the typed password. */
  get leaksPassword(): boolean {
    return containsPassword(this.stdout.bytes(), this.secret);
  }

  /** stderr, safe to print. */
  get printableStderr(): string {
    return manyLines(this.stderr).trim();
  }

  /** The next event; `ended` and `failed` are the last one. */
  async next(): Promise<ShellEvent> {
    for (;;) {
      const event = this.events.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Writes a password line. The password is masked in {@link stderr}. */
  writeSecret(value: string): void {
    this.secret = value;
    this.channel?.write(`${value}\n`);
  }

  /** Writes the rest of stdin and closes it. */
  end(text: string): void {
    this.channel?.end(text);
  }

  /** Runs `ask` while the deadline is paused. */
  pausedFor<T>(ask: () => Promise<T>): Promise<T> {
    return this.timeout.pausedFor(ask);
  }

  /**
   * Closes the channel and drops further output. sshd keeps its side open while the command runs, and a command of root
   * ignores signals from here, but the connection stays usable. Only a flood of output that goes on closes the connection.
   */
  abandon(flood = false): void {
    this.finish(undefined);
    const { channel } = this;
    if (channel === undefined) return;
    if (flood) {
      const timer = setTimeout(() => this.transport.destroy(), FLOOD_GRACE);
      channel.once('close', () => clearTimeout(timer));
    }
    channel.resume();
    channel.stderr.resume();
    channel.signal('TERM');
    channel.close();
  }

  private start(command: string): void {
    const lost = (error: unknown): void => this.fail(lostFailure(this.limits.lastError() || messageOf(error)));
    try {
      this.transport.exec(command, (error, channel) => {
        if (error !== undefined) {
          lost(error);
          return;
        }
        this.channel = channel;
        if (this.done) this.abandon();
        else this.listen(channel);
      });
    } catch (error) {
      lost(error);
    }
  }

  private listen(channel: CommandChannel): void {
    let end: { code: number | null; signal: string | undefined } | undefined;
    channel.on('exit', (code: number | null, signal?: string) => (end = { code, signal }));
    channel.on('error', () => undefined);
    channel.on('data', (chunk: Buffer) => this.onStdout(chunk));
    channel.stderr.on('data', (chunk: Buffer) => this.onStderr(chunk));
    channel.on('close', () => {
      if (end === undefined)
        this.fail(lostFailure(this.limits.lastError() || 'the channel was closed without an exit status'));
      else this.finish({ kind: 'ended', ...end });
    });
  }

  private onStdout(chunk: Buffer): void {
    if (this.done) return;
    if (this.isReady) {
      this.keep(chunk);
      return;
    }
    const before = this.preamble.size;
    this.preamble.add(chunk);
    const at = this.preamble.indexOf(MARKER, before - MARKER.length);
    if (at < 0) {
      if (this.preamble.size > PREAMBLE_CAP) this.fail(outputFailure('before the shell was ready', PREAMBLE_CAP));
      return;
    }
    this.isReady = true;
    this.push({ kind: 'ready' });
    const rest = this.preamble.bytes(at + MARKER.length);
    if (rest.length > 0) this.keep(rest);
    this.preamble.clear();
  }

  private keep(chunk: Buffer): void {
    const { maxBytes } = this.limits;
    if (this.stdout.size + chunk.length > maxBytes) this.fail(outputFailure('from the script', maxBytes));
    else this.stdout.add(chunk);
  }

  private onStderr(chunk: Buffer): void {
    if (this.done) return;
    this.stderrSize += chunk.length;
    if (this.stderrSize > STDERR_CAP) {
      this.fail(outputFailure('on stderr', STDERR_CAP));
      return;
    }
    this.stderrTail = Buffer.concat([this.stderrTail, chunk]).subarray(-STDERR_KEPT - STDERR_MARGIN);
    // After the ready marker stderr belongs to the script, so a prompt there is not sudo's.
    if (this.prompt === undefined || this.isReady) return;
    this.promptSearch = Buffer.concat([this.promptSearch, chunk]);
    for (let at = this.promptSearch.indexOf(this.prompt); at >= 0; at = this.promptSearch.indexOf(this.prompt)) {
      this.promptSearch = this.promptSearch.subarray(at + this.prompt.length);
      this.push({ kind: 'prompt' });
    }
    this.promptSearch = this.promptSearch.subarray(-this.prompt.length);
  }

  private fail(error: HostError): void {
    if (this.done) return;
    this.finish({ kind: 'failed', error });
    this.abandon(error.kind === 'output');
  }

  private finish(event: ShellEvent | undefined): void {
    if (this.done) return;
    this.done = true;
    this.timeout.stop();
    this.stopListening();
    if (event !== undefined) this.push(event);
  }

  private push(event: ShellEvent): void {
    this.events.push(event);
    this.wake?.();
    this.wake = undefined;
  }
}
