/** Limits how many connections are set up at once: to one server, and through one jump host. How many hosts are worked on is another number. */
import { hostAndPort } from '../lib/ip-address.js';
import type { Endpoint } from './route.js';
import { createSlots } from './slots.js';

/** `dropped`: the server closed the connection before the login, as a busy one does. */
export type Outcome = 'connected' | 'dropped' | 'failed';

export interface Connecting {
  /**
   * Waits until one more connection may be set up to the last machine of `route`. Resolves to a function that has to be
   * called with what came of it; further calls have no effect.
   */
  begin(route: readonly Pick<Endpoint, 'hostname' | 'port'>[]): Promise<(outcome: Outcome) => void>;
}

/** Fewer than the 10 connections before the login at which sshd begins to drop some (MaxStartups 10:30:100). */
const safe = 8;
/** Through a jump host, to machines that each have an sshd of their own, while none of them drops a connection. */
const mostThrough = 32;
/** Milliseconds. A machine that does not answer for so long keeps no other one behind its jump host from connecting. */
const slow = 3_000;

interface Bounds {
  readonly least: number;
  readonly most: number;
}

export function createConnecting(): Connecting {
  const servers = createLimits({ least: 1, most: safe });
  const passages = createLimits({ least: safe, most: mostThrough });
  return {
    async begin(route) {
      const path = route.map(({ hostname, port }) => hostAndPort(hostname, port));
      const endServer = await servers.begin(path.join(' '));
      if (path.length < 2) return endServer;
      const endPassage = await passages.begin(path.slice(0, -1).join(' '));
      const timer = setTimeout(() => endPassage('failed'), slow);
      return (outcome) => {
        clearTimeout(timer);
        endPassage(outcome);
        endServer(outcome);
      };
    },
  };
}

interface Limits {
  begin(key: string): Promise<(outcome: Outcome) => void>;
}

/** One limit for each key, forgotten as long as nobody needs it and nothing was learned. */
function createLimits(bounds: Bounds): Limits {
  const limits = new Map<string, Limit>();
  return {
    async begin(key) {
      const limit = limits.get(key) ?? createLimit(bounds);
      limits.set(key, limit);
      const release = await limit.slots.take();
      let isOver = false;
      return (outcome) => {
        if (isOver) return;
        isOver = true;
        limit.learn(outcome);
        release();
        if (limit.slots.isIdle() && limit.isAsNew()) limits.delete(key);
      };
    },
  };
}

type Limit = ReturnType<typeof createLimit>;

/** Halved by each drop. It grows by one with each connection, after a drop with each round of connections. */
function createLimit({ least, most }: Bounds) {
  const slots = createSlots(safe);
  let size = safe;
  let since = 0;
  let hasDropped = false;
  const resize = (to: number): void => {
    size = Math.min(Math.max(to, least), most);
    since = 0;
    slots.resize(size);
  };
  return {
    slots,
    isAsNew: () => size === safe && !hasDropped,
    learn(outcome: Outcome) {
      if (outcome === 'dropped') {
        hasDropped = true;
        resize(Math.floor(size / 2));
      } else if (outcome === 'connected') {
        since += 1;
        if (!hasDropped || since >= size) resize(size + 1);
      }
    },
  };
}
