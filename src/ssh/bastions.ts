/** Jump hosts: a connection that all hosts behind one share, or a chain of one host's own. */
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { linkedAbort } from './abort.js';
import { createConnecting } from './connecting.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import type { HopTools } from './hop.js';
import { reach } from './reach.js';
import type { Goal, ReachTools, Reached } from './reach.js';
import { type Endpoint, endOf } from './route.js';
import type { Transport } from './transport.js';

export interface Bastion {
  readonly endpoint: Endpoint;
  readonly transport: Transport;
}

/** Milliseconds before a failed bastion is tried again, so that 500 hosts do not retry it 500 times. */
const BASTION_RETRY_DELAY = 10_000;
/** Milliseconds for a bastion that worked before to come back. Everything behind it waits. */
const BASTION_TIMEOUT = 60_000;

/** Connections with bastions, one for each way; all hosts behind a bastion share its connection. */
interface Pool {
  /** Connects to the last machine of `route` through the bastions of this pool. */
  reach(route: readonly Endpoint[]): Promise<Result<Reached, HostError>>;
  /** Closes the bastions; never rejects. */
  close(): Promise<void>;
}

export interface Bastions {
  readonly shared: Pool;
  /** The same over connections that nobody shares. */
  chain(): Pool;
  /** Closes the shared ones; never rejects. */
  close(): Promise<void>;
}

export function createBastions(hop: HopTools): Bastions {
  const stop = linkedAbort(hop.signal);
  const tools: PoolTools = { hop, connecting: createConnecting(), stop: stop.signal, refused: new Map() };
  const shared = createPool(tools, BASTION_TIMEOUT);
  return {
    shared,
    // Whoever proves that a new login works has a deadline of his own.
    chain: () => createPool(tools, undefined),
    async close() {
      stop.abort();
      await shared.close();
    },
  };
}

interface PoolTools extends ReachTools {
  /** Bastions that refused the login. They are not asked again: each refusal brings the next one nearer to a penalty. */
  readonly refused: Map<string, HostError>;
}

type Opened = Result<Bastion, HostError>;

/** `timeout`: milliseconds for a bastion that worked before. */
function createPool(tools: PoolTools, timeout: number | undefined): Pool {
  const known = new Map<string, Promise<Opened>>();
  const worked = new Set<string>();
  const open = (key: string, hops: readonly Endpoint[]): Promise<Opened> => {
    const way = wayTo(hops);
    const made = openBastion(key, { route: hops, way, timeout: worked.has(key) ? timeout : undefined }, tools);
    known.set(key, made);
    void made.then((bastion) => {
      if (bastion.ok) worked.add(key);
      else setTimeout(() => forget(key, made), BASTION_RETRY_DELAY).unref();
    });
    return made;
  };
  const forget = (key: string, made: Promise<Opened>): void => {
    if (known.get(key) === made) known.delete(key);
  };
  const bastionAt = async (hops: readonly Endpoint[]): Promise<Opened> => {
    const key = JSON.stringify(hops);
    const given = known.get(key);
    if (given === undefined) return open(key, hops);
    const bastion = await given;
    if (!bastion.ok || bastion.value.transport.alive()) return bastion;
    forget(key, given);
    return known.get(key) ?? open(key, hops);
  };
  const wayTo = (route: readonly Endpoint[]): Goal['way'] =>
    route.length < 2 ? () => Promise.resolve(ok(undefined)) : () => bastionAt(route.slice(0, -1));
  return {
    reach: (route) => reach({ route, way: wayTo(route), timeout: undefined }, tools),
    close: () => closeAll(known),
  };
}

async function closeAll(known: Map<string, Promise<Opened>>): Promise<void> {
  // Close the last hop of a chain first, because its traffic passes through the others.
  const all = [...known.entries()].sort(([a], [b]) => b.length - a.length).map(([, bastion]) => bastion);
  known.clear();
  for (const bastion of await Promise.all(all)) if (bastion.ok) await bastion.value.transport.close();
}

async function openBastion(key: string, goal: Goal, tools: PoolTools): Promise<Opened> {
  const endpoint = endOf(goal.route);
  const before = tools.refused.get(key);
  if (before !== undefined) return fail(before);
  const reached = await reach(goal, tools);
  if (reached.ok) {
    tools.hop.log(`connected to jump host ${endpoint.label}`);
    return ok({ endpoint, transport: reached.value.transport });
  }
  const error = asJump(endpoint, reached.error);
  if (reached.error.kind === 'auth') tools.refused.set(key, error);
  return fail(error);
}

function asJump(endpoint: Endpoint, error: HostError): HostError {
  return error.kind === 'jump' || error.kind === 'aborted'
    ? error
    : hostError('jump', `jump host ${endpoint.label}: ${error.message}`, error.hint);
}
