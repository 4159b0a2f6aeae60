/** The keys to offer to a host, in OpenSSH's order. All hosts share them, so each file is read and unlocked once. */
import { access } from 'node:fs/promises';
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';
import { messageOf } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import { listAgentKeys } from './agent.js';
import type { AgentKey } from './agent.js';
import { readKeyFile, unlockKey } from './key-file.js';
import type { KeyFile } from './key-file.js';
import type { Endpoint } from './route.js';

interface Signature {
  /** The hash for RSA; undefined for other key types, which have a fixed hash. */
  readonly hash: 'sha1' | 'sha256' | 'sha512' | undefined;
}

/** A key that can be offered. */
export interface Offer {
  /** The name in messages: a path or the agent's comment. */
  readonly label: string;
  readonly publicKey: ParsedKey;
  /** Rejects with a reason that contains no secrets. */
  sign(data: Buffer, how: Signature): Promise<Buffer>;
}

type Candidate =
  | { readonly kind: 'offer'; readonly offer: Offer }
  /** The public key is unknown until the file is unlocked. */
  | { readonly kind: 'sealed'; readonly label: string; open(): Promise<Offer> }
  | UnusableKey;

interface UnusableKey {
  readonly kind: 'unusable';
  readonly label: string;
  readonly reason: string;
  /** True if somebody chose it, so that it is a mistake; never for what only ssh can use beside a key. */
  readonly named: boolean;
  /** The ssh program can use it. `chosen`: it is, or stands beside, a key that the inventory or ~/.ssh/config names. */
  readonly onlySsh?: { readonly chosen: boolean } | undefined;
}

export interface Keyring {
  /** Named identities first, then the agent's other keys, then default files. */
  candidates(endpoint: Endpoint): Promise<Candidate[]>;
}

const PASSPHRASE_TRIES = 3;
const ONLY_SSH = 'which only ssh itself supports';

/** `ask` returns the passphrase of a key file; null if there is no terminal or no answer. */
export function createKeyring(ask: (path: string) => Promise<string | null>): Keyring {
  const files = new Map<string, Promise<KeyFile>>();
  const agents = new Map<string, Promise<AgentKey[] | Error>>();
  const unlocked = new Map<string, Promise<ParsedKey>>();
  const certified = new Map<string, Promise<boolean>>();

  const once = <T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> => {
    const value = cache.get(key) ?? make();
    cache.set(key, value);
    return value;
  };
  const unlock = (file: KeyFile & { kind: 'locked' }): Promise<ParsedKey> =>
    once(unlocked, file.path, async () => {
      for (let attempt = 0; attempt < PASSPHRASE_TRIES; attempt++) {
        const passphrase = await ask(file.path);
        if (passphrase === null) throw new Error('needs a passphrase, but there is no terminal to ask for it');
        const key = unlockKey(file.text, passphrase);
        if (key !== undefined) return key;
      }
      throw new Error('could not be unlocked: wrong passphrase');
    });
  const fromFile = (file: KeyFile, named: boolean): Candidate | undefined => {
    const label = file.path;
    switch (file.kind) {
      case 'open':
        return { kind: 'offer', offer: fileOffer(label, file.key, () => Promise.resolve(file.key)) };
      case 'locked':
        return file.publicKey === undefined
          ? { kind: 'sealed', label, open: async () => fileOffer(label, await unlock(file), () => unlock(file)) }
          : { kind: 'offer', offer: fileOffer(label, file.publicKey, () => unlock(file)) };
      case 'absent':
        return named ? { kind: 'unusable', label, reason: 'does not exist', named } : undefined;
      case 'unusable':
        return {
          ...{ kind: 'unusable', label, reason: file.reason, named },
          onlySsh: file.onlySsh === true ? { chosen: named } : undefined,
        };
    }
  };

  return {
    async candidates(endpoint) {
      const { agentSocket } = endpoint;
      const listed =
        agentSocket === undefined
          ? []
          : await once(agents, agentSocket, () => listAgentKeys(agentSocket).catch(asError));
      const held = listed instanceof Error ? [] : listed;
      const first: Candidate[] = [];
      const last: Candidate[] = [];
      const taken = new Set<AgentKey>();
      for (const { path, named } of endpoint.identityFiles) {
        const file = await once(files, path, () => readKeyFile(path));
        const beside = `${path}-cert.pub`;
        if (file.kind !== 'absent' && (await once(certified, beside, () => exists(beside))))
          last.push(certificate(beside, named));
        const publicKey = file.kind === 'open' ? file.key : file.kind === 'locked' ? file.publicKey : undefined;
        const fromAgentKey = held.find((other) => publicKey !== undefined && sameKey(other.key, publicKey));
        if (fromAgentKey?.key !== undefined && agentSocket !== undefined) {
          taken.add(fromAgentKey);
          first.push({ kind: 'offer', offer: agentOffer(path, fromAgentKey.key, agentSocket) });
        } else {
          const candidate = fromFile(file, named);
          if (candidate !== undefined) (named ? first : last).push(candidate);
        }
      }
      const others = endpoint.identitiesOnly ? [] : held.filter((key) => !taken.has(key));
      const middle = others.map((entry) => fromAgent(entry, agentSocket ?? ''));
      if (listed instanceof Error) {
        middle.push({ kind: 'unusable', label: 'ssh-agent', reason: oneLine(messageOf(listed)), named: false });
      }
      return [...first, ...middle, ...last];
    },
  };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
const sameKey = (a: ParsedKey | undefined, b: ParsedKey): boolean =>
  a?.getPublicSSH().equals(b.getPublicSSH()) === true;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const certificate = (label: string, chosen: boolean): Candidate => ({
  ...{ kind: 'unusable', label, reason: `is a certificate, ${ONLY_SSH}`, named: false },
  onlySsh: { chosen },
});

function fromAgent(entry: AgentKey, socketPath: string): Candidate {
  const label = `${entry.comment || entry.type} (agent)`;
  if (entry.key !== undefined) return { kind: 'offer', offer: agentOffer(label, entry.key, socketPath) };
  const what = entry.type.includes('-cert-')
    ? 'a certificate'
    : entry.type.startsWith('sk-')
      ? 'a security key (FIDO)'
      : `of type ${entry.type}`;
  return { kind: 'unusable', label, reason: `is ${what}, ${ONLY_SSH}`, named: false, onlySsh: { chosen: false } };
}

function fileOffer(label: string, publicKey: ParsedKey, open: () => Promise<ParsedKey>): Offer {
  return {
    label,
    publicKey,
    async sign(data, how) {
      refuseSha1(publicKey, how);
      // ssh2 can return an Error, although its types exclude it.
      const signature: Buffer | Error = (await open()).sign(data, how.hash);
      if (signature instanceof Error) throw signature;
      return signature;
    },
  };
}

function agentOffer(label: string, publicKey: ParsedKey, socketPath: string): Offer {
  return {
    label,
    publicKey,
    async sign(data, how) {
      refuseSha1(publicKey, how);
      const agent = new ssh2.OpenSSHAgent(socketPath);
      return new Promise((resolve, reject) => {
        agent.sign(publicKey, data, how.hash === undefined ? {} : { hash: how.hash }, (error, signature) => {
          if (signature === undefined) reject(new Error(`the agent did not sign: ${oneLine(messageOf(error))}`));
          else resolve(signature);
        });
      });
    },
  };
}

function refuseSha1(key: ParsedKey, how: Signature): void {
  if (key.type === 'ssh-rsa' && how.hash !== 'sha256' && how.hash !== 'sha512') {
    throw new Error('the server accepts RSA keys only with SHA-1 signatures');
  }
}
