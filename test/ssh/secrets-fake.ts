/** Answers to questions for tests: none at all, or set ones that are counted. */
import type { PasswordQuestion, Secrets } from '../../src/ssh/secrets.js';

/** No terminal: nobody can be asked. */
export const silent: Secrets = {
  passphrase: () => Promise.resolve(null),
  password: () => Promise.resolve(null),
  answer: () => Promise.resolve(null),
  becomePassword: () => Promise.resolve(null),
};

export interface CountedSecrets extends Secrets {
  /** What was asked, in order. */
  readonly asked: string[];
  /** How each password was asked for: for all or for one host, who refused the one before, how many tries are left. */
  readonly questions: PasswordQuestion[];
}

/** Each question takes its next answer; the last one repeats. */
export function answering(answers: Partial<Record<keyof Secrets, readonly (string | null)[]>>): CountedSecrets {
  const asked: string[] = [];
  const questions: PasswordQuestion[] = [];
  const counts = new Map<string, number>();
  const give = (kind: keyof Secrets, about: string): Promise<string | null> => {
    asked.push(`${kind} ${about}`);
    const list = answers[kind] ?? [null];
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return Promise.resolve(list[Math.min(count, list.length - 1)] ?? null);
  };
  const givePassword =
    (kind: 'password' | 'becomePassword'): Secrets['password'] =>
    (user, host, question) => {
      questions.push(question);
      return give(kind, `${user}@${host}`);
    };
  return {
    asked,
    questions,
    passphrase: (path) => give('passphrase', path),
    password: givePassword('password'),
    answer: (prompt) => give('answer', prompt.text),
    becomePassword: givePassword('becomePassword'),
  };
}
