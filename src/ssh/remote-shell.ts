/** One command on one channel, as a stream of events: ready marker, password prompt, end, failure. Holds the channel. */
import type { Client, ClientChannel } from 'ssh2';
import { monotonic } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { manyLines } from '../lib/sanitize.js';
import { onAbort } from './abort.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { abortedFailure, lostFailure } from './failures.js';
import { startPatience } from './patience.js';
import type { Patience } from './patience.js';

export const READY = 'kubelatch-ready';

export type ShellEvent =
  | { readonly kind: 'ready' }
  /** The `-p` prompt of sudo was seen on stderr. */
  | { readonly kind: 'prompt' }
  /** The command ended; `code` is null when a signal did it. */
  | { readonly kind: 'ended'; readonly code: number | null; readonly signal: string | undefined }
  | { readonly kind: 'failed'; readonly error: HostError };

export interface ShellLimits {
  /** Milliseconds until the channel is closed; time in which a person is asked does not count. */
  readonly deadline: number;
  /** What of the deadline an earlier command of the same call has used up. */
  readonly used?: number | undefined;
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Why the connection under the channel ended, where that is known. */
  lastError(): string;
}

const STDERR_KEPT = 8 * 1024;
const NOISE_CAP = 256 * 1024;
const FLOOD_GRACE = 3_000;
const MARKER = Buffer.from(`${READY}\n`);

export class RemoteShell {
  /** Bytes of stdout after the ready marker. */
  readonly stdout: Buffer[] = [];
  private readonly client: Client;
  private readonly limits: ShellLimits;
  private readonly prompt: Buffer | undefined;
  private readonly events: ShellEvent[] = [];
  private readonly patience: Patience;
  private readonly started = monotonic();
  private channel: ClientChannel | undefined;
  private unlisten: () => void = () => undefined;
  private wake: (() => void) | undefined;
  private done = false;
  private isReady = false;
  private size = 0;
  private noise = Buffer.alloc(0);
  private stderrTail = Buffer.alloc(0);
  private promptSearch = Buffer.alloc(0);
  private secret: string | undefined;

  /** Starts `command`; every outcome, a failure to start too, comes from {@link next}. `prompt` is looked for on stderr. */
  constructor(client: Client, command: string, limits: ShellLimits, prompt?: string) {
    this.client = client;
    this.limits = limits;
    this.prompt = prompt === undefined ? undefined : Buffer.from(prompt);
    this.patience = startPatience(Math.max(0, limits.deadline - (limits.used ?? 0)), () => {
      const seconds = Math.round(limits.deadline / 100) / 10;
      this.fail(
        hostError(
          'deadline',
          `the call took longer than ${seconds} s`,
          'look at the load of the host, or raise --timeout',
        ),
      );
    });
    this.unlisten = onAbort(limits.signal, () => this.fail(abortedFailure()));
    if (!this.done) this.start(command);
  }

  /** Milliseconds since the command was started. */
  get took(): number {
    return monotonic() - this.started;
  }

  /** The last 8 KiB of stderr, without prompt and password; control characters stay in. */
  get stderr(): string {
    let text = this.stderrTail.toString('utf8');
    if (this.prompt !== undefined) text = text.replaceAll(this.prompt.toString(), '');
    if (this.secret !== undefined && this.secret !== '') text = text.replaceAll(this.secret, '[secret]');
    return text;
  }

  /** stderr as it may be quoted. */
  get quotable(): string {
    return manyLines(this.stderr).trim();
  }

  /** The next event; after `ended` or `failed` there is none. */
  async next(): Promise<ShellEvent> {
    for (;;) {
      const event = this.events.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Writes a password line; it is taken out of everything that is quoted. */
  writeSecret(value: string): void {
    this.secret = value;
    this.channel?.write(`${value}\n`);
  }

  /** Writes the rest of stdin and ends it. */
  end(text: string): void {
    this.channel?.end(text);
  }

  /** Runs `ask` with the deadline's clock stopped. */
  pausedFor<T>(ask: () => Promise<T>): Promise<T> {
    return this.patience.pausedFor(ask);
  }

  /**
   * Closes the channel; what it still says is dropped. sshd keeps its side open while the command lives, and a command of root
   * takes no signal from here: the connection stays usable all the same. Only a flood that does not stop costs the connection.
   */
  abandon(flood = false): void {
    this.finish(undefined);
    const { channel } = this;
    if (channel === undefined) return;
    if (flood) {
      const timer = setTimeout(() => this.client.destroy(), FLOOD_GRACE);
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
      this.client.exec(command, (error, channel) => {
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

  private listen(channel: ClientChannel): void {
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
    this.noise = Buffer.concat([this.noise, chunk]);
    const at = this.noise.indexOf(MARKER);
    if (at < 0) {
      if (this.noise.length > NOISE_CAP) this.fail(tooMuch('before the shell was ready', NOISE_CAP));
      return;
    }
    this.isReady = true;
    this.push({ kind: 'ready' });
    const rest = this.noise.subarray(at + MARKER.length);
    this.noise = Buffer.alloc(0);
    if (rest.length > 0) this.keep(rest);
  }

  private keep(chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size > this.limits.maxBytes) this.fail(tooMuch('from the script', this.limits.maxBytes));
    else this.stdout.push(chunk);
  }

  private onStderr(chunk: Buffer): void {
    if (this.done) return;
    this.stderrTail = Buffer.concat([this.stderrTail, chunk]).subarray(-STDERR_KEPT);
    // After the marker stderr belongs to the script: what looks like a prompt there is none.
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
    this.patience.stop();
    this.unlisten();
    if (event !== undefined) this.push(event);
  }

  private push(event: ShellEvent): void {
    this.events.push(event);
    this.wake?.();
    this.wake = undefined;
  }
}

const tooMuch = (where: string, cap: number): HostError =>
  hostError(
    'output',
    `more than ${cap} bytes of output ${where}`,
    'look at what the host prints: login files, or a script that ran wild',
  );
