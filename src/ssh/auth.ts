/** The order in which a login is tried, as OpenSSH: keys, keyboard-interactive, password; and what is told when all fail. */
import ssh2 from 'ssh2';
import type {
  AnyAuthMethod,
  AuthHandlerMiddleware,
  IdentityCallback,
  ParsedKey,
  SignCallback,
  SigningRequestOptions,
} from 'ssh2';
import { messageOf } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import type { Keyring, Offer } from './keyring.js';
import type { Endpoint } from './route.js';
import { isPasswordRound } from './secrets.js';
import type { Loan, Secrets } from './secrets.js';

export interface AuthContext {
  readonly endpoint: Endpoint;
  readonly keyring: Keyring;
  readonly secrets: Pick<Secrets, 'answer'>;
  /** The SSH password on loan; null when nobody can be asked. */
  borrowPassword(): Promise<Loan | null>;
  /** Stops the handshake's clock while a person thinks. */
  pausedFor<T>(ask: () => Promise<T>): Promise<T>;
}

export interface Login {
  readonly handler: AuthHandlerMiddleware;
  /** Tells the password's lender how it ended; `unknown` keeps the password for another try. */
  settle(how: 'accepted' | 'refused' | 'unknown'): void;
  /** A question of the server was left unanswered: OpenSSH hangs up on that, and says nothing. */
  declined(): boolean;
  /** Why no login worked; `said` is the server's last word, '' when it had none. */
  failure(said: string): HostError;
}

interface Server {
  /** Methods the server still takes; undefined before it said so. */
  methods: readonly string[] | undefined;
}

