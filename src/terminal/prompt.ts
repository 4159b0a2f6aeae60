/** Interactive questions on stderr, one at a time. They need a terminal on stdin and stderr. */
import { ToolError } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import type { Style } from '../report/style.js';
import { print, safeText } from '../lib/output.js';
import { safeChoices, themeOf } from './prompt-look.js';
import type { AnswerPrompt, PasswordQuestion, Secrets } from '../ssh/secrets.js';
import { type InputOptions, textQuestion } from './text-question.js';

export interface PromptOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  /** True if stdin and stderr are terminals. */
  readonly isTty: boolean;
  /** `--no-input`. */
  readonly noInput: boolean;
  readonly style: Style;
  /** Cancels the open question and all later ones. */
  readonly signal?: AbortSignal | undefined;
  /** Hides the progress line while a question is open. */
  readonly pauseProgress?: (<T>(ask: () => Promise<T>) => Promise<T>) | undefined;
}

export interface Choice<T> {
  readonly name: string;
  readonly value: T;
  readonly description?: string | undefined;
  /** What the answer is shown as; the name unless told. */
  readonly short?: string | undefined;
  readonly checked?: boolean | undefined;
}

/** The Escape key at a question that can be left. */
export class WentBack extends Error {}

export interface Leaving {
  /** Escape leaves the question: it throws WentBack. */
  readonly canGoBack?: boolean;
}

export interface SelectOptions<T> extends Leaving {
  /** The value of the choice that the list starts at; the first unless told. */
  readonly now?: T | undefined;
}

/** All throw ToolError `interrupted` on Ctrl-C or Ctrl-D, and `usage` if there is no terminal or `--no-input` is set. */
export interface Prompts {
  /** Yes or no; Enter means no. */
  confirm(text: string, leaving?: Leaving): Promise<boolean>;
  /** True if exactly `expected` is typed; Enter returns false. */
  typeToConfirm(expected: string, text: string, leaving?: Leaving): Promise<boolean>;
  select<T>(text: string, choices: readonly Choice<T>[], options?: SelectOptions<T>): Promise<T>;
  /** Requires at least one choice. */
  checkbox<T>(text: string, choices: readonly Choice<T>[], leaving?: Leaving): Promise<readonly T[]>;
  /** A line of text. */
  input(text: string, options?: InputOptions): Promise<string>;
  /** The input is masked. */
  password(text: string): Promise<string>;
  /** Passwords for connections; null if there is no terminal. */
  readonly secrets: Secrets;
}

const masked = { mask: '*', toggleMask: false };

type Question = Readonly<Record<string, unknown>> & Leaving & { readonly type: string; readonly clearsWrong?: boolean };

/** Questions run one at a time. Without a terminal, secrets are null and other questions throw ToolError `usage`. */
export function createPrompts(options: PromptOptions): Prompts {
  const { stdin, stderr, isTty, noInput, style, signal } = options;
  const open = isTty && !noInput;
  const aside = options.pauseProgress ?? ((ask) => ask());
  let turn: Promise<unknown> = Promise.resolve();
  /** Cancelling one question cancels the questions queued behind it. */
  let interrupted: ToolError | undefined;
  const columns = (): number => stderr.columns || 80;

  const ask = <T>(question: Question, before?: string): Promise<T> => {
    if (!open) return Promise.reject(cannotAsk(noInput));
    const asked = turn.then(() => {
      if (interrupted !== undefined) throw interrupted;
      return aside(() => {
        if (before !== undefined) print(stderr, safeText(`${style.red('!')} ${oneLine(before)}\n`));
        const { canGoBack = false, clearsWrong } = question;
        const theme = themeOf(style, { canGoBack, clearsWrong, columns: columns() });
        return askOnce<T>(stdin, stderr, signal, { theme, ...question });
      });
    });
    turn = asked.catch((error: unknown) => {
      if (error instanceof ToolError && error.code === 'interrupted') interrupted = error;
    });
    return asked;
  };
  const secret = async (text: string, before?: string): Promise<string | null> =>
    open ? ask<string>({ type: 'password', message: oneLine(text), ...masked }, before) : null;

  return {
    confirm: (text, leaving) => ask({ type: 'confirm', message: oneLine(text), default: false, ...leaving }),
    async typeToConfirm(expected, text, leaving) {
      const validate = (typed: string): boolean | string =>
        typed === expected ||
        typed === '' ||
        `Type ${oneLine(expected)} to continue, or only press Enter to answer no.`;
      const question = { type: 'input', message: oneLine(text), validate, clearsWrong: true, ...leaving };
      return (await ask<string>(question)) === expected;
    },
    select: (text, choices, { now, ...leaving } = {}) =>
      ask({
        type: 'select',
        message: oneLine(text),
        choices: safeChoices(choices, columns()),
        pageSize: 15,
        default: now,
        ...leaving,
      }),
    checkbox: (text, choices, leaving) =>
      ask({
        ...{ type: 'checkbox', message: oneLine(text), choices: safeChoices(choices, columns()), pageSize: 15 },
        ...{ required: true, ...leaving },
      }),
    input: async (text, options) => (await ask<string>(textQuestion(text, options))).trim(),
    password: (text) => ask({ type: 'password', message: oneLine(text), ...masked }),
    secrets: {
      passphrase: async (keyPath) => (await secret(`Passphrase of the key ${keyPath}:`)) || null,
      password: (user, host, question) =>
        secret(`SSH password for ${whom(user, host, question)}:`, refusalText(`the login of ${user}`, question)),
      becomePassword: (user, host, question) =>
        secret(`sudo password for ${whom(user, host, question)}:`, refusalText(`sudo of ${user}`, question)),
      answer: async (prompt) => {
        if (!open) return null;
        const message = oneLine(answerText(prompt));
        return ask(prompt.echo ? { type: 'input', message } : { type: 'password', message, ...masked });
      },
    },
  };
}

