/** Which password a host is given, who waits for it, and when it is asked for again. Passwords stay in memory. */
import { type Result, fail, ok } from '../lib/result.js';
import type { PasswordQuestion } from './secrets.js';
import { createSlots } from './slots.js';
import type { Slots } from './slots.js';

/** So many passwords are asked for until a host accepts one, and each host is given as many at most: a typo locks no account. */
const TRIES = 3;

/** A password for one host. The caller must report what came of it, once. */
export interface HostPassword {
  readonly value: string;
  /** The host keeps it, and other hosts may use it in parallel. */
  accepted(): void;
  /** No further host is given it until the user was asked again. */
  refused(): void;
  /** The same; resolves to another one for this host. Other hosts that wait are asked about before it. */
  refusedOnce(): Promise<Result<HostPassword, NoPassword>>;
  /** The result is unknown (lost connection, other sudo error): the password is forgotten unless a host accepted it. */
  inconclusive(): void;
  /** The password was not sent: the next request gets it without asking. */
  unused(): void;
}

/** Why there is no password. */
export type NoPassword =
  | { readonly why: 'no-terminal' | 'not-entered' }
  /** All tries are used up; `by` is the last host that refused one. */
  | { readonly why: 'refused'; readonly by: string };

export interface PasswordRequest {
  /** Hosts with the same key share a password. */
  readonly key: string;
  readonly host: string;
  /** No other host has this key. */
  readonly alone: boolean;
  ask(question: PasswordQuestion): Promise<string | null>;
}

export interface Passwords {
  /**
   * Until one host accepts a password, others wait. For a host that refuses one which another host accepted, the user is
   * asked alone. Rejects if the question was interrupted.
   */
  request(wanted: PasswordRequest): Promise<Result<HostPassword, NoPassword>>;
}

/** A password and the questions about it: of all hosts with one key, or of one host that needs its own. */
interface Pool {
  current: { readonly value: string; proven: boolean } | undefined;
  /** Tries since a host last accepted one. */
  tries: number;
  refusedBy: string | undefined;
  /** Set when nobody is asked any more. */
  none: NoPassword | undefined;
  /** One host at a time tries a password that no host has accepted yet. */
  readonly turns: Slots;
}

interface HostState {
  /** What this host accepted. */
  accepted: string | undefined;
  readonly refused: Set<string>;
  /** Set once it refused a password that a host had accepted. */
  own: Pool | undefined;
}

interface Seeker {
  readonly wanted: PasswordRequest;
  readonly shared: Pool;
  readonly host: HostState;
}

const newPool = (tries = 0, refusedBy?: string): Pool => ({
  ...{ current: undefined, tries, refusedBy, none: undefined, turns: createSlots(1) },
});

/** Keeps passwords in memory only, for the life of the process. */
export function createPasswords(): Passwords {
  const all = new Map<string, { readonly pool: Pool; readonly hosts: Map<string, HostState> }>();
  return {
    request(wanted) {
      const { pool, hosts } = all.get(wanted.key) ?? { pool: newPool(), hosts: new Map<string, HostState>() };
      const host = hosts.get(wanted.host) ?? { accepted: undefined, refused: new Set(), own: undefined };
      all.set(wanted.key, { pool, hosts: hosts.set(wanted.host, host) });
      return nextFor({ wanted, shared: pool, host });
    },
  };
}

/** The password of this host: its own, the shared one, or what the user enters. */
async function nextFor(seeker: Seeker): Promise<Result<HostPassword, NoPassword>> {
  const known = knownFor(seeker);
  if (known !== undefined) return known;
  const pool = seeker.host.own ?? seeker.shared;
  const endTurn = await pool.turns.take();
  const found = knownFor(seeker);
  if (found === undefined && pool === (seeker.host.own ?? seeker.shared))
    return unprovenPassword(seeker, pool, endTurn);
  endTurn();
  return found ?? nextFor(seeker);
}

/** Undefined if a password has to be tried that no host accepted. */
function knownFor(seeker: Seeker): Result<HostPassword, NoPassword> | undefined {
  const { wanted, shared, host } = seeker;
  if (host.accepted !== undefined) return ok(provenPassword(seeker, host.accepted));
  const { current } = shared;
  // Others accepted what this host refused.
  if (current?.proven === true && host.refused.has(current.value))
    host.own ??= newPool(Math.min(host.refused.size, TRIES - 1), wanted.host);
  const pool = host.own ?? shared;
  if (pool.none !== undefined) return fail(pool.none);
  return pool.current?.proven === true ? ok(provenPassword(seeker, pool.current.value)) : undefined;
}

function provenPassword(seeker: Seeker, value: string): HostPassword {
  const { wanted, shared, host } = seeker;
  const refused = (): void => {
    if (shared.current?.value === value) {
      shared.current = undefined;
      shared.refusedBy = wanted.host;
    }
    // Of several calls at once, the first one asks.
    if (host.own !== undefined && host.accepted !== value) return;
    host.accepted = undefined;
    host.own = newPool(1, wanted.host);
  };
  return {
    value,
    accepted: () => void (host.accepted ??= value),
    refused,
    refusedOnce: () => {
      refused();
      return nextFor(seeker);
    },
    inconclusive: () => undefined,
    unused: () => undefined,
  };
}

/** The turn ends with what the caller reports, so that nobody else tries the password before. */
async function unprovenPassword(
  seeker: Seeker,
  pool: Pool,
  endTurn: () => void,
): Promise<Result<HostPassword, NoPassword>> {
  const { wanted, host } = seeker;
  const entered = await enteredFor(wanted, pool, pool === host.own).catch((error: unknown) => {
    endTurn();
    throw error;
  });
  if (!entered.ok) {
    pool.none = entered.error;
    endTurn();
    return entered;
  }
  const current = { value: entered.value, proven: false };
  pool.current = current;
  const forget = (): void => {
    pool.current = undefined;
    pool.refusedBy = wanted.host;
    if (pool.tries >= TRIES) pool.none = { why: 'refused', by: wanted.host };
  };
  const refused = (): void => {
    host.refused.add(current.value);
    forget();
  };
  const thenEnd = (first: () => void) => (): void => {
    first();
    endTurn();
  };
  return ok({
    value: current.value,
    accepted: thenEnd(() => {
      current.proven = true;
      host.accepted = current.value;
      pool.tries = 0;
      pool.refusedBy = undefined;
    }),
    refused: thenEnd(refused),
    refusedOnce() {
      refused();
      endTurn();
      return nextFor(seeker);
    },
    inconclusive: thenEnd(forget),
    unused: endTurn,
  });
}

async function enteredFor(wanted: PasswordRequest, pool: Pool, isOwn: boolean): Promise<Result<string, NoPassword>> {
  // Entered before, and not sent.
  if (pool.current !== undefined) return ok(pool.current.value);
  const alone = wanted.alone || isOwn;
  const entered = await wanted.ask({ alone, refusedBy: pool.refusedBy, triesLeft: TRIES - pool.tries });
  pool.tries += 1;
  if (entered === null) return fail({ why: 'no-terminal' });
  return entered === '' ? fail({ why: 'not-entered' }) : ok(entered);
}