export function createLogin(context: AuthContext): Login {
  const { endpoint } = context;
  const tried: string[] = [];
  const skipped: string[] = [];
  let keyProblem = false;
  let passwordSeen: 'none' | 'unasked' | 'refused' = 'none';
  let loan: Loan | null = null;
  let lastMethods: readonly string[] = [];

  const borrow = async (): Promise<string | null> => {
    loan ??= await context.pausedFor(() => context.borrowPassword());
    passwordSeen = loan === null ? 'unasked' : 'refused';
    return loan?.value ?? null;
  };

  async function* steps(server: Server): AsyncGenerator<AnyAuthMethod, void, undefined> {
    const username = endpoint.user;
    yield { type: 'none', username };
    const offers = (server.methods ?? ['publickey']).includes('publickey') ? await openCandidates() : [];
    for (const offer of offers) {
      const key = new OneKey(offer, context, (reason) => {
        skipped.push(`${offer.label} ${reason}`);
        keyProblem = true;
      });
      tried.push(offer.label);
      yield { type: 'agent', username, agent: key };
      // ssh2 does not tell what the server said after an agent's key: ask again where it may have been one factor of several.
      if (key.signed) {
        yield { type: 'none', username };
        if (!(server.methods ?? []).includes('publickey')) break;
      }
    }
    const open = (method: string): boolean => (server.methods ?? []).includes(method);
    if (open('keyboard-interactive')) {
      tried.push('keyboard-interactive');
      yield {
        type: 'keyboard-interactive',
        username,
        prompt: (name, instructions, _language, prompts, finish) =>
          void answerRound(name, instructions, prompts).then((answers) => {
            declined ||= answers.length < prompts.length;
            finish(answers);
          }),
      };
    }
    if (open('password') && loan === null) {
      const password = await borrow();
      if (password !== null) {
        tried.push('password');
        yield { type: 'password', username, password };
      }
    }
  }

  const openCandidates = async (): Promise<Offer[]> => {
    const offers: Offer[] = [];
    for (const candidate of await context.keyring.candidates(endpoint)) {
      if (candidate.kind === 'offer') offers.push(candidate.offer);
      else if (candidate.kind === 'unusable') {
        skipped.push(`${candidate.label} ${candidate.reason}`);
        keyProblem ||= candidate.named;
      } else {
        try {
          offers.push(await context.pausedFor(() => candidate.open()));
        } catch (error) {
          skipped.push(`${candidate.label} ${oneLine(messageOf(error))}`);
          keyProblem = true;
        }
      }
    }
    return offers;
  };

  let declined = false;
  let passwordRounds = 0;
  const answerRound = async (
    name: string,
    instructions: string,
    prompts: readonly ssh2.Prompt[],
  ): Promise<string[]> => {
    if (isPasswordRound(prompts)) {
      // Asked again: the answer was wrong. Giving none ends the method instead of counting up failures.
      if (passwordRounds++ > 0) return [];
      const password = await borrow().catch(() => null);
      return password === null ? [] : [password];
    }
    const answers: string[] = [];
    for (const { prompt, echo } of prompts) {
      const question = {
        host: endpoint.label,
        name: oneLine(name),
        instructions: oneLine(instructions),
        text: oneLine(prompt),
        echo: echo === true,
      };
      const answer = await context.pausedFor(() => context.secrets.answer(question)).catch(() => null);
      if (answer === null) return [];
      answers.push(answer);
    }
    return answers;
  };

  const server: Server = { methods: undefined };
  const plan = steps(server);
  return {
    handler: (left, _partial, next) => {
      // null on the first call, against ssh2's types.
      const methods = left as readonly string[] | null;
      if (methods !== null) lastMethods = server.methods = methods;
      const giveUp = next as unknown as (stop: false) => void;
      plan.next().then(
        (step) => (step.done === true ? giveUp(false) : next(step.value)),
        (error: unknown) => {
          skipped.push(oneLine(messageOf(error)));
          giveUp(false);
        },
      );
    },
    settle: (how) => {
      if (how === 'accepted') loan?.accepted();
      else if (how === 'refused') loan?.refused();
      else loan?.untried();
      loan = null;
    },
    declined: () => declined,
    failure: (said) => {
      const methods = lastMethods.length === 0 ? '' : ` (it takes ${oneLine(lastMethods.join(', '), 120)})`;
      const what = tried.length === 0 ? 'there was nothing to try' : `tried ${tried.join(', ')}`;
      const not = skipped.length === 0 ? '' : `; not usable: ${skipped.join('; ')}`;
      return hostError(
        keyProblem ? 'key-file' : 'auth',
        oneLine(
          `the login as ${endpoint.user} was refused${said === '' ? '' : ` (${said})`}${methods}: ${what}${not}`,
          900,
        ),
        keyProblem
          ? 'mend the key file, load the key into ssh-agent, or set identityFile in the inventory'
          : authHint(passwordSeen, endpoint),
      );
    },
  };
}

function authHint(password: 'none' | 'unasked' | 'refused', endpoint: Endpoint): string {
  if (password === 'refused') return 'check the password and the user name';
  if (password === 'unasked') return 'it would take a password: run on a terminal, or set up a key with ssh-copy-id';
  return `check user and identityFile in the inventory, or try: ssh ${endpoint.user}@${endpoint.alias}`;
}

/** One key behind ssh2's agent interface: the only way it signs asynchronously, so a passphrase is asked for only once the server wants the key. */
class OneKey extends ssh2.BaseAgent<ParsedKey> {
  signed = false;
  private readonly offer: Offer;
  private readonly context: Pick<AuthContext, 'pausedFor'>;
  private readonly onRefusal: (reason: string) => void;

  constructor(offer: Offer, context: Pick<AuthContext, 'pausedFor'>, onRefusal: (reason: string) => void) {
    super();
    this.offer = offer;
    this.context = context;
    this.onRefusal = onRefusal;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.offer.publicKey]);
  }

  override sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.context
      .pausedFor(() => this.offer.sign(data, { hash }))
      .then(
        (signature) => {
          this.signed = true;
          done?.(undefined, signature);
        },
        (error: unknown) => {
          const reason = oneLine(messageOf(error));
          this.onRefusal(reason);
          done?.(new Error(reason));
        },
      );
  }
}
