/** The progress of a run on stderr: a live line on a terminal, plain lines with times elsewhere; failures are always printed. */
import { type Ticking, every, isoTime } from '../lib/clock.js';
import { print as printText, safeText } from '../lib/output.js';
import { messageLines, paragraph } from '../report/layout.js';
import type { Style } from '../report/style.js';
import type { RunEvent } from '../run/outcome.js';
import { eventText, troubleLine } from './event-text.js';
import { createFlood } from './flood.js';
import { createHookLines } from './hook-lines.js';
import { createLiveLine } from './live-line.js';
import { type PhaseVerbs, createRunCounts } from './run-counts.js';

export interface ProgressOptions {
  readonly stderr: NodeJS.WriteStream;
  /** True if stderr is a terminal that can move its cursor, and CI is not set. */
  readonly isTty: boolean;
  /** Print failures only. */
  readonly quiet: boolean;
  /** Print each step of each host. */
  readonly verbose?: boolean | undefined;
  readonly style: Style;
}

export interface Progress {
  onEvent(event: RunEvent): void;
  /** Starts a new phase with `total` hosts, if known; `verbs` if they are not read. Waves start by their event instead. */
  phase(title: string, total?: number, verbs?: PhaseVerbs): void;
  /** Prints one permanent line above the live line. */
  print(line: string): void;
  /** Hides the live line while `ask` uses the terminal. */
  pauseFor<T>(ask: () => Promise<T>): Promise<T>;
  /** Clears the live line; await it before printing the result. Never rejects and may be called again. */
  stop(): Promise<void>;
}

/** The live line needs a terminal and no `quiet`; otherwise plain lines are printed. */
export function createProgress(options: ProgressOptions): Progress {
  return options.isTty && !options.quiet ? liveProgress(options) : plainProgress(options);
}

/** Hosts of a phase of which each step is a line; of more, the counts are told from time to time. */
const fewHosts = 20;
/** Milliseconds without a line after which a log is told that work goes on. */
const silence = 10_000;

function plainProgress({ stderr, quiet, verbose, style }: ProgressOptions): Progress {
  const counts = createRunCounts();
  const flood = createFlood();
  const hookLines = createHookLines();
  let open = false;
  let isDetailed = true;
  let done: string | undefined;
  let timer: Ticking | undefined;
  const print = (line: string): void => {
    const lines = messageLines(line, stderr.isTTY ? stderr.columns || 80 : Infinity);
    printText(stderr, safeText(`${lines.join('\n')}\n`));
  };
  const log = (line: string): void => {
    print(`${isoTime().slice(0, 19)}Z ${line}`);
    timer?.restart();
  };
  const finish = (): void => {
    for (const line of flood.rest()) log(style.red(`! ${line}`));
    if (open && !quiet && counts.finished() > 0) log(style.bold(counts.summary()));
    open = false;
    timer?.stop();
    timer = undefined;
  };
  const begin = (title: string, total: number | undefined, verbs?: PhaseVerbs): void => {
    finish();
    [open, done] = [true, verbs?.done];
    isDetailed = verbose === true || (total ?? 0) <= fewHosts;
    counts.begin(title, total, verbs);
    if (quiet) return;
    timer = every(silence, () => log(counts.title(Infinity)));
  };
  return {
    onEvent(event) {
      if (event.event === 'wave-started') begin(`Wave ${event.wave}/${event.waves}`, event.hosts.length);
      counts.count(event);
      const trouble = troubleLine(event);
      const isShown = !quiet && (isDetailed || !isOfOneHost(event));
      const hidden = isShown ? [] : hookLines.follow(event);
      if (trouble !== undefined) {
        if (flood.admit(event)) for (const one of [...hidden, style.red(`! ${trouble}`)]) log(one);
      } else if (isShown) log(eventText(event, done));
    },
    phase(title, total, verbs) {
      begin(title, total, verbs);
      if (!quiet) log(style.bold(total === undefined ? title : `${title}: ${total}`));
    },
    print,
    pauseFor: (ask) => ask().finally(counts.leaveOut()),
    stop() {
      finish();
      return Promise.resolve();
    },
  };
}

const isOfOneHost = (event: RunEvent): boolean => 'host' in event;

/** Milliseconds between redraws where nothing happens but time. */
const tick = 1000;

function liveProgress({ stderr, verbose, style }: ProgressOptions): Progress {
  const counts = createRunCounts();
  const flood = createFlood();
  const hookLines = createHookLines();
  const live = createLiveLine(stderr);
  let open = false;
  let done: string | undefined;
  let timer: Ticking | undefined;
  const columns = (): number => stderr.columns || 80;
  const redraw = (): void => live.set(() => counts.title(Math.max(columns() - 5, 10)));
  const say = (first: string, text: string, paint = (one: string): string => one): void =>
    live.print(paragraph(first, text, columns()).map(paint).join('\n'));

  const finish = (): void => {
    for (const line of flood.rest()) say('! ', line, style.red);
    timer?.stop();
    if (!open) return;
    open = false;
    const [sign, paint] = counts.hasTrouble() ? (['! ', style.yellow] as const) : (['+ ', style.green] as const);
    say(sign, counts.summary(), (line) => line.replace(/^[!+]/, paint));
  };
  const begin = (title: string, total: number | undefined, verbs?: PhaseVerbs): void => {
    finish();
    [open, done] = [true, verbs?.done];
    counts.begin(title, total, verbs);
    redraw();
    timer = every(tick, redraw);
  };

  return {
    onEvent(event) {
      const trouble = troubleLine(event);
      const hidden = verbose === true ? [] : hookLines.follow(event);
      if (trouble !== undefined && flood.admit(event)) {
        for (const one of hidden) say('', one, style.dim);
        say('! ', trouble, style.red);
      }
      if (event.event === 'run-started') {
        // The run has phases of its own; one in which nothing happened yet is not worth a line.
        open &&= counts.finished() > 0;
        finish();
        say('', eventText(event));
      }
      if (event.event === 'wave-started') begin(`Wave ${event.wave}/${event.waves}`, event.hosts.length);
      // Before the first wave there is no live line that could show the reason for waiting.
      if (!open && event.event === 'waiting') say('', eventText(event));
      counts.count(event);
      if (verbose === true && trouble === undefined && isOfOneHost(event))
        say(`${isoTime().slice(11, 19)} `, eventText(event, done), style.dim);
      if (open) redraw();
    },
    phase: begin,
    print: (line) => live.print(messageLines(line, columns()).join('\n')),
    pauseFor: (ask) => live.pauseFor(ask).finally(counts.leaveOut()),
    async stop() {
      finish();
      await live.end();
    },
  };
}
