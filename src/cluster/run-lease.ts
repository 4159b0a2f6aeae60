/** The run lock of a cluster: one run at a time holds its Lease and renews it; nobody's clock is compared with another's. */
import { isoTime, monotonic, randomHex, sinceBoot, sleep } from '../lib/clock.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { ClusterError, Gateway } from './gateway.js';
import { type Lease, readLease, writeLease } from './lease.js';

/** Milliseconds after its last renewal at which others may take the lock. */
const leaseDuration = 20_000;
/** Milliseconds after the last renewal for which the holder relies on it: a quarter less, for clocks that run at different speeds. */
const sureFor = 15_000;
const renewEvery = 4000;
const retryAfter = 1500;
const lookEvery = 1000;
/** Milliseconds; a Lease that claims to last longer is not watched to its end. */
const longestWatch = 300_000;

export interface RunLease {
  /** The holder's name as it stands in the Lease: no other process has the same. */
  readonly identity: string;
  /** Why no further host may be started: for good, or until the Lease can be renewed again; undefined while it is surely held. */
  doubt(): { readonly reason: string; readonly final: boolean } | undefined;
  /** Ends the renewals and frees the Lease; where that fails, it frees itself by its duration. */
  release(): Promise<void>;
}

export interface LeaseHolder {
  /** One clean line: `operator@host RUN/NONCE` where kubelatch wrote it. */
  readonly identity: string;
  readonly operator: string | undefined;
  readonly run: string | undefined;
  /** Milliseconds for which it is held, by the API server's clock or by what we saw; undefined where neither tells. */
  readonly age: number | undefined;
  /** Milliseconds after its last renewal at which it is free. */
  readonly duration: number;
}

export type LeaseRefusal =
  | {
      readonly kind: 'held';
      readonly by: LeaseHolder;
      /** False where it lasts too long to be watched. */ readonly renewed: boolean;
    }
  | { readonly kind: 'unusable'; readonly error: ClusterError }
  | { readonly kind: 'interrupted' };

export interface Claim {
  /** `user@host`. */
  readonly operator: string;
  readonly run: string;
  /** The identity of a holder whose process is known to be gone, by more than its silence: it is not watched. */
  readonly dead?: string | undefined;
  /** Somebody holds the Lease; it is watched for as long as it lasts to see whether it is renewed. */
  onWatch(by: LeaseHolder): void;
  /** Gives up waiting. */
  readonly signal: AbortSignal;
}

/**
 * Takes the Lease when nobody holds it, or when its holder did not touch it while we watched for its whole duration.
 * A holder who is alive is told within seconds. Every write names the version it replaces: of two, one gets a conflict.
 */
export async function acquireRunLease(gateway: Gateway, claim: Claim): Promise<Result<RunLease, LeaseRefusal>> {
  // The nonce tells two processes of one run apart: a resumed run must not take its dead controller for itself.
  const identity = `${claim.operator} ${claim.run}/${randomHex(4)}`;
  let first: { readonly version: string; readonly free: boolean; readonly at: number } | undefined;
  while (!claim.signal.aborted) {
    const read = await readLease(gateway);
    if (!read.ok) return fail({ kind: 'unusable', error: read.error });
    const lease = read.value;
    const version = lease?.version ?? 'none';
    const watched = first === undefined ? undefined : { same: first.version === version, for: monotonic() - first.at };
    first ??= { version, free: lease?.holder === undefined, at: monotonic() };
    if (lease?.holder !== undefined && lease.holder !== claim.dead) {
      const by = holderOf(lease, lease.holder, first.free ? monotonic() - first.at : undefined);
      if (watched?.same === false) return fail({ kind: 'held', by, renewed: true });
      if (by.duration > longestWatch) return fail({ kind: 'held', by, renewed: false });
      if (watched === undefined) claim.onWatch(by);
      if (watched === undefined || watched.for < by.duration) {
        await sleep(lookEvery, claim.signal);
        continue;
      }
    }
    const taken = await take(gateway, lease, identity);
    if (taken.ok) return taken;
    if (taken.error.status !== 409) return fail({ kind: 'unusable', error: taken.error });
  }
  return fail({ kind: 'interrupted' });
}

