/** Reads the host keys that hosts and their jump hosts offer, and logs in to jump hosts alone. */
import type { Host } from '../inventory/host.js';
import { hostAndPort } from '../lib/ip-address.js';
import { type Result, fail, ok } from '../lib/result.js';
import { createBastions } from './bastions.js';
import type { ConnectOptions } from './connect.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { certifiedKey } from './host-certificate.js';
import { createHostKeys, shortType } from './host-key.js';
import type { Authority, HostKeys } from './host-key.js';
import type { HopTools } from './hop.js';
import { fingerprint, keyTypeOf, knownHostsName } from './known-hosts.js';
import { createKeyring } from './keyring.js';
import { createOpenssh } from './openssh.js';
import { createMasters } from './openssh-master.js';
import { createPasswords } from './passwords.js';
import { findRoute } from './route.js';
import type { Endpoint } from './route.js';

/** A key that is not in known_hosts. */
export interface NewKey {
  /** What known_hosts calls the machine; the same for each host behind one jump host. */
  readonly id: string;
  /** The name in the inventory, or the jump host as it is written there. */
  readonly label: string;
  readonly isJump: boolean;
  /** `host:port`. */
  readonly address: string;
  /** All names by which a list of fingerprints may call it. */
  readonly names: readonly string[];
  readonly type: string;
  readonly fingerprint: string;
  /** The @cert-authority line of known_hosts that names the machine, as `file:line`. */
  readonly authority: string | undefined;
  /** The key in a certificate of that authority that OpenSSH accepts; otherwise the reason why there is none, in one line. */
  certified(): Promise<Result<NewKey, string>>;
  /** Adds it to known_hosts; undefined if that worked. */
  trust(): Promise<HostError | undefined>;
}

export type HostKeyState =
  | { readonly kind: 'known' }
  | { readonly kind: 'new'; readonly key: NewKey }
  /** Changed, revoked, or the host cannot be reached. */
  | { readonly kind: 'failed'; readonly error: HostError };

export interface KeyReader {
  read(host: Host): Promise<HostKeyState>;
  close(): Promise<void>;
}

interface Offer {
  readonly key: Buffer;
  readonly error: HostError | undefined;
}

/** `prefer`: key types to ask for first where none is known. What was read once is not read again. */
export function createKeyReader(options: ConnectOptions, prefer: readonly string[] = []): KeyReader {
  const log = options.log ?? ((): void => undefined);
  const openssh = createOpenssh(options.sshConfigFile);
  const book = createHostKeys('strict', log);
  const offers = new Map<string, Offer>();
  const hostKeys: HostKeys = {
    ...book,
    async knownTypes(endpoint) {
      const known = await book.knownTypes(endpoint);
      return known.length > 0 ? known : [...prefer];
    },
    async check(endpoint, key) {
      const error = await book.check(endpoint, key);
      offers.set(idOf(endpoint), { key: Buffer.from(key), error });
      // A login could ask for a password, and nothing is wanted of the host but its key.
      return error ?? (endpoint.isJump ? undefined : seen);
    },
    async checkCertificate(endpoint, key) {
      if (endpoint.isJump && (await book.authority(endpoint)) !== undefined) return undefined;
      return hostKeys.check(endpoint, key);
    },
  };
  const { keepaliveInterval = 15_000 } = options;
  const tools: HopTools = {
    hostKeys,
    keyring: createKeyring((path) => options.secrets.passphrase(path)),
    passwords: createPasswords(),
    secrets: options.secrets,
    masters: createMasters({ configFile: options.sshConfigFile, env: options.env, keepaliveInterval }),
    connectTimeout: options.connectTimeout,
    keepaliveInterval,
    signal: options.signal,
    log,
  };
  const bastions = createBastions(tools);
  return {
    async read(host) {
      const route = await findRoute(host, openssh, options.env);
      if (!route.ok) return { kind: 'failed', error: route.error };
      const reached = await bastions.shared.reach(route.value);
      if (reached.ok) await reached.value.transport.close();
      return stateOf({ route: route.value, offers, book, options }, reached.ok ? undefined : reached.error);
    },
    async close() {
      await bastions.close();
      await tools.masters.close();
    },
  };
}

const seen = hostError('aborted', 'the host key was read', 'nothing is wrong');

interface ReadRoute {
  readonly route: readonly Endpoint[];
  readonly offers: ReadonlyMap<string, Offer>;
  readonly book: HostKeys;
  readonly options: ConnectOptions;
}

/** The first machine on the way whose key is not known, or else what came of the host itself. */
async function stateOf(
  { route, offers, book, options }: ReadRoute,
  error: HostError | undefined,
): Promise<HostKeyState> {
  for (const [hops, endpoint] of route.entries()) {
    const offer = offers.get(idOf(endpoint));
    if (offer?.error === undefined) continue;
    if (offer.error.kind !== 'host-key-unknown') return { kind: 'failed', error: error ?? offer.error };
    const authority = await book.authority(endpoint);
    return { kind: 'new', key: newKey(offer.key, { endpoint, isDirect: hops === 0, authority, book, options }) };
  }
  const own = route.at(-1);
  if (own !== undefined && offers.has(idOf(own))) return { kind: 'known' };
  return { kind: 'failed', error: error ?? hostError('lost', 'the host showed no key', 'try again') };
}

const idOf = ({ hostname, port, hostKeyAlias, userKnownHosts }: Endpoint): string =>
  JSON.stringify([hostKeyAlias ?? knownHostsName(hostname, port), userKnownHosts[0]]);

interface KeyOwner {
  readonly endpoint: Endpoint;
  /** No jump host is before it. */
  readonly isDirect: boolean;
  readonly authority: Authority | undefined;
  readonly book: HostKeys;
  readonly options: ConnectOptions;
}

function newKey(key: Buffer, owner: KeyOwner): NewKey {
  const { endpoint, authority, book } = owner;
  const { label, alias, hostname, port, isJump } = endpoint;
  return {
    ...{ id: idOf(endpoint), label, isJump, address: hostAndPort(hostname, port) },
    names: [...new Set([label, alias, hostname, `[${hostname}]:${port}`, hostAndPort(hostname, port)])],
    type: shortType(keyTypeOf(key)),
    fingerprint: fingerprint(key),
    authority: authority?.place,
    certified: () => certified(owner),
    trust: () => book.trust(endpoint, key),
  };
}

async function certified(owner: KeyOwner): Promise<Result<NewKey, string>> {
  const { endpoint, isDirect, authority, options } = owner;
  if (authority === undefined) return fail('known_hosts names no certificate authority for it');
  if (!isDirect) return fail('it is behind a jump host, and kubelatch has certificates checked only without one');
  const { sshConfigFile: configFile, connectTimeout: timeout, signal } = options;
  const key = await certifiedKey({ endpoint, lines: authority.lines, configFile, timeout, signal });
  return key.ok ? ok(newKey(key.value, owner)) : key;
}
