/** A run on stderr while it goes on: a line that counts on a terminal, plain lines without one, failures always. */
import type { RunEvent } from '../apply/outcome.js';
import { paragraph } from '../report/layout.js';
import type { Style } from '../report/style.js';
import { createLiveLine } from './live-line.js';
import { createTally, eventText, troubleLine } from './tally.js';

export interface ProgressOptions {
  readonly stderr: NodeJS.WriteStream;
  /** Whether stderr may be drawn upon: a terminal, and not in CI. */
  readonly isTty: boolean;
  /** Only failures are told. */
  readonly quiet: boolean;
  readonly style: Style;
}

export interface Progress {
  onEvent(event: RunEvent): void;
  /** A new part begins; `total` hosts where the number is known. A wave begins by its event. */
  phase(title: string, total?: number): void;
  /** One line for the log, above what moves. */
  print(line: string): void;
  /** Lets a question have the terminal. */
  aside<T>(ask: () => Promise<T>): Promise<T>;
  /** Leaves the terminal as it is to be: await it before the result is printed. Never rejects; may be called again. */
  stop(): Promise<void>;
}

export function createProgress(options: ProgressOptions): Progress {
  return options.isTty && !options.quiet ? liveProgress(options) : plainProgress(options);
}

function plainProgress({ stderr, quiet, style }: ProgressOptions): Progress {
  const print = (line: string): void => void stderr.write(`${line}\n`);
  return {
    onEvent(event) {
      const trouble = troubleLine(event);
      if (trouble !== undefined) print(style.red(`! ${trouble}`));
      else if (!quiet) print(eventText(event));
    },
    phase(title, total) {
      if (!quiet) print(style.bold(total === undefined ? title : `${title}: ${total}`));
    },
    print,
    aside: (ask) => ask(),
    stop: () => Promise.resolve(),
  };
}

function liveProgress({ stderr, style }: ProgressOptions): Progress {
  const tally = createTally();
  const live = createLiveLine(stderr, style);
  let open = false;
  const columns = (): number => stderr.columns || 80;
  const width = (): number => Math.max(columns() - 5, 20);

  const finish = (): void => {
    if (!open) return;
    open = false;
    live.print(tally.hasTrouble() ? `${style.yellow('!')} ${tally.ending()}` : `${style.green('+')} ${tally.ending()}`);
  };
  const begin = (title: string, total: number | undefined): void => {
    finish();
    open = true;
    tally.begin(title, total);
    live.set(() => tally.title(width()));
  };

  return {
    onEvent(event) {
      const trouble = troubleLine(event);
      if (trouble !== undefined) live.print(paragraph('! ', trouble, columns()).map(style.red).join('\n'));
      if (event.event === 'run-started') {
        finish();
        live.print(eventText(event));
      }
      if (event.event === 'wave-started') begin(`Wave ${event.wave}/${event.waves}`, event.hosts.length);
      // Before the first wave nothing moves, and somebody would wait without knowing why.
      if (!open && event.event === 'waiting') live.print(eventText(event));
      if (!open) return;
      tally.count(event);
      live.set(() => tally.title(width()));
    },
    phase: begin,
    print: (line) => live.print(line),
    aside: (ask) => live.aside(ask),
    async stop() {
      finish();
      await live.end();
    },
  };
}
