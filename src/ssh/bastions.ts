/** Jump hosts: a connection that all hosts behind one share, or a chain of one host's own. */
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import type { JumpHost } from './dial.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { openHop } from './hop.js';
import type { HopTools } from './hop.js';
import type { Endpoint } from './route.js';
import { createSlots } from './slots.js';
import type { Slots } from './slots.js';
import type { Transport } from './transport.js';

export interface Bastion {
  readonly endpoint: Endpoint;
  readonly transport: Transport;
  /** Limits parallel handshakes through this bastion. */
  readonly slots: Slots;
}

/** Parallel handshakes through one bastion. */
const HANDSHAKES = 20;
/** Milliseconds before a failed bastion is tried again, so that 500 hosts do not retry it 500 times. */
const BASTION_RETRY_DELAY = 10_000;

type OpenBastion = (hops: readonly Endpoint[]) => Promise<Result<Bastion, HostError>>;

export interface Bastions {
  /** The bastion at the end of `hops`; all hosts behind it share one connection. */
  readonly shared: OpenBastion;
  /** The same over connections that nobody shares. */
  chain(): { readonly open: OpenBastion; close(): Promise<void> };
  /** Connects to `endpoint` from here, or through `parent`. */
  reach(endpoint: Endpoint, parent: Bastion | undefined): Promise<Result<Transport, HostError>>;
  /** Closes the shared ones; never rejects. */
  close(): Promise<void>;
}

export function createBastions(tools: HopTools, log: (line: string) => void): Bastions {
  const known = new Map<string, Promise<Result<Bastion, HostError>>>();
  const shared: OpenBastion = (hops) => {
    const key = JSON.stringify(hops);
    const made = known.get(key) ?? openBastion(hops, shared, tools, log);
    if (known.has(key)) return made;
    known.set(key, made);
    void made.then((bastion) => {
      const forget = (): void => {
        if (known.get(key) === made) known.delete(key);
      };
      if (!bastion.ok) setTimeout(forget, BASTION_RETRY_DELAY).unref();
      else if (!bastion.value.transport.alive()) forget();
      else bastion.value.transport.onClose(forget);
    });
    return made;
  };
  return {
    shared,
    chain: () => createChain(tools, log),
    reach: (endpoint, parent) => reach(endpoint, parent, tools),
    async close() {
      // Close the last hop of a chain first, because its traffic passes through the others.
      const all = [...known.entries()].sort(([a], [b]) => b.length - a.length).map(([, bastion]) => bastion);
      known.clear();
      for (const bastion of await Promise.all(all)) if (bastion.ok) await bastion.value.transport.close();
    },
  };
}

function createChain(tools: HopTools, log: (line: string) => void): ReturnType<Bastions['chain']> {
  const own: Bastion[] = [];
  const open: OpenBastion = async (hops) => {
    const made = await openBastion(hops, open, tools, log);
    if (made.ok) own.push(made.value);
    return made;
  };
  return {
    open,
    async close() {
      for (const bastion of own.reverse()) await bastion.transport.close();
    },
  };
}

async function openBastion(
  hops: readonly Endpoint[],
  parentOf: OpenBastion,
  tools: HopTools,
  log: (line: string) => void,
): Promise<Result<Bastion, HostError>> {
  const endpoint = hops.at(-1);
  if (endpoint === undefined) throw new RangeError('a bastion without hops');
  const parent = hops.length === 1 ? undefined : await parentOf(hops.slice(0, -1));
  if (parent?.ok === false) return parent;
  const hop = await reach(endpoint, parent?.value, tools);
  if (!hop.ok) return fail(asJump(endpoint, hop.error));
  log(`connected to jump host ${endpoint.label}`);
  return ok({ endpoint, transport: hop.value, slots: createSlots(HANDSHAKES) });
}

async function reach(
  endpoint: Endpoint,
  parent: Bastion | undefined,
  tools: HopTools,
): Promise<Result<Transport, HostError>> {
  if (parent === undefined) return openHop(endpoint, undefined, tools);
  const jumpHost: JumpHost = { label: parent.endpoint.label, transport: parent.transport };
  const free = await parent.slots.take();
  try {
    return await openHop(endpoint, jumpHost, tools);
  } finally {
    free();
  }
}

function asJump(endpoint: Endpoint, error: HostError): HostError {
  return error.kind === 'jump' || error.kind === 'aborted'
    ? error
    : hostError('jump', `jump host ${endpoint.label}: ${error.message}`, error.hint);
}
