/** The only loop over hosts that change: wave by wave, as many at once as there is room for, until too many fail. */
import { sleep } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import type { JumpShare } from '../inventory/host.js';
import { type Amount, resolveAmount } from '../plan/waves.js';
import type { HookResult, Hooks, WavePlace } from './hooks.js';
import type { Journal, JournalEntry } from './journal.js';
import { type Outcome, type OutcomeKind, type Report, hostOutcome } from './outcome.js';
import type { WaveEnd } from './pause.js';
import type { Admission, Lack } from './room.js';

export interface RolloutHost {
  readonly host: string;
  readonly nodeName: string | undefined;
  readonly controlPlane: boolean;
  /** The bastions that it shares with others; undefined: no limit but that of all hosts. */
  readonly behind?: JumpShare | undefined;
  /** Milliseconds that it may need at most: for the change, and to revert it. Hooks come on top. */
  readonly mayTake?: number | undefined;
  run(): Promise<Outcome>;
}

export interface RolloutOptions {
  readonly waves: readonly (readonly RolloutHost[])[];
  /** Whether one more host may start now. */
  readonly admit: Admission;
  /** Milliseconds to wait for room while no host of this run is under way. */
  readonly roomTimeout: number;
  /** Failed hosts after which no further host starts; undefined: no limit. */
  readonly maxFailures?: Amount | undefined;
  /** False where hosts are only reverted: they go on although the journal cannot be written. */
  readonly needsJournal: boolean;
  /** The outcome of a host that did not start, and why the rollout stopped; `isPaused`: it can go on with that host. */
  readonly notStarted: (host: RolloutHost, stopped: string, isPaused: boolean) => Outcome;
  /** `resume` can go on with hosts that are not started at the end of the window. */
  readonly canPause: boolean;
  /** What to do about a host on which this program itself failed. */
  readonly hintAfterFault: string;
  readonly hooks?: Hooks | undefined;
  /** Between two waves; the reason where the run is to pause there. */
  readonly afterWave?: ((end: WaveEnd) => Promise<string | undefined>) | undefined;
  readonly journal: Journal;
  readonly report: Report;
  /** Fires on the first signal: no further host starts, those under way finish. */
  readonly shutdown: AbortSignal;
}

export interface RolloutResult {
  readonly outcomes: readonly Outcome[];
  /** Why it ended before the last host; or why the journal is incomplete. */
  readonly stopped: string | undefined;
  /** Every host was started. */
  readonly isComplete: boolean;
  /** Nothing failed: the run can go on with the hosts that were not started. */
  readonly isPaused: boolean;
  readonly hooks: readonly HookResult[];
}

/** Outcomes that use up the failure budget. A host that is merely unreachable costs only itself. */
const failures: readonly OutcomeKind[] = ['reverted', 'unknown', 'failed'];
const roomPause = 1000;
const interrupted = 'interrupted: hosts in progress were finished, and no new host was started';

export async function rollOut(options: RolloutOptions): Promise<RolloutResult> {
  const { waves } = options;
  const record = createRecorder(options);
  for (const index of waves.keys()) {
    if (record.stopped() !== undefined) break;
    await takeWave(index, record, options);
  }
  const failure = record.journalFailure();
  if (failure !== undefined) record.stop(failure);
  const stopped = record.stopped();
  const isPaused = options.canPause && record.isPaused();
  if (stopped !== undefined) await record.note({ entry: 'stopped', reason: stopped });
  const waiting = notDone(waves.flat(), record);
  if (isPaused) await record.note({ entry: 'paused', hosts: waiting.map(({ host }) => host) });
  const skipped = waiting.map((host) => options.notStarted(host, stopped ?? interrupted, isPaused));
  const outcomes = [...record.outcomes, ...skipped];
  return { outcomes, stopped, isComplete: waiting.length === 0, isPaused, hooks: options.hooks?.results() ?? [] };
}

function notDone(hosts: readonly RolloutHost[], { outcomes }: Recorder): RolloutHost[] {
  const done = new Set(outcomes.map(({ host }) => host));
  return hosts.filter(({ host }) => !done.has(host));
}

/** One wave with its hooks, and the pause after it. */
async function takeWave(index: number, record: Recorder, options: RolloutOptions): Promise<void> {
  const { waves, report, hooks, shutdown, afterWave } = options;
  const [wave = [], next = []] = waves.slice(index);
  const place = { wave: index + 1, waves: waves.length };
  // No hook runs for a wave that has no time left.
  const lack = wave[0] && hooks && (await options.admit(wave[0], []));
  if (lack?.final === true) {
    record.stop(lack.reason, lack.pauses);
    return;
  }
  const refusal = await hooks?.beforeWave(wave, place);
  if (refusal === undefined) {
    report({ event: 'wave-started', ...place, hosts: wave.map(({ host }) => host) });
    await runWave(wave, place, record, options);
  } else record.stop(shutdown.aborted ? interrupted : refusal);
  await hooks?.afterWave(wave, record.outcomes, place);
  if (next.length === 0 || record.stopped() !== undefined || shutdown.aborted) return;
  const left = notDone(waves.flat(), record).length;
  const pause = await afterWave?.({ ...place, outcomes: record.outcomes, next: next.length, left });
  if (pause !== undefined) record.stop(pause, true);
}

