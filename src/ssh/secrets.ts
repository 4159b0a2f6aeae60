/** Questions to a person, each asked once however many hosts wait for the answer. */
import type { Prompt } from 'ssh2';

export interface AnswerPrompt {
  readonly host: string;
  readonly name: string;
  readonly instructions: string;
  readonly text: string;
  readonly echo: boolean;
}

/** How a person is asked; null means that nobody can be asked (no terminal) or that the answer was declined. */
export interface Secrets {
  passphrase(keyPath: string): Promise<string | null>;
  /** The SSH password, also for a keyboard-interactive question that asks for it. */
  password(user: string, host: string): Promise<string | null>;
  /** Any other keyboard-interactive question, one-time codes for example: never shared. */
  answer(prompt: AnswerPrompt): Promise<string | null>;
  /** The password that sudo asks `user` for; one answer serves all hosts with the same user until one refuses it. */
  becomePassword(user: string, host: string): Promise<string | null>;
}

/** A password on loan, until the holder knows whether it was right. */
export interface Loan {
  readonly value: string;
  /** It was accepted: others may use it at once. */
  accepted(): void;
  /** It was refused: the next one asks a person again. */
  refused(): void;
  /** Not known (the connection was lost, sudo refused for another reason): forgotten unless it was right elsewhere. */
  unproven(): void;
  /** It was not put to the test: the next one gets it without a question. */
  untried(): void;
}

export interface Lender {
  /** null: nobody can be asked. While an unproven value is out, others wait for its verdict: one typing error must not lock an account on many hosts. */
  borrow(key: string, ask: () => Promise<string | null>): Promise<Loan | null>;
}

interface Entry {
  value: string | null;
  proven: boolean;
}

export function createLender(): Lender {
  const entries = new Map<string, Entry>();
  const queues = new Map<string, Promise<void>>();

  const loan = (key: string, value: string, settle: () => void): Loan => {
    const current = (): Entry | undefined => {
      const entry = entries.get(key);
      return entry?.value === value ? entry : undefined;
    };
    return {
      value,
      accepted: () => {
        const entry = current();
        if (entry !== undefined) entry.proven = true;
        settle();
      },
      refused: () => {
        if (current() !== undefined) entries.delete(key);
        settle();
      },
      unproven: () => {
        if (current()?.proven === false) entries.delete(key);
        settle();
      },
      untried: settle,
    };
  };

  return {
    async borrow(key, ask) {
      for (;;) {
        const entry = entries.get(key);
        if (entry?.value === null) return null;
        if (entry?.proven === true) return loan(key, entry.value, () => undefined);
        const busy = queues.get(key);
        if (busy !== undefined) {
          await busy;
          continue;
        }
        let settle = (): void => undefined;
        queues.set(
          key,
          new Promise((resolve) => {
            settle = () => {
              queues.delete(key);
              resolve();
            };
          }),
        );
        try {
          const value = entry?.value ?? (await ask());
          entries.set(key, { value, proven: false });
          if (value !== null) return loan(key, value, settle);
        } catch (error) {
          settle();
          throw error;
        }
        settle();
        return null;
      }
    },
  };
}

const ASKS_FOR_PASSWORD = /pass(?:word|phrase)?\b|kennwort|mot de passe|contrase/i;

/** Whether a keyboard-interactive round is the plain password question: one hidden prompt that says so. */
export function isPasswordRound(prompts: readonly Prompt[]): boolean {
  const [only] = prompts;
  return prompts.length === 1 && only !== undefined && only.echo !== true && ASKS_FOR_PASSWORD.test(only.prompt);
}
