/** The progress line at the bottom of a terminal, drawn by listr2; other lines are printed above it. */
import type { ListrRenderer, ListrRendererFactory, ListrTaskObject } from 'listr2';
import { cut, widthOf } from '../report/layout.js';
import { print, safeText } from '../lib/output.js';

export interface LiveLine {
  /** Shows the result of `text`, which is called a few times a second at most. */
  set(text: () => string): void;
  /** Prints a permanent line above the progress line. */
  print(line: string): void;
  /** Hides the progress line while `ask` uses the terminal. */
  pauseFor<T>(ask: () => Promise<T>): Promise<T>;
  /** Prints pending lines and removes the progress line. Never rejects. */
  end(): Promise<void>;
}

/** Milliseconds between two redraws. */
const redrawInterval = 100;

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const clearRight = '\u001b[K';
/** The mark before the line moves with each redraw, so that it is seen to live. */
const marks = ['|', '/', '-', '\\'];

interface Drawn {
  title(text: string): void;
  remove(): Promise<void>;
}

export function createLiveLine(stderr: NodeJS.WriteStream): LiveLine {
  let text: (() => string) | undefined;
  let drawn: Drawn | undefined;
  let printed: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  let pauses = 0;
  let mark = 0;
  const framed = (): string => {
    mark = (mark + 1) % marks.length;
    return `${marks[mark] ?? ''} ${text?.() ?? ''}`;
  };

  const onResize = (): void => scheduleDraw();

  const hide = async (): Promise<void> => {
    stderr.off('resize', onResize);
    await drawn?.remove();
    drawn = undefined;
    if (printed.length > 0) print(stderr, safeText(`${printed.join('\n')}\n`));
    printed = [];
  };
  const draw = async (): Promise<void> => {
    if (pauses > 0) return;
    if (printed.length > 0) await hide();
    if (text === undefined) return;
    if (drawn !== undefined) {
      drawn.title(framed());
      return;
    }
    drawn = await startDrawing(stderr, framed());
    stderr.on('resize', onResize);
  };
  /** Screen updates must not overlap: listr2 draws asynchronously. */
  const oneAtATime = (step: () => Promise<void>): Promise<void> => (turn = turn.then(step, step));
  const scheduleDraw = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void oneAtATime(draw).catch(() => undefined);
    }, redrawInterval);
  };

  return {
    set(next) {
      text = next;
      scheduleDraw();
    },
    print(line) {
      printed.push(line);
      scheduleDraw();
    },
    async pauseFor(ask) {
      pauses += 1;
      await oneAtATime(hide);
      try {
        return await ask();
      } finally {
        pauses -= 1;
        scheduleDraw();
      }
    },
    async end() {
      text = undefined;
      await oneAtATime(hide).catch(() => undefined);
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/**
 * The task list of listr2 has one task, whose title is the line; it is drawn here, without a line feed. Its own renderer keeps
 * the width that the terminal had in the beginning, and looks at stdout for it.
 */
async function startDrawing(stderr: NodeJS.WriteStream, first: string): Promise<Drawn> {
  const { Listr, ListrTaskEventType } = await import('listr2');
  let finish = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let setTitle: ((text: string) => void) | undefined;
  let shown = '';
  const write = (text: string): void => print(stderr, safeText(text));
  const show = (text: string): void => {
    shown = text;
    write(`\r${text}${clearRight}`);
  };
  /** After a resize the terminal may have broken the line into several rows; the cursor is in the last one. */
  const redraw = (): void => {
    const rows = Math.ceil(widthOf(shown) / (stderr.columns || 80));
    write(`${rows > 1 ? `\u001b[${rows - 1}A` : ''}\r\u001b[J`);
    show(cut(shown, Math.max((stderr.columns || 80) - 1, 1)));
  };
  class LineRenderer implements ListrRenderer {
    static readonly nonTTY = true;
    static readonly rendererOptions = {};
    static readonly rendererTaskOptions = {};
    private readonly tasks: readonly ListrTaskObject<unknown>[];
    constructor(tasks: readonly ListrTaskObject<unknown>[]) {
      this.tasks = tasks;
    }
    render(): void {
      write(hideCursor);
      show(first);
      stderr.on('resize', redraw);
      this.tasks[0]?.on(ListrTaskEventType.TITLE, show);
    }
    end(): void {
      stderr.off('resize', redraw);
      write(`\r${clearRight}${showCursor}`);
    }
  }
  const list = new Listr<unknown, ListrRendererFactory>(
    {
      title: first,
      task: async (_, task) => {
        setTitle = (text) => {
          task.title = text;
        };
        await over;
      },
    },
    { renderer: LineRenderer, registerSignalListeners: false, exitOnError: false },
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
