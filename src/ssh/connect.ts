/** The connector: a Session for a Host, over bastions that all hosts share. */
import type { Host } from '../inventory/host.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import type { Via } from './dial.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { abortedFailure } from './failures.js';
import { createHostKeys } from './host-key.js';
import type { HostKeyPolicy } from './host-key.js';
import { openHop } from './hop.js';
import type { Hop, HopTools } from './hop.js';
import { createKeyring } from './keyring.js';
import { createOpenssh } from './openssh.js';
import { findRoute } from './route.js';
import type { Endpoint, Environment } from './route.js';
import { createLender } from './secrets.js';
import type { Secrets } from './secrets.js';
import type { Session } from './session.js';
import { createSlots } from './slots.js';
import type { Slots } from './slots.js';
import { createSession, endHop } from './ssh-session.js';
import type { SudoMemory } from './sudo.js';

export interface ConnectOptions {
  readonly hostKeys: HostKeyPolicy;
  /** Milliseconds for one machine on the way: dialling, handshake and login. */
  readonly connectTimeout: number;
  /** Milliseconds between keepalives (default 15 s); three unanswered ones end the connection. */
  readonly keepaliveInterval?: number | undefined;
  readonly secrets: Secrets;
  /** Where SSH_AUTH_SOCK and the variables of IdentityAgent come from. */
  readonly env: Environment;
  /** An ssh_config to use instead of the user's (`ssh -F`). */
  readonly sshConfigFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** One line for the log: accepted new keys, hops. Never holds a secret. */
  readonly log?: ((line: string) => void) | undefined;
}

export interface Connector {
  /** A session with `host`; bastions are shared with other hosts. */
  connect(host: Host): Promise<Result<Session, HostError>>;
  /** A new connection from end to end that shares nothing with another: proves that the way in still works. */
  fresh(host: Host): Promise<Result<Session, HostError>>;
  /** Ends all sessions and bastions; never rejects. */
  close(): Promise<void>;
}

interface Bastion {
  readonly endpoint: Endpoint;
  readonly hop: Hop;
  /** Places for handshakes through this bastion. */
  readonly slots: Slots;
}

/** Handshakes at once through one bastion. */
const HANDSHAKES = 20;
/** Milliseconds for which a bastion that failed is not tried again: 500 hosts must not knock 500 times. */
const BASTION_REST = 10_000;

export function createConnector(options: ConnectOptions): Connector {
  const { secrets, env } = options;
  const log = options.log ?? ((): void => undefined);
  const openssh = createOpenssh(options.sshConfigFile);
  const lender = createLender();
  const tools: HopTools = {
    hostKeys: createHostKeys(options.hostKeys, log),
    keyring: createKeyring((path) => secrets.passphrase(path)),
    lender,
    secrets,
    connectTimeout: options.connectTimeout,
    keepaliveInterval: options.keepaliveInterval ?? 15_000,
    signal: options.signal,
  };
  const bastions = new Map<string, Promise<Result<Bastion, HostError>>>();
  const sudo = new Map<string, SudoMemory>();
  const open = new Set<() => Promise<void>>();
  let closed = false;

  /** The bastion at the end of `hops`, opened once for all who need it. */
  const shared = (hops: readonly Endpoint[]): Promise<Result<Bastion, HostError>> => {
    const key = JSON.stringify(hops);
    const known = bastions.get(key);
    if (known !== undefined) return known;
    const made = openBastion(hops, shared);
    bastions.set(key, made);
    void made.then((bastion) => {
      const forget = (): void => {
        if (bastions.get(key) === made) bastions.delete(key);
      };
      if (!bastion.ok) setTimeout(forget, BASTION_REST).unref();
      else if (!bastion.value.hop.alive()) forget();
      else bastion.value.hop.client.once('close', forget);
    });
    return made;
  };

  const openBastion = async (
    hops: readonly Endpoint[],
    parentOf: typeof shared,
  ): Promise<Result<Bastion, HostError>> => {
    const endpoint = hops.at(-1);
    if (endpoint === undefined) throw new RangeError('a bastion without hops');
    const parent = hops.length === 1 ? undefined : await parentOf(hops.slice(0, -1));
    if (parent?.ok === false) return parent;
    const hop = await openAt(endpoint, parent?.value);
    if (!hop.ok) return fail(asJump(endpoint, hop.error));
    log(`connected to jump host ${endpoint.label}`);
    return ok({ endpoint, hop: hop.value, slots: createSlots(HANDSHAKES) });
  };

  const openAt = async (endpoint: Endpoint, parent: Bastion | undefined): Promise<Result<Hop, HostError>> => {
    if (parent === undefined) return openHop(endpoint, undefined, tools);
    const via: Via = { label: parent.endpoint.label, client: parent.hop.client };
    const free = await parent.slots.take();
    try {
      return await openHop(endpoint, via, tools);
    } finally {
      free();
    }
  };

  const sessionFor = async (host: Host, private_: boolean): Promise<Result<Session, HostError>> => {
    const route = await findRoute(host, openssh, env);
    if (!route.ok) return route;
    const endpoint = route.value.at(-1);
    if (endpoint === undefined) throw new RangeError('a route without an end');
    const hops = route.value.slice(0, -1);
    const own: Bastion[] = [];
    const chain = async (part: readonly Endpoint[]): Promise<Result<Bastion, HostError>> => {
      const made = await openBastion(part, chain);
      if (made.ok) own.push(made.value);
      return made;
    };
    const dropOwn = async (): Promise<void> => {
      for (const bastion of own.reverse()) await endHop(bastion.hop);
    };
    const parent = hops.length === 0 ? undefined : await (private_ ? chain : shared)(hops);
    const hop = parent?.ok === false ? parent : await openAt(endpoint, parent?.value);
    if (!hop.ok || closed) {
      if (hop.ok) await endHop(hop.value);
      await dropOwn();
      return hop.ok ? fail(abortedFailure()) : hop;
    }
    const memory = sudo.get(host.name) ?? { wants: 'unknown' };
    sudo.set(host.name, memory);
    const session = createSession({
      name: host.name,
      user: endpoint.user,
      become: host.ssh.become,
      hop: hop.value,
      memory,
      borrowBecomePassword: () =>
        lender.borrow(`sudo ${endpoint.user}`, () => secrets.becomePassword(endpoint.user, host.name)),
      async onClose() {
        open.delete(close);
        await dropOwn();
      },
    });
    const close = (): Promise<void> => session.close();
    open.add(close);
    return ok(session);
  };

  return {
    connect: (host) => sessionFor(host, false),
    fresh: (host) => sessionFor(host, true),
    async close() {
      closed = true;
      await Promise.all([...open].map((end) => end()));
      // The last hop of a chain first: it lives inside the others.
      const made = await Promise.all(
        [...bastions.entries()].sort(([a], [b]) => b.length - a.length).map(([, bastion]) => bastion),
      );
      bastions.clear();
      for (const bastion of made) if (bastion.ok) await endHop(bastion.value.hop);
    },
  };
}

function asJump(endpoint: Endpoint, error: HostError): HostError {
  return error.kind === 'jump' || error.kind === 'aborted'
    ? error
    : hostError('jump', `jump host ${endpoint.label}: ${error.message}`, error.hint);
}
