/** Tries to log in as OpenSSH does: keys, keyboard-interactive, password. Explains the failure if none works. */
import type { AnyAuthMethod, AuthHandlerMiddleware, Prompt } from 'ssh2';
import { messageOf } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import type { Result } from '../lib/result.js';
import { fail } from '../lib/result.js';
import type { HostError } from './errors.js';
import type { Keyring, Offer } from './keyring.js';
import { loginFailure } from './login-failure.js';
import type { Endpoint } from './route.js';
import type { HostPassword, NoPassword } from './passwords.js';
import { isPasswordRound } from './secrets.js';
import type { Secrets } from './secrets.js';
import { SingleKeyAgent } from './single-key-agent.js';
import type { PausedFor } from './single-key-agent.js';

export interface AuthContext {
  readonly endpoint: Endpoint;
  readonly keyring: Keyring;
  readonly secrets: Pick<Secrets, 'answer'>;
  /** The SSH password. Rejects if the question was interrupted. */
  readonly requestPassword: () => Promise<Result<HostPassword, NoPassword>>;
  readonly pausedFor: PausedFor;
}

export interface Login {
  readonly handler: AuthHandlerMiddleware;
  /** Reports the result of a shared password; `unknown` keeps it for another try. */
  reportPassword(how: 'accepted' | 'refused' | 'unknown'): void;
  /** True if a question of the server was not answered. OpenSSH then closes the connection without a message. */
  unansweredQuestion(): boolean;
  /** What the ssh program could have used, in words: a key, or Kerberos. Undefined if there is nothing. */
  needsOpenssh(): string | undefined;
  /** Why the login failed; `serverMessage` is the server's last message, or ''. */
  failure(serverMessage: string): HostError;
}

/** How a login stands: what was tried and what the server said. */
interface Attempt {
  readonly context: AuthContext;
  /** Methods that the server still accepts; undefined before its first answer. */
  methods: readonly string[] | undefined;
  readonly tried: string[];
  readonly skipped: string[];
  keyProblem: boolean;
  onlySsh: string | undefined;
  /** What the server said last: the method worked, but it wants another one, too. */
  partial: boolean;
  /** The password that the server has not decided on. */
  password: HostPassword | undefined;
  passwordsSent: number;
  noPassword: NoPassword | undefined;
  /** What the current keyboard-interactive method asked for. */
  asked: { passwords: number; others: number };
  unanswered: boolean;
  /** The connection has an end; a password that comes later is for the next one. */
  over: boolean;
}

/** Creates the login for one connection. Its `handler` is ssh2's authHandler. */
export function createLogin(context: AuthContext): Login {
  const attempt: Attempt = {
    ...{ context, methods: undefined, tried: [], skipped: [], keyProblem: false, onlySsh: undefined },
    ...{ partial: false, password: undefined, passwordsSent: 0, noPassword: undefined },
    ...{ asked: { passwords: 0, others: 0 }, unanswered: false, over: false },
  };
  const plan = methodsToTry(attempt);
  return {
    handler: (left, partial, next) => {
      // null on the first call, although ssh2's types exclude it.
      const methods = left as readonly string[] | null;
      if (methods !== null) attempt.methods = methods;
      attempt.partial = (partial as boolean | null) === true;
      const giveUp = next as unknown as (stop: false) => void;
      plan.next().then(
        (step) => (step.done === true ? giveUp(false) : next(step.value)),
        (error: unknown) => {
          attempt.skipped.push(oneLine(messageOf(error)));
          giveUp(false);
        },
      );
    },
    reportPassword: (how) => {
      if (how === 'accepted') attempt.password?.accepted();
      else if (how === 'unknown') attempt.password?.unused();
      else if (attempt.partial || attempt.asked.others > 0) attempt.password?.inconclusive();
      else attempt.password?.refused();
      attempt.password = undefined;
      attempt.over = true;
    },
    unansweredQuestion: () => attempt.unanswered,
    needsOpenssh: () => attempt.onlySsh ?? kerberosOf(attempt),
    failure: (serverMessage) => loginFailure({ ...attempt, endpoint: context.endpoint }, serverMessage),
  };
}

const accepts = ({ methods }: Attempt, method: string): boolean => (methods ?? []).includes(method);

const kerberosOf = (attempt: Attempt): string | undefined =>
  attempt.context.endpoint.gssapi && accepts(attempt, 'gssapi-with-mic')
    ? 'the server accepts Kerberos (GSSAPI), which only ssh itself supports'
    : undefined;

async function* methodsToTry(attempt: Attempt): AsyncGenerator<AnyAuthMethod, void, undefined> {
  const username = attempt.context.endpoint.user;
  yield { type: 'none', username };
  yield* keysToTry(attempt, username);
  if (accepts(attempt, 'keyboard-interactive')) yield* answersToTry(attempt, username);
  if (accepts(attempt, 'password') && attempt.passwordsSent === 0) yield* passwordsToTry(attempt, username);
}

