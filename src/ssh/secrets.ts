/** Passwords and other secrets from the user: what is asked for, and how a question for a password is recognized. */
import type { Prompt } from 'ssh2';

export interface AnswerPrompt {
  readonly host: string;
  readonly name: string;
  readonly instructions: string;
  readonly text: string;
  readonly echo: boolean;
}

/** How a password is asked for. */
export interface PasswordQuestion {
  /** The answer is used on this host alone; otherwise on all hosts with this user. */
  readonly alone: boolean;
  /** The host that refused the password before this question. */
  readonly refusedBy?: string | undefined;
  /** How many passwords can be entered, this one included. */
  readonly triesLeft: number;
}

/** Asks the user for secrets. null means that there is no terminal. */
export interface Secrets {
  /** null if nothing was entered, too. */
  passphrase(keyPath: string): Promise<string | null>;
  /** The SSH password, also for keyboard-interactive password questions; '' if nothing was entered. */
  password(user: string, host: string, question: PasswordQuestion): Promise<string | null>;
  /** Any other keyboard-interactive question, such as a one-time code. Its answer is never shared. */
  answer(prompt: AnswerPrompt): Promise<string | null>;
  /** The sudo password of `user`; '' if nothing was entered. */
  becomePassword(user: string, host: string, question: PasswordQuestion): Promise<string | null>;
}

const ASKS_FOR_PASSWORD = /pass(?:word|phrase)?\b|kennwort|mot de passe|contrase/i;

/** True if a keyboard-interactive round is a password question: one hidden prompt with a word for password. */
export function isPasswordRound(prompts: readonly Prompt[]): boolean {
  const [only] = prompts;
  return prompts.length === 1 && only !== undefined && only.echo !== true && ASKS_FOR_PASSWORD.test(only.prompt);
}
