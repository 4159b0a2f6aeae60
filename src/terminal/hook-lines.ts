/** The output of hooks that is not shown while they run, kept until they end: that of a failed hook says why it failed. */
import type { RunEvent } from '../run/outcome.js';
import { eventText } from './event-text.js';

export interface HookLines {
  /** Keeps the line of a hook. An end of a hook returns its lines if it failed, and forgets them. */
  follow(event: RunEvent): readonly string[];
}

export function createHookLines(): HookLines {
  const lines = new Map<string, string[]>();
  return {
    follow(event) {
      if (event.event !== 'hook' && event.event !== 'hook-output') return [];
      const key = `${event.hook} ${event.wave} ${event.host ?? ''}`;
      const kept = lines.get(key) ?? [];
      if (event.event === 'hook-output') {
        lines.set(key, [...kept, eventText(event)]);
        return [];
      }
      lines.delete(key);
      return event.state === 'failed' ? kept : [];
    },
  };
}
