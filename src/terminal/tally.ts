/** What the events of a run add up to: one line that says where it stands, and lines worth keeping. Pure but for its counters. */
import type { HostStep, OutcomeKind, RunEvent } from '../apply/outcome.js';
import { redact } from '../lib/redact.js';
import { oneLine } from '../lib/sanitize.js';

export interface Tally {
  /** Begins to count anew; `total` hosts where it is known. */
  begin(title: string, total: number | undefined): void;
  count(event: RunEvent): void;
  /** `Wave 2/4: 3 of 10 confirmed, 1 reverted; gate: n7 n8`, cut to `width`. */
  title(width: number): string;
  /** The phase without what is going on: how it ended. */
  ending(): string;
  hasTrouble(): boolean;
}

const bad: ReadonlySet<OutcomeKind> = new Set(['unknown', 'reverted', 'failed', 'refused', 'unreachable']);
/** Named first. */
const good: ReadonlySet<string> = new Set(['judged', 'confirmed', 'unchanged']);
const namesShown = 3;

export function createTally(): Tally {
  let name = '';
  let total: number | undefined;
  let waiting: string | undefined;
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  const steps = new Map<string, HostStep>();

  const done = (host: string, what: string): void => {
    if (seen.has(host)) return;
    seen.add(host);
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  const running = (): string[] => {
    const byStep = new Map<HostStep, string[]>();
    for (const [host, step] of steps) byStep.set(step, [...(byStep.get(step) ?? []), host]);
    return [...byStep].map(([step, hosts]) => {
      const more = hosts.length > namesShown ? ` +${hosts.length - namesShown}` : '';
      return `${step}: ${hosts.slice(0, namesShown).join(' ')}${more}`;
    });
  };
  const ending = (): string => {
    const [first, ...others] = [...counts]
      .map(([what, number]) => [number, what] as const)
      .sort(([, a], [, b]) => Number(good.has(b)) - Number(good.has(a)));
    if (first === undefined) return total === undefined ? name : `${name}: 0 of ${total}`;
    const of = total === undefined ? '' : ` of ${total}`;
    return `${name}: ${first[0]}${of} ${[first[1], ...others.map((one) => one.join(' '))].join(', ')}`;
  };

  return {
    begin(title, hosts) {
      [name, total, waiting] = [oneLine(title), hosts, undefined];
      for (const one of [counts, seen, steps]) one.clear();
    },
    count(event) {
      switch (event.event) {
        case 'judged':
        case 'unreachable':
        case 'unreadable':
          done(event.host, event.event);
          return;
        case 'step':
          waiting = undefined;
          steps.set(event.host, event.step);
          return;
        case 'host-done':
          steps.delete(event.host);
          done(event.host, event.outcome);
          return;
        case 'waiting':
          waiting = oneLine(event.reason);
          return;
        default:
          return;
      }
    },
    title(width) {
      const text = [ending(), ...running(), ...(waiting === undefined ? [] : [`waiting: ${waiting}`])].join('; ');
      return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`;
    },
    ending,
    hasTrouble: () => [...counts.keys()].some((what) => bad.has(what as OutcomeKind) || what === 'unreadable'),
  };
}

/** The line for an event that a person must not miss; undefined for the others. */
export function troubleLine(event: RunEvent): string | undefined {
  switch (event.event) {
    case 'unreachable':
    case 'unreadable':
      return safe(`${event.host}: ${event.event}: ${event.reason}`);
    case 'host-done': {
      if (!bad.has(event.outcome)) return undefined;
      return safe([event.host, event.outcome, ...(event.reason === undefined ? [] : [event.reason])].join(': '));
    }
    case 'stopped':
      return safe(`stopped: ${event.reason}`);
    default:
      return undefined;
  }
}

/** Every event in words, for logs and for screens that do not move. */
export function eventText(event: RunEvent): string {
  switch (event.event) {
    case 'connecting':
    case 'judged':
    case 'planned':
      return safe(`${event.host}: ${event.event}`);
    case 'run-started':
      return safe(`run ${event.run}: ${number(event.hosts, 'host')} in ${number(event.waves, 'wave')}`);
    case 'wave-started':
      return safe(`wave ${event.wave}/${event.waves}: ${number(event.hosts.length, 'host')}`);
    case 'step':
      return safe(`${event.host}: ${event.step}`);
    case 'host-done':
      return troubleLine(event) ?? safe(`${event.host}: ${event.outcome}`);
    case 'waiting':
      return safe(`waiting: ${event.reason}`);
    case 'unreachable':
    case 'unreadable':
    case 'stopped':
      return troubleLine(event) ?? event.event;
  }
}

const number = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const safe = (text: string): string => oneLine(redact(oneLine(text, Infinity)), 500);