async function runWave(
  wave: readonly RolloutHost[],
  place: WavePlace,
  record: Recorder,
  options: RolloutOptions,
): Promise<void> {
  const underway = new Map<RolloutHost, Promise<void>>();
  for (const host of wave) {
    const lack = await waitForRoom(host, underway, record, options);
    if (lack !== undefined) record.stop(lack.reason, lack.pauses);
    if (options.shutdown.aborted) record.stop(interrupted);
    if (record.stopped() !== undefined) break;
    const work = runHost(host, place, options)
      .then((outcome) => record.add(outcome))
      .finally(() => underway.delete(host));
    underway.set(host, work);
  }
  await Promise.all(underway.values());
}

/** The hook after a host runs whatever became of it, and changes nothing about that. */
async function runHost(host: RolloutHost, place: WavePlace, options: RolloutOptions): Promise<Outcome> {
  const { hooks } = options;
  // Without hooks the host starts at once: who asks for room next has to see it.
  if (hooks === undefined) return changeHost(host, options);
  const outcome = (await hooks.beforeHost(host, place)) ?? (await changeHost(host, options));
  await hooks.afterHost(outcome, place);
  return outcome;
}

/** A fault of this program on one host ends as `unknown` for that host; the others under way finish. */
function changeHost(host: RolloutHost, { hintAfterFault }: RolloutOptions): Promise<Outcome> {
  return host.run().catch((error: unknown) => hostOutcome(host, 'unknown', messageOf(error), hintAfterFault));
}

/** Waits until the host may start; returns why when it may not. */
async function waitForRoom(
  host: RolloutHost,
  underway: ReadonlyMap<RolloutHost, Promise<void>>,
  record: Recorder,
  { admit, roomTimeout, report, shutdown }: RolloutOptions,
): Promise<Lack | undefined> {
  let isReported = false;
  for (let waited = 0; ; waited += roomPause) {
    if (record.stopped() !== undefined || shutdown.aborted) return undefined;
    const lack = await admit(host, [...underway.keys()]);
    if (lack === undefined) return undefined;
    if (lack.final === true) return lack;
    if (underway.size > 0) {
      await Promise.race(underway.values());
      waited = 0;
      continue;
    }
    if (waited >= roomTimeout) return lack;
    if (!isReported) report({ event: 'waiting', reason: lack.reason });
    isReported = true;
    await sleep(roomPause, shutdown);
  }
}

type Recorder = ReturnType<typeof createRecorder>;

/** Outcomes as they come in, in memory and in the journal; and whether the rollout has to stop. */
function createRecorder({ waves, maxFailures, needsJournal, journal, report }: RolloutOptions) {
  const outcomes: Outcome[] = [];
  const total = waves.reduce((sum, wave) => sum + wave.length, 0);
  const budget = maxFailures === undefined ? Infinity : resolveAmount(maxFailures, total);
  const state: { stopped?: string; isPaused?: boolean; journalFailure?: string } = {};
  // A failure after a pause began is what counts: nobody should just go on then.
  const stop = (reason: string, pauses = false): void => {
    if (state.stopped !== undefined && (pauses || state.isPaused !== true)) return;
    Object.assign(state, { stopped: reason, isPaused: pauses });
    report({ event: 'stopped', reason });
  };
  const note = (entry: JournalEntry): Promise<void> =>
    journal.write(entry).catch((error: unknown) => {
      state.journalFailure ??= `the run journal cannot be written: ${messageOf(error)}`;
      if (needsJournal) stop(state.journalFailure);
    });
  const add = async (outcome: Outcome): Promise<void> => {
    outcomes.push(outcome);
    const { host, outcome: kind, reason } = outcome;
    await note({ entry: 'host', host, outcome: kind, reason });
    report({ event: 'host-done', host, outcome: kind, reason });
    const failed = outcomes.filter((one) => failures.includes(one.outcome)).map((one) => one.host);
    if (failed.length <= budget) return;
    stop(`${failed.length} ${failed.length === 1 ? 'host' : 'hosts'} failed (${failed.join(', ')}), ${budget} allowed`);
  };
  const isPaused = (): boolean => state.isPaused === true;
  return {
    outcomes,
    note,
    add,
    stop,
    isPaused,
    stopped: () => state.stopped,
    journalFailure: () => state.journalFailure,
  };
}
