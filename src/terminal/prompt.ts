/** Questions to a person, on stderr, one at a time; only where there is a terminal on both ends. */
import { ToolError } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import type { Style } from '../report/style.js';
import type { AnswerPrompt, Secrets } from '../ssh/secrets.js';

export interface PromptOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  /** Whether both are a terminal. */
  readonly isTty: boolean;
  /** `--no-input`. */
  readonly noInput: boolean;
  readonly style: Style;
  /** Ends the question that stands, and all that would follow. */
  readonly signal?: AbortSignal | undefined;
  /** Clears the screen of progress while a question stands. */
  readonly aside?: (<T>(ask: () => Promise<T>) => Promise<T>) | undefined;
}

export interface Choice<T> {
  readonly name: string;
  readonly value: T;
  readonly description?: string | undefined;
  readonly checked?: boolean | undefined;
}

/** All throw ToolError `interrupted` on Ctrl-C and Ctrl-D, and `usage` where nobody can be asked. */
export interface Prompts {
  /** Yes or no; Enter alone is no. */
  confirm(text: string): Promise<boolean>;
  /** True once `expected` was typed to the letter; Enter alone is no. */
  typeToConfirm(expected: string, text: string): Promise<boolean>;
  select<T>(text: string, choices: readonly Choice<T>[]): Promise<T>;
  /** At least one of them. */
  checkbox<T>(text: string, choices: readonly Choice<T>[]): Promise<readonly T[]>;
  /** Masked. */
  password(text: string): Promise<string>;
  /** For connections: null where nobody can be asked or nothing was typed. */
  readonly secrets: Secrets;
}

const masked = { mask: '*', toggleMask: false };

type Question = Readonly<Record<string, unknown>> & { readonly type: string };

export function createPrompts(options: PromptOptions): Prompts {
  const { stdin, stderr, isTty, noInput, style, signal } = options;
  const open = isTty && !noInput;
  const aside = options.aside ?? ((ask) => ask());
  let turn: Promise<unknown> = Promise.resolve();
  /** Whoever leaves one question leaves those that wait behind it too. */
  let interrupted: ToolError | undefined;

  const ask = <T>(question: Question): Promise<T> => {
    if (!open) return Promise.reject(nobodyThere(noInput));
    const asked = turn.then(() => {
      if (interrupted !== undefined) throw interrupted;
      return aside(() => askOnce<T>(stdin, stderr, signal, { theme: themeOf(style), ...question }));
    });
    turn = asked.catch((error: unknown) => {
      if (error instanceof ToolError && error.code === 'interrupted') interrupted = error;
    });
    return asked;
  };
  const secret = async (text: string): Promise<string | null> => {
    if (!open) return null;
    const answer = await ask<string>({ type: 'password', message: oneLine(text), ...masked });
    return answer === '' ? null : answer;
  };

  return {
    confirm: (text) => ask({ type: 'confirm', message: oneLine(text), default: false }),
    async typeToConfirm(expected, text) {
      const validate = (typed: string): boolean | string =>
        typed === expected || typed === '' || `type ${oneLine(expected)} to go on, nothing to stop`;
      return (await ask<string>({ type: 'input', message: oneLine(text), validate })) === expected;
    },
    select: (text, choices) => ask({ type: 'select', message: oneLine(text), choices: safe(choices), pageSize: 15 }),
    checkbox: (text, choices) =>
      ask({ type: 'checkbox', message: oneLine(text), choices: safe(choices), pageSize: 15, required: true }),
    password: (text) => ask({ type: 'password', message: oneLine(text), ...masked }),
    secrets: {
      passphrase: (keyPath) => secret(`Passphrase of the key ${keyPath}:`),
      password: (user, host) => secret(`SSH password of ${user} on ${host}:`),
      becomePassword: (user, host) => secret(`sudo password of ${user} (first asked by ${host}):`),
      answer: async (prompt) => {
        if (!open) return null;
        const message = oneLine(answerText(prompt));
        return ask(prompt.echo ? { type: 'input', message } : { type: 'password', message, ...masked });
      },
    },
  };
}