async function take(
  gateway: Gateway,
  lease: Lease | undefined,
  identity: string,
): Promise<Result<RunLease, ClusterError>> {
  const sent = sinceBoot();
  const at = lease?.date;
  const transitions = (lease?.transitions ?? -1) + 1;
  const terms = { holder: identity, duration: leaseDuration, acquired: at, renewed: at, transitions };
  const taken = await writeLease(gateway, lease, terms);
  if (taken.ok) return ok(hold(gateway, taken.value, identity, sent));
  // A write without an answer may have been made.
  if (taken.error.status !== 409) await freeRunLease(gateway, identity);
  return taken;
}

/** `sent`: when the write was sent that took it. */
function hold(gateway: Gateway, taken: Lease, identity: string, sent: number): RunLease {
  const ended = new AbortController();
  // About the API server's clock then. Ours serves only to give each renewal another time where there is no such clock.
  const acquired = taken.date ?? Date.parse(isoTime());
  let lease = taken;
  let renewed = sent;
  let trouble = '';
  let lost: string | undefined;

  const write = (holder: string | undefined): ReturnType<typeof writeLease> => {
    // Never the same twice: a write that changes nothing gives no new version, and would look like none.
    const now = acquired + sinceBoot() - sent;
    const { transitions } = lease;
    return writeLease(gateway, lease, { holder, duration: leaseDuration, acquired, renewed: now, transitions });
  };
  /** True where it was written. */
  const put = async (holder: string | undefined): Promise<boolean> => {
    for (let tries = 0; tries < 2; tries += 1) {
      const began = sinceBoot();
      const written = await write(holder);
      if (written.ok) {
        [lease, renewed] = [written.value, began];
        return true;
      }
      trouble = written.error.message;
      if (written.error.status !== 409 && written.error.status !== 404) return false;
      // It may be a renewal of ours whose answer was lost.
      const read = await readLease(gateway);
      if (!read.ok) return false;
      if (read.value?.holder !== identity) {
        lost = lossOf(read.value);
        return false;
      }
      lease = read.value;
    }
    return false;
  };
  const keepRenewing = async (): Promise<void> => {
    let pause = renewEvery;
    for (;;) {
      await sleep(pause, ended.signal);
      if (ended.signal.aborted || lost !== undefined) return;
      pause = (await put(identity)) ? renewEvery : retryAfter;
    }
  };
  const renewing = keepRenewing();
  return {
    identity,
    doubt() {
      if (lost !== undefined) return { reason: lost, final: true };
      const since = sinceBoot() - renewed;
      if (since <= sureFor) return undefined;
      const reason = `the run lock of the cluster was not renewed for ${Math.round(since / 1000)} s: ${trouble}`;
      return { reason, final: false };
    },
    async release() {
      ended.abort();
      if (lost !== undefined) return;
      // From now on nobody relies on it: it may be free long before the answer says so.
      lost = 'the run lock of the cluster was given back';
      await renewing;
      await put(undefined);
    },
  };
}

/** Frees the Lease if this is its holder, and nobody else's; what cannot be asked expires by itself. */
export async function freeRunLease(gateway: Gateway, identity: string): Promise<void> {
  const read = await readLease(gateway);
  if (!read.ok || read.value?.holder !== identity) return;
  const { acquired, transitions, date } = read.value;
  const terms = { holder: undefined, duration: leaseDuration, acquired, renewed: date, transitions };
  await writeLease(gateway, read.value, terms);
}

function lossOf(lease: Lease | undefined): string {
  if (lease === undefined) return 'the run lock of the cluster was deleted by somebody';
  if (lease.holder === undefined) return 'the run lock of the cluster was freed by somebody';
  return `the run lock of the cluster was taken over by ${holderOf(lease, lease.holder).identity}`;
}

/** `seen`: milliseconds since it was seen free, where it was. */
function holderOf(lease: Lease, holder: string, seen?: number): LeaseHolder {
  const identity = oneLine(holder, 160);
  const ours = /^(\S+@\S+) ([A-Za-z0-9-]{1,64})\/[0-9a-f]+$/.exec(identity);
  const { date, acquired } = lease;
  const age = date === undefined || acquired === undefined ? -1 : date - acquired;
  return {
    identity,
    operator: ours?.[1],
    run: ours?.[2],
    age: seen ?? (age < 0 ? undefined : age),
    // One that says nothing is given as long as one of ours.
    duration: lease.duration ?? leaseDuration,
  };
}
