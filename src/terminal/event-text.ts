/** Events as lines of text, for logs and for what stays on the screen. */
import { redact } from '../lib/redact.js';
import { oneLine } from '../lib/sanitize.js';
import type { OutcomeKind, RunEvent } from '../run/outcome.js';
import { doing, waitingFor } from './awaited.js';

const bad: ReadonlySet<OutcomeKind> = new Set(['unknown', 'reverted', 'failed', 'refused', 'unreachable']);

/** True for outcomes of hosts that are not as they should be. */
export const isTrouble = (outcome: OutcomeKind): boolean => bad.has(outcome);

/** The line for an event that reports a failure; undefined for other events. */
export function troubleLine(event: RunEvent): string | undefined {
  switch (event.event) {
    case 'unreachable':
    case 'unreadable':
      return safe(`${event.host}: ${event.event}: ${event.reason}`);
    case 'host-done': {
      if (!isTrouble(event.outcome)) return undefined;
      return safe([event.host, event.outcome, ...(event.reason === undefined ? [] : [event.reason])].join(': '));
    }
    case 'stopped':
      return safe(`stopped: ${event.reason}`);
    case 'hook':
      return event.state === 'failed'
        ? safe(`${hookPlace(event)}: ${event.hook} hook ${event.reason ?? ''}`)
        : undefined;
    default:
      return undefined;
  }
}

/** Any event as one line, for logs and for output without a live line. `done`: what is said of a host that was read. */
export function eventText(event: RunEvent, done = 'read'): string {
  switch (event.event) {
    case 'read':
      return safe(`${event.host}: ${done}`);
    case 'connecting':
    case 'judged':
    case 'planned':
      return safe(`${event.host}: ${event.event}`);
    case 'run-started':
      return safe(`run ${event.run}: ${number(event.hosts, 'host')} in ${number(event.waves, 'wave')}`);
    case 'wave-started':
      return safe(`wave ${event.wave}/${event.waves}: ${number(event.hosts.length, 'host')}`);
    case 'step':
      return safe(`${event.host}: ${doing(event.step)}`);
    case 'gate': {
      const of = event.wantedMs === undefined ? '' : ` for ${Math.round(event.wantedMs / 1000)} s`;
      return safe(`${event.host}: ${waitingFor(event.check)}${of} (${event.seen})`);
    }
    case 'host-done':
      return troubleLine(event) ?? safe(`${event.host}: ${event.outcome}`);
    case 'hook':
      if (event.state === 'failed') return troubleLine(event) ?? event.event;
      return safe(`${hookPlace(event)}: ${event.hook} hook ${event.state}`);
    case 'hook-output':
      return safe(`${hookPlace(event)}: ${event.hook} hook | ${event.line}`);
    case 'pause-ended': {
      const waited = `after ${Math.round(event.waitedMs / 1000)} s`;
      return event.goesOn
        ? `went on with wave ${event.wave + 1} ${waited}`
        : `stopped after wave ${event.wave} ${waited}`;
    }
    case 'waiting':
      return safe(`waiting: ${event.reason}`);
    case 'unreachable':
    case 'unreadable':
    case 'stopped':
      return troubleLine(event) ?? event.event;
  }
}

const hookPlace = ({ host, wave }: { readonly host?: string | undefined; readonly wave: number }): string =>
  host ?? `wave ${wave}`;

const number = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const safe = (text: string): string => oneLine(redact(oneLine(text, Infinity)), 500);