const whom = (user: string, host: string, { alone }: PasswordQuestion): string =>
  alone ? `${user} on ${host}` : `${user} (asked by ${host})`;

/** Why a password is asked for again; undefined for the first question. */
function refusalText(what: string, { refusedBy, triesLeft }: PasswordQuestion): string | undefined {
  if (refusedBy === undefined) return undefined;
  if (triesLeft > 2)
    return `The password of the other hosts was not accepted for ${what} on ${refusedBy}, so it is asked for again.`;
  return `That password was not accepted for ${what} on ${refusedBy}; ${triesLeft === 1 ? '1 try' : `${triesLeft} tries`} left.`;
}

async function askOnce<T>(
  stdin: NodeJS.ReadStream,
  stderr: NodeJS.WriteStream,
  signal: AbortSignal | undefined,
  question: Question,
): Promise<T> {
  const { createPromptModule } = await import('inquirer');
  if (signal?.aborted === true) throw new ToolError('interrupted', 'Cancelled.');
  const stopped = new AbortController();
  const left = { byEscape: false };
  // On Ctrl-D readline only closes, and the question would stay pending.
  const onKey = (_: unknown, key: { readonly ctrl?: boolean; readonly name?: string } | undefined): void => {
    left.byEscape ||= question.canGoBack === true && key?.name === 'escape';
    if (left.byEscape || (key?.ctrl === true && key.name === 'd')) stopped.abort();
  };
  const onEnd = (): void => stopped.abort();
  stdin.on('keypress', onKey);
  const restore = tolerateLostTerminal(stdin);
  stdin.once('end', onEnd);
  signal?.addEventListener('abort', onEnd);
  try {
    const prompt = createPromptModule({ input: stdin, output: stderr, signal: stopped.signal });
    clearWhere(() => left.byEscape, prompt as unknown as PromptModule, question.type);
    const { answer } = await (prompt as unknown as Ask<T>)([{ ...question, name: 'answer' }]);
    return answer;
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name !== 'ExitPromptError' && name !== 'AbortPromptError') throw error;
    if (left.byEscape) throw new WentBack();
    throw new ToolError('interrupted', 'Cancelled.', { cause: error });
  } finally {
    stdin.off('keypress', onKey);
    restore();
    stdin.off('end', onEnd);
    signal?.removeEventListener('abort', onEnd);
  }
}

type AskInTerminal = (question: unknown, context: object) => unknown;
interface PromptModule {
  readonly prompts: Readonly<Record<string, AskInTerminal>>;
  registerPrompt(type: string, ask: AskInTerminal): void;
}

/** A question that was left is taken off the screen, which shows the one before it again. */
function clearWhere(isLeft: () => boolean, module: PromptModule, type: string): void {
  const ask = module.prompts[type];
  if (ask === undefined) return;
  // Inquirer reads it when the question ends.
  module.registerPrompt(type, (question, context) =>
    ask(question, Object.defineProperty(context, 'clearPromptOnDone', { get: isLeft })),
  );
}

/** Leaving raw mode throws if the terminal is gone, so that error is ignored. Returns a function that restores the stream. */
function tolerateLostTerminal(stdin: NodeJS.ReadStream): () => void {
  // Only terminals have setRawMode.
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

/** A narrower type than inquirer's: one question at a time, named `answer`. */
type Ask<T> = (questions: readonly Readonly<Record<string, unknown>>[]) => Promise<{ readonly answer: T }>;

const cannotAsk = (noInput: boolean): ToolError =>
  new ToolError('usage', `this needs an answer, but ${noInput ? '--no-input is set' : 'there is no terminal'}`, {
    hint: 'add --yes, or run the command on a terminal',
  });

const answerText = ({ host, name, instructions, text }: AnswerPrompt): string =>
  `${host}: ${[name, instructions, text].filter((part) => part.trim() !== '').join(' ')}`;
