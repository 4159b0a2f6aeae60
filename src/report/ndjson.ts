/** A run as it happens, one JSON object a line, each with time, run, host and event. */
import type { RunEvent } from '../apply/outcome.js';
import { hostTree, plainJson } from './json.js';
import type { Result } from './model.js';
import { redact } from '../lib/redact.js';

export interface Moment {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Undefined while there is no run yet, and in verbs that have none. */
  readonly run: string | undefined;
}

/** One event with its line feed; `host` is null for what concerns the whole run. */
export function eventLine(event: RunEvent, { time, run }: Moment): string {
  const { event: name, ...rest } = event;
  const { host = null, run: started, reason, ...more } = rest as Partial<Record<string, unknown>>;
  const why = typeof reason === 'string' ? { reason: redact(reason) } : {};
  return `${plainJson({ time, run: run ?? started ?? null, host, event: name, ...more, ...why })}\n`;
}

/** The result itself: a `host-result` for each host and a `summary` as the last line. */
export function resultLines(result: Result, { time, run }: Moment): string {
  const common = { time, run: run ?? ('run' in result ? result.run : null) };
  const { schemaVersion, kind, cluster, summary } = result;
  const notes = 'notes' in result ? { notes: result.notes.map(redact) } : {};
  const lines = [
    ...result.hosts.map((host) => {
      const { name, ...rest } = hostTree(host);
      return { ...common, host: name, event: 'host-result', ...rest };
    }),
    { ...common, host: null, event: 'summary', schemaVersion, kind, cluster, ...notes, summary },
  ];
  return lines.map((one) => `${plainJson(one)}\n`).join('');
}
