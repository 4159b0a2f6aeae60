/** Failures on the screen: each kind a few times, then only counted. The result lists all of them. */
import type { RunEvent } from '../run/outcome.js';
import { messagePattern } from '../report/group.js';

export interface Flood {
  /** True if the failure is to be shown, false if it is only counted. */
  admit(event: RunEvent): boolean;
  /** A line for each kind of which more came than were shown; the counts begin anew. */
  rest(): readonly string[];
}

/** Failures of one kind that are shown, and failures of all kinds together. */
const mostOfAKind = 5;
const mostOfAll = 40;

export function createFlood(): Flood {
  const kinds = new Map<string, { shown: number; hidden: number; readonly what: string }>();
  let shown = 0;
  return {
    admit(event) {
      if (!('host' in event) || !('reason' in event)) return true;
      const what = 'outcome' in event ? event.outcome : event.event;
      const key = `${what} ${messagePattern(event.reason ?? '', event.host ?? '')}`;
      const kind = kinds.get(key) ?? { shown: 0, hidden: 0, what };
      kinds.set(key, kind);
      const isShown = kind.shown < mostOfAKind && shown < mostOfAll;
      if (isShown) [kind.shown, shown] = [kind.shown + 1, shown + 1];
      else kind.hidden += 1;
      return isShown;
    },
    rest() {
      const sums = new Map<string, number>();
      for (const { what, hidden } of kinds.values()) if (hidden > 0) sums.set(what, (sums.get(what) ?? 0) + hidden);
      kinds.clear();
      shown = 0;
      return [...sums].map(
        ([what, hosts]) => `${hosts} more ${hosts === 1 ? 'host' : 'hosts'}: ${what}; the result lists all of them`,
      );
    },
  };
}
