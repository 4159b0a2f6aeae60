/** The run lock of a cluster: one run at a time holds a Lease and renews it. Clocks of different machines are never compared. */
import { isoTime, monotonic, randomHex, sinceBoot, sleep } from '../lib/clock.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { ClusterError, Gateway } from './gateway.js';
import { type Lease, readLease, writeLease } from './lease.js';

/** Milliseconds without a renewal after which others may take the lock. */
const leaseDuration = 20_000;
/** Milliseconds after a renewal for which the holder trusts its lock: a quarter less, because clocks run at different speeds. */
const trustedFor = 15_000;
const renewInterval = 4000;
const retryInterval = 1500;
const pollInterval = 1000;
/** Milliseconds. A Lease with a longer duration is reported as held at once. */
const maxWait = 300_000;

export interface RunLease {
  /** The holder's name in the Lease; unique for each process. */
  readonly identity: string;
  /** Why no new host may start: for good (`final`), or until a renewal succeeds. undefined while the lock is held. */
  problem(): { readonly reason: string; readonly final: boolean } | undefined;
  /** Stops the renewals and releases the Lease. If that fails, the Lease expires. */
  release(): Promise<void>;
}

export interface LeaseHolder {
  /** Safe to print: `operator@host RUN/NONCE` if kubelatch wrote it. */
  readonly identity: string;
  readonly operator: string | undefined;
  readonly run: string | undefined;
  /** Milliseconds since the holder took the lock; undefined if unknown. */
  readonly age: number | undefined;
  /** Milliseconds without a renewal after which the lock is free. */
  readonly duration: number;
}

export type LeaseRefusal =
  | {
      readonly kind: 'held';
      readonly by: LeaseHolder;
      /** True if a renewal was seen; false if the duration is too long to wait for one. */ readonly renewed: boolean;
    }
  /** The Lease has values that no run writes, so kubelatch neither waits for it nor takes it over. */
  | { readonly kind: 'invalid'; readonly by: LeaseHolder; readonly what: string }
  | { readonly kind: 'unusable'; readonly error: ClusterError }
  | { readonly kind: 'interrupted' };

export interface LockRequest {
  /** `user@host`. */
  readonly operator: string;
  readonly run: string;
  /** The identity of a holder whose process is known to be dead. Its lock is taken over without waiting. */
  readonly deadHolder?: string | undefined;
  /** Called when another holder has the Lease, before waiting for its duration to see whether it is renewed. */
  onWait(by: LeaseHolder): void;
  /** Stops waiting. */
  readonly signal: AbortSignal;
}

/**
 * Takes the Lease if nobody holds it, or if its holder did not renew it during a wait of its whole duration.
 * A live holder is reported within seconds. Every write names the version it replaces, so of two writers one gets a conflict.
 */
