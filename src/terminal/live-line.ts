/** The one line that moves, at the bottom of a terminal: listr2 draws it, other lines pass above it. */
import type { Listr } from 'listr2';
import type { Style } from '../report/style.js';

export interface LiveLine {
  /** Shows what `text` gives from now on; it is asked a few times a second at most. */
  set(text: () => string): void;
  /** A line that stays, above the moving one. */
  print(line: string): void;
  /** Takes the moving line away while `ask` has the terminal. */
  aside<T>(ask: () => Promise<T>): Promise<T>;
  /** Ends the moving line, after what was printed. Never rejects. */
  end(): Promise<void>;
}

/** Milliseconds between two drawings. */
const beat = 100;

interface Drawn {
  title(text: string): void;
  remove(): Promise<void>;
}

export function createLiveLine(stderr: NodeJS.WriteStream, style: Style): LiveLine {
  let text: (() => string) | undefined;
  let drawn: Drawn | undefined;
  let printed: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  let asides = 0;

  const hide = async (): Promise<void> => {
    await drawn?.remove();
    drawn = undefined;
    if (printed.length > 0) stderr.write(`${printed.join('\n')}\n`);
    printed = [];
  };
  const draw = async (): Promise<void> => {
    if (asides > 0) return;
    if (printed.length > 0) await hide();
    if (text === undefined) return;
    if (drawn === undefined) drawn = await startDrawing(stderr, style, text());
    else drawn.title(text());
  };
  /** One change of the screen at a time, in order. */
  const inTurn = (step: () => Promise<void>): Promise<void> => (turn = turn.then(step, step));
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void inTurn(draw).catch(() => undefined);
    }, beat);
  };

  return {
    set(next) {
      text = next;
      soon();
    },
    print(line) {
      printed.push(line);
      soon();
    },
    async aside(ask) {
      asides += 1;
      await inTurn(hide);
      try {
        return await ask();
      } finally {
        asides -= 1;
        soon();
      }
    },
    async end() {
      text = undefined;
      await inTurn(hide).catch(() => undefined);
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

async function startDrawing(stderr: NodeJS.WriteStream, style: Style, first: string): Promise<Drawn> {
  const listr = await import('listr2');
  /** listr2 looks at stdout to see whether there is a terminal; here stderr was looked at already. */
  class StderrRenderer extends listr.DefaultRenderer {
    static override nonTTY = true;
  }
  let finish = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let setTitle: ((text: string) => void) | undefined;
  const processOutput = new listr.ProcessOutput(stderr, stderr, { leaveEmptyLine: false });
  const list: Listr<undefined, typeof StderrRenderer> = new listr.Listr(
    {
      title: first,
      task: async (_, task) => {
        setTitle = (text) => {
          task.title = text;
        };
        await over;
      },
    },
    {
      renderer: StderrRenderer,
      registerSignalListeners: false,
      exitOnError: false,
      rendererOptions: {
        clearOutput: true,
        formatOutput: 'truncate',
        logger: new listr.ListrLogger({ useIcons: true, processOutput }),
        color: { [listr.ListrDefaultRendererLogLevels.PENDING]: (icon) => style.yellow(icon ?? '') },
      },
    },
  );
  const running = list.run();
  return {
    title: (text) => setTitle?.(text),
    async remove() {
      finish();
      await running;
    },
  };
}
