/** Counts the events of a phase for the live line: what is done, what is awaited, how long it still takes. */
import { monotonic } from '../lib/clock.js';
import { oneLine } from '../lib/sanitize.js';
import { aboutTime, rolloutTime } from '../plan/rollout-time.js';
import { cut, widthOf } from '../report/layout.js';
import { spanText } from '../report/time.js';
import type { OutcomeKind, RunEvent } from '../run/outcome.js';
import { createAwaited } from './awaited.js';
import { isTrouble } from './event-text.js';

/** What a phase does to its hosts, and what is said of those that it is done with. */
export interface PhaseVerbs {
  readonly doing: string;
  readonly done: string;
}

const reading: PhaseVerbs = { doing: 'reading', done: 'read' };

export interface RunCounts {
  /** Resets the counters for a new phase with `total` hosts, if known. `verbs`: reading and read, if not given. */
  begin(title: string, total: number | undefined, verbs?: PhaseVerbs): void;
  count(event: RunEvent): void;
  /** A question is open: until the function is called, time does not count for the phase. */
  leaveOut(): () => void;
  /** `Wave 2/4: 3 of 10 confirmed, 1 reverted · n7: waiting for Ready, 6 of 10 s · about 60 s left`, in `width` columns. */
  title(width: number): string;
  /** The counts of the phase and how long it took: `Wave 2/4: 10 of 10 confirmed in 41s`. */
  summary(): string;
  /** Hosts of the phase that are done. */
  finished(): number;
  hasTrouble(): boolean;
}

/** Listed first. */
const good: ReadonlySet<string> = new Set(['read', 'judged', 'confirmed', 'unchanged']);
/** Milliseconds before a rate or an end is told: earlier, it would be a guess. */
const soonest = 3000;
/** A slower host than this is named at the end of a phase. */
const slow = 10_000;

/** Counts each host once per phase, by its first result. `clock`: milliseconds. */
export function createRunCounts(clock: () => number = monotonic): RunCounts {
  let name = '';
  let total: number | undefined;
  let verbs = reading;
  let waiting: string | undefined;
  let began = clock();
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  const awaited = createAwaited();
  const pace = createPace();

  const done = (host: string, what: string): void => {
    if (seen.has(host)) return;
    seen.add(host);
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  const ending = (): string => {
    const [first, ...others] = [...counts]
      .toSorted(([a], [b]) => Number(good.has(b)) - Number(good.has(a)))
      .map(([what, number]) => [number, what === 'read' ? verbs.done : what] as const);
    if (first === undefined) return total === undefined ? name : `${name}: 0 of ${total}`;
    const of = total === undefined ? '' : ` of ${total}`;
    return `${name}: ${first[0]}${of} ${[first[1], ...others.map((one) => one.join(' '))].join(', ')}`;
  };

  return {
    begin(title, hosts, words = reading) {
      [name, total, verbs, waiting, began] = [oneLine(title), hosts, words, undefined, clock()];
      for (const one of [counts, seen, awaited]) one.clear();
    },
    count(event) {
      awaited.follow(event, clock(), verbs.doing);
      pace.follow(event, clock());
      if (isReading(event)) done(event.host, event.event);
      else if (event.event === 'host-done') done(event.host, event.outcome);
      else if (event.event === 'step') waiting = undefined;
      else if (event.event === 'waiting') waiting = oneLine(event.reason);
    },
    leaveOut() {
      const asked = clock();
      // The phase may have begun since.
      return () => void (began += clock() - Math.max(asked, began));
    },
    title(width) {
      const time = clock();
      const about = {
        name,
        done: seen.size,
        total,
        elapsed: time - began,
        underway: awaited.text(time),
      };
      const left = pace.left(time) ?? leftByRate(about);
      return fitted(
        [
          ending(),
          ...(about.underway === undefined ? [] : [about.underway]),
          ...(waiting === undefined ? [] : [`waiting: ${waiting}`]),
          ...(left === undefined ? [] : [`${aboutTime(left)} left`]),
          ...rateText(about),
        ],
        width,
      );
    },
    summary() {
      const slowest = awaited.slowest();
      const who =
        slowest === undefined || slowest.ms < slow || seen.size < 2
          ? ''
          : `; slowest: ${oneLine(slowest.host)}, ${spanText(slowest.ms)}`;
      return seen.size === 0 ? ending() : `${ending()} in ${spanText(clock() - began)}${who}`;
    },
    finished: () => seen.size,
    hasTrouble: () => [...counts.keys()].some((what) => what === 'unreadable' || isTrouble(what as OutcomeKind)),
  };
}

/** A host was read, or could not be. */
const isReading = (
  event: RunEvent,
): event is Extract<RunEvent, { event: 'read' | 'judged' | 'unreachable' | 'unreadable' }> =>
  ['read', 'judged', 'unreachable', 'unreadable'].includes(event.event);

interface Phase {
  readonly done: number;
  readonly total: number | undefined;
  readonly elapsed: number;
}

function leftByRate({ done, total, elapsed }: Phase): number | undefined {
  if (done < 2 || total === undefined || done >= total || elapsed < soonest) return undefined;
  return (elapsed / done) * (total - done);
}

/** Only of many hosts is a rate of interest. */
function rateText({ done, total, elapsed }: Phase): string[] {
  if (done < 20 || (total ?? 0) < 50 || elapsed < soonest) return [];
  const rate = done / (elapsed / 1000);
  return [rate >= 1 ? `${Math.round(rate)} hosts/s` : `${Math.round(rate * 60)} hosts/min`];
}

/** As many parts as fit, the first ones first; what does not fit even alone is cut. */
function fitted(parts: readonly string[], width: number): string {
  let text = parts[0] ?? '';
  for (const part of parts.slice(1)) {
    const longer = `${text} · ${part}`;
    if (widthOf(longer) <= width) text = longer;
  }
  return cut(text, width);
}

/** How long the waves of a run still take: by what its hosts took so far. */
function createPace() {
  let sizes: readonly number[] = [];
  let atOnce = 1;
  let wave = 0;
  let left = 0;
  const began = new Map<string, number>();
  const took: number[] = [];
  return {
    follow(event: RunEvent, time: number): void {
      if (event.event === 'run-started') {
        [sizes, atOnce, wave, took.length] = [event.waveSizes ?? [], event.atOnce ?? 1, 0, 0];
      } else if (event.event === 'wave-started') {
        [wave, left] = [event.wave, event.hosts.length];
        began.clear();
      } else if (event.event === 'step') {
        if (!began.has(event.host)) began.set(event.host, time);
      } else if (event.event === 'host-done') {
        left -= 1;
        took.push(time - (began.get(event.host) ?? time));
        began.delete(event.host);
      }
    },
    /** Undefined until a host of the run is done, and outside of runs. */
    left(time: number): number | undefined {
      if (took.length === 0 || sizes.length === 0) return undefined;
      const perHost = took.reduce((sum, one) => sum + one, 0) / took.length;
      const idle = Math.max(0, left - began.size);
      const oldest = Math.min(time, ...began.values());
      const underway = began.size === 0 ? 0 : Math.max(0, perHost - (time - oldest));
      return underway + rolloutTime([idle, ...sizes.slice(wave)], { atOnce, perHost });
    },
  };
}