export async function acquireRunLease(gateway: Gateway, claim: LockRequest): Promise<Result<RunLease, LeaseRefusal>> {
  // The nonce keeps the processes of one run apart: a resumed run must not mistake its dead controller for itself.
  const identity = `${claim.operator} ${claim.run}/${randomHex(4)}`;
  let first: { readonly version: string; readonly free: boolean; readonly at: number } | undefined;
  while (!claim.signal.aborted) {
    const read = await readLease(gateway);
    if (!read.ok) return fail({ kind: 'unusable', error: read.error });
    const lease = read.value;
    const version = lease?.version ?? 'none';
    const watched = first === undefined ? undefined : { same: first.version === version, for: monotonic() - first.at };
    first ??= { version, free: lease?.holder === undefined, at: monotonic() };
    if (lease?.holder !== undefined && lease.holder !== claim.deadHolder) {
      const by = holderOf(lease, lease.holder, first.free ? monotonic() - first.at : undefined);
      if (lease.invalid !== undefined) return fail({ kind: 'invalid', by, what: lease.invalid });
      if (watched?.same === false) return fail({ kind: 'held', by, renewed: true });
      if (by.duration > maxWait) return fail({ kind: 'held', by, renewed: false });
      if (watched === undefined) claim.onWait(by);
      if (watched === undefined || watched.for < by.duration) {
        await sleep(pollInterval, claim.signal);
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
  if (taken.ok) return ok(keepLease(gateway, taken.value, identity, sent));
  // The write may have succeeded although its response was lost.
  if (taken.error.status !== 409) await freeRunLease(gateway, identity);
  return taken;
}

/** Renews the Lease until it is released. `sent` is the time of the write that took it. */
function keepLease(gateway: Gateway, taken: Lease, identity: string, sent: number): RunLease {
  const ended = new AbortController();
  // Without the API server's clock, the local one only makes the time of each renewal different.
  const acquired = taken.date ?? Date.parse(isoTime());
  let lease = taken;
  let renewed = sent;
  let trouble = '';
  let lost: string | undefined;

  const write = (holder: string | undefined): ReturnType<typeof writeLease> => {
    // The time must change with each write: without a change there is no new version, and others see no renewal.
    const now = acquired + sinceBoot() - sent;
    const { transitions } = lease;
    return writeLease(gateway, lease, { holder, duration: leaseDuration, acquired, renewed: now, transitions });
  };
  /** True if the Lease was written. */
  const writeWithRetry = async (holder: string | undefined): Promise<boolean> => {
    for (let tries = 0; tries < 2; tries += 1) {
      const began = sinceBoot();
      const written = await write(holder);
      if (written.ok) {
        [lease, renewed] = [written.value, began];
        return true;
      }
      trouble = written.error.message;
      if (written.error.status !== 409 && written.error.status !== 404) return false;
      // The conflict may come from an earlier renewal of this process whose response was lost.
      const read = await readLease(gateway);
      if (!read.ok) return false;
      if (read.value?.holder !== identity) {
        lost = lossReason(read.value);
        return false;
      }
      lease = read.value;
    }
    return false;
  };
  const keepRenewing = async (): Promise<void> => {
    let pause = renewInterval;
    for (;;) {
      await sleep(pause, ended.signal);
      if (ended.signal.aborted || lost !== undefined) return;
      pause = (await writeWithRetry(identity)) ? renewInterval : retryInterval;
    }
  };
  const renewing = keepRenewing();
  return {
    identity,
    problem() {
      if (lost !== undefined) return { reason: lost, final: true };
      const since = sinceBoot() - renewed;
      if (since <= trustedFor) return undefined;
      const reason = `the cluster's run lock was not renewed for ${Math.round(since / 1000)} s: ${trouble}`;
      return { reason, final: false };
    },
    async release() {
      ended.abort();
      if (lost !== undefined) return;
      // Report the lock as lost from now on: it may be free long before the response arrives.
      lost = 'this run released the run lock';
      await renewing;
      await writeWithRetry(undefined);
    },
  };
}

/** Releases the Lease if `identity` holds it. If the API server does not answer, the Lease expires. */
export async function freeRunLease(gateway: Gateway, identity: string): Promise<void> {
  const read = await readLease(gateway);
  if (!read.ok || read.value?.holder !== identity) return;
  const { acquired, transitions, date } = read.value;
  const terms = { holder: undefined, duration: leaseDuration, acquired, renewed: date, transitions };
  await writeLease(gateway, read.value, terms);
}

function lossReason(lease: Lease | undefined): string {
  if (lease === undefined) return 'someone deleted the run lock (the Lease kubelatch in kube-system)';
  if (lease.holder === undefined) return 'someone released the run lock (the Lease kubelatch in kube-system)';
  return `the run lock was taken over by ${holderOf(lease, lease.holder).identity}`;
}

/** `seen` is the time in milliseconds since the Lease was seen free, if it was. */
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
    // Without a duration, assume the one that kubelatch writes.
    duration: lease.duration ?? leaseDuration,
  };
}