async function askOnce<T>(
  stdin: NodeJS.ReadStream,
  stderr: NodeJS.WriteStream,
  signal: AbortSignal | undefined,
  question: Question,
): Promise<T> {
  const { createPromptModule } = await import('inquirer');
  if (signal?.aborted === true) throw new ToolError('interrupted', 'interrupted before a question');
  const stopped = new AbortController();
  // On Ctrl-D readline just closes and the question would never be settled.
  const onKey = (_: unknown, key: { readonly ctrl?: boolean; readonly name?: string } | undefined): void => {
    if (key?.ctrl === true && key.name === 'd') stopped.abort();
  };
  const onEnd = (): void => stopped.abort();
  stdin.on('keypress', onKey);
  const restore = bearLoss(stdin);
  stdin.once('end', onEnd);
  signal?.addEventListener('abort', onEnd);
  try {
    const prompt = createPromptModule({ input: stdin, output: stderr, signal: stopped.signal });
    const { answer } = await (prompt as unknown as Ask<T>)([{ ...question, name: 'answer' }]);
    return answer;
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name !== 'ExitPromptError' && name !== 'AbortPromptError') throw error;
    throw new ToolError('interrupted', 'interrupted at a question', { cause: error });
  } finally {
    stdin.off('keypress', onKey);
    restore();
    stdin.off('end', onEnd);
    signal?.removeEventListener('abort', onEnd);
  }
}

/** On a terminal that is gone, readline's way out of raw mode would throw. Returns what takes this back. */
function bearLoss(stdin: NodeJS.ReadStream): () => void {
  // Streams that are no terminal have none.
  const own = Object.getOwnPropertyDescriptor(stdin, 'setRawMode');
  const setRawMode = (stdin as Partial<NodeJS.ReadStream>).setRawMode?.bind(stdin);
  if (setRawMode === undefined) return () => undefined;
  stdin.setRawMode = (mode) => {
    try {
      return setRawMode(mode);
    } catch (error) {
      if (mode) throw error;
      return stdin;
    }
  };
  return () => {
    if (own === undefined) Reflect.deleteProperty(stdin, 'setRawMode');
    else Object.defineProperty(stdin, 'setRawMode', own);
  };
}

/** inquirer's own type follows every kind of question; here there is one at a time, named `answer`. */
type Ask<T> = (questions: readonly Readonly<Record<string, unknown>>[]) => Promise<{ readonly answer: T }>;

const nobodyThere = (noInput: boolean): ToolError =>
  new ToolError(
    'usage',
    `this needs an answer, and ${noInput ? '--no-input forbids to ask' : 'there is no terminal'}`,
    {
      hint: 'pass --yes, or run it on a terminal',
    },
  );

const answerText = ({ host, name, instructions, text }: AnswerPrompt): string =>
  `${host}: ${[name, instructions, text].filter((part) => part.trim() !== '').join(' ')}`;

const safe = <T>(choices: readonly Choice<T>[]): readonly Choice<T>[] =>
  choices.map((choice) => ({
    ...choice,
    name: oneLine(choice.name),
    ...(choice.description === undefined ? {} : { description: oneLine(choice.description) }),
  }));

function themeOf(style: Style): object {
  const { green, red, bold, dim } = style;
  const error = (text: string): string => red(`! ${text}`);
  const key = (text: string): string => bold(`<${text}>`);
  const keysHelpTip = (keys: readonly (readonly [string, string])[]): string | undefined =>
    keys.length === 0 ? undefined : dim(keys.map((pair) => pair.join(' ')).join(', '));
  const styles = {
    answer: green,
    message: bold,
    error,
    defaultAnswer: dim,
    help: dim,
    highlight: bold,
    key,
    keysHelpTip,
  };
  return { prefix: { idle: bold('?'), done: green('+') }, style: { ...styles, description: dim } };
}