/** Once more after each wrong password. */
async function* answersToTry(attempt: Attempt, username: string): AsyncGenerator<AnyAuthMethod, void, undefined> {
  do {
    attempt.asked = { passwords: 0, others: 0 };
    attempt.tried.push('keyboard-interactive');
    yield {
      type: 'keyboard-interactive',
      username,
      prompt: (name, instructions, _language, prompts, finish) =>
        void answerRound(attempt, name, instructions, prompts).then((answers) => {
          attempt.unanswered ||= answers.length < prompts.length;
          finish(answers);
        }),
    };
  } while (await hasAnotherPassword(attempt, 'keyboard-interactive'));
}

async function* passwordsToTry(attempt: Attempt, username: string): AsyncGenerator<AnyAuthMethod, void, undefined> {
  attempt.asked = { passwords: 0, others: 0 };
  do {
    const password = await passwordToSend(attempt);
    if (password === undefined) return;
    attempt.tried.push('password');
    yield { type: 'password', username, password };
  } while (await hasAnotherPassword(attempt, 'password'));
}

async function* keysToTry(attempt: Attempt, username: string): AsyncGenerator<AnyAuthMethod, void, undefined> {
  if (!(attempt.methods ?? ['publickey']).includes('publickey')) return;
  for (const offer of await usableKeys(attempt)) {
    const key = new SingleKeyAgent(offer, attempt.context.pausedFor, (reason) =>
      skipKey(attempt, `${offer.label} ${reason}`),
    );
    attempt.tried.push(offer.label);
    yield { type: 'agent', username, agent: key };
    if (!key.signed) continue;
    // ssh2 hides the answer to an agent's key. Ask again: the key may be one factor of several.
    yield { type: 'none', username };
    if (!accepts(attempt, 'publickey')) return;
  }
}

async function usableKeys(attempt: Attempt): Promise<Offer[]> {
  const { keyring, endpoint, pausedFor } = attempt.context;
  const offers: Offer[] = [];
  for (const candidate of await keyring.candidates(endpoint)) {
    if (candidate.kind === 'offer') offers.push(candidate.offer);
    else if (candidate.kind === 'unusable') {
      const why = `${candidate.label} ${candidate.reason}`;
      skipKey(attempt, why, candidate.named);
      if (candidate.onlySsh !== undefined) attempt.onlySsh ??= why;
    } else
      await pausedFor(() => candidate.open()).then(
        (offer) => offers.push(offer),
        (error: unknown) => skipKey(attempt, `${candidate.label} ${oneLine(messageOf(error))}`),
      );
  }
  return offers;
}

function skipKey(attempt: Attempt, why: string, isProblem = true): void {
  attempt.skipped.push(why);
  attempt.keyProblem ||= isProblem;
}

/** Undefined if there is none. */
async function passwordToSend(attempt: Attempt): Promise<string | undefined> {
  const { requestPassword, pausedFor } = attempt.context;
  if (attempt.password === undefined) await keepPassword(attempt, pausedFor(requestPassword));
  if (attempt.password !== undefined) attempt.passwordsSent += 1;
  return attempt.password?.value;
}

/** True if the server refused a password, and there is another one. */
async function hasAnotherPassword(attempt: Attempt, method: string): Promise<boolean> {
  const { password, partial, asked, context } = attempt;
  // With other answers in the same method, nobody knows which one was wrong.
  if (password === undefined || partial || asked.others > 0 || !accepts(attempt, method)) return false;
  attempt.password = undefined;
  return keepPassword(
    attempt,
    context.pausedFor(() => password.refusedOnce()),
  );
}

async function keepPassword(attempt: Attempt, asked: Promise<Result<HostPassword, NoPassword>>): Promise<boolean> {
  const given = await asked.catch(() => fail<NoPassword>({ why: 'not-entered' }));
  if (!given.ok) attempt.noPassword = given.error;
  else if (attempt.over) given.value.unused();
  else attempt.password = given.value;
  return attempt.password !== undefined;
}

/** Answers one round of keyboard-interactive questions; fewer answers than questions end the method. */
async function answerRound(
  attempt: Attempt,
  name: string,
  instructions: string,
  prompts: readonly Prompt[],
): Promise<string[]> {
  const { endpoint, secrets, pausedFor } = attempt.context;
  if (isPasswordRound(prompts)) {
    // A repeated question means a wrong password, or asks for a new one. No answer ends the method.
    if (attempt.asked.passwords++ > 0) return [];
    const password = await passwordToSend(attempt);
    return password === undefined ? [] : [password];
  }
  attempt.asked.others += prompts.length;
  const answers: string[] = [];
  for (const { prompt, echo } of prompts) {
    const question = {
      host: endpoint.label,
      name: oneLine(name),
      instructions: oneLine(instructions),
      text: oneLine(prompt),
      echo: echo === true,
    };
    const answer = await pausedFor(() => secrets.answer(question)).catch(() => null);
    if (answer === null) return [];
    answers.push(answer);
  }
  return answers;
}
