/** Accepts or rejects host keys, by the known_hosts files and the policy. */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../lib/errors.js';
import { nextCommand } from '../lib/next-command.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import type { Endpoint } from './route.js';
import {
  fingerprint,
  hashedName,
  judgeKey,
  keyTypeOf,
  knownHostsName,
  knownKeyTypes,
  matchesName,
  parseKnownHosts,
} from './known-hosts.js';
import type { KnownHostsLine, Verdict } from './known-hosts.js';
import { type KnownHostsIndex, indexLines } from './known-hosts-index.js';

export type HostKeyPolicy = 'strict' | 'accept-new';

export interface HostKeys {
  /** Key types known for the endpoint; they are negotiated first. */
  knownTypes(endpoint: Endpoint): Promise<string[]>;
  /** undefined if the key is accepted. */
  check(endpoint: Endpoint, key: Buffer): Promise<HostError | undefined>;
  /** The same for the key in a certificate. Where an @cert-authority line names the endpoint, ssh judges the certificate. */
  checkCertificate(endpoint: Endpoint, key: Buffer): Promise<HostError | undefined>;
  /** Adds a key that somebody compared, unless another key of the host is known. undefined if it is known from then on. */
  trust(endpoint: Endpoint, key: Buffer): Promise<HostError | undefined>;
  /** The @cert-authority line that names the endpoint, with all lines that OpenSSH needs to judge a certificate. */
  authority(endpoint: Endpoint): Promise<Authority | undefined>;
  /** True if this run accepted the key without a known_hosts entry. */
  isNew(endpoint: Endpoint): boolean;
}

export interface Authority {
  /** `file:line`. */
  readonly place: string;
  /** Every line with a marker, of all files. */
  readonly lines: readonly KnownHostsLine[];
}

/** `log` receives a line for every key that is added to known_hosts. Files are read once. */
export function createHostKeys(policy: HostKeyPolicy, log: (line: string) => void): HostKeys {
  const files = new Map<string, Promise<KnownHostsIndex>>();
  const accepted = new Set<string>();
  const filesOf = (endpoint: Endpoint): Promise<KnownHostsIndex[]> => {
    const paths = [...endpoint.userKnownHosts, ...endpoint.globalKnownHosts];
    const loaded = paths.map((path) => {
      const file = files.get(path) ?? loadFile(path);
      files.set(path, file);
      return file;
    });
    return Promise.all(loaded);
  };
  const linesOf = async (endpoint: Endpoint, name: string): Promise<KnownHostsLine[]> =>
    (await filesOf(endpoint)).flatMap((file) => file.linesOf(name));
  // Append one at a time, so that two hosts with the same name do not both add a key.
  let writing: Promise<unknown> = Promise.resolve();
  const add = (endpoint: Endpoint, name: string, key: Buffer, compared = false): Promise<HostError | undefined> => {
    const job = writing.then(async () => {
      const again = judgeKey(await linesOf(endpoint, name), name, key);
      if (again.kind !== 'unknown') return refusal(endpoint, name, key, again);
      if (!compared) accepted.add(name);
      return addToKnownHosts(endpoint, { name, key }, files, log);
    });
    writing = job.catch(() => undefined);
    return job;
  };
  const keys: HostKeys = {
    async knownTypes(endpoint) {
      for (const name of namesOf(endpoint)) {
        const types = name === undefined ? [] : knownKeyTypes(await linesOf(endpoint, name), name);
        if (types.length > 0) return types;
      }
      return [];
    },
    async check(endpoint, key) {
      const [name, bare] = namesOf(endpoint);
      let verdict = judgeKey(await linesOf(endpoint, name), name, key);
      // As in OpenSSH, an entry without the port counts too, both to accept and to revoke a key.
      if (verdict.kind === 'unknown' && bare !== undefined) {
        const other = judgeKey(await linesOf(endpoint, bare), bare, key);
        if (other.kind === 'known' || other.kind === 'revoked') verdict = other;
        else if (other.kind === 'unknown' && verdict.authority === undefined) verdict = other;
      }
      const fresh = verdict.kind === 'unknown' && verdict.authority === undefined && policy === 'accept-new';
      return fresh ? add(endpoint, name, key) : refusal(endpoint, name, key, verdict);
    },
    async checkCertificate(endpoint, key) {
      return (await keys.authority(endpoint)) === undefined ? keys.check(endpoint, key) : undefined;
    },
    trust(endpoint, key) {
      // Somebody took time to compare it, and the files may have changed meanwhile.
      files.clear();
      return add(endpoint, namesOf(endpoint)[0], key, true);
    },
    async authority(endpoint) {
      const all = (await filesOf(endpoint)).flatMap(({ lines }) => lines);
      const marked = all.filter(({ marker }) => marker !== 'none');
      const names = namesOf(endpoint);
      const own = marked.find(
        ({ marker, names: listed }) =>
          marker === 'cert-authority' && names.some((name) => name !== undefined && matchesName(listed, name)),
      );
      return own === undefined ? undefined : { place: locationOf(own), lines: marked };
    },
    isNew: (endpoint) => accepted.has(namesOf(endpoint)[0]),
  };
  return keys;
}

function namesOf(endpoint: Endpoint): [string, string?] {
  if (endpoint.hostKeyAlias !== undefined) return [endpoint.hostKeyAlias.toLowerCase()];
  const name = knownHostsName(endpoint.hostname, endpoint.port);
  return endpoint.port === 22 ? [name] : [name, endpoint.hostname.toLowerCase()];
}

async function loadFile(path: string): Promise<KnownHostsIndex> {
  try {
    return indexLines(parseKnownHosts(await readFile(path, 'utf8'), path));
  } catch {
    // Without a readable file every host key is unknown.
    return indexLines([]);
  }
}

async function addToKnownHosts(
  endpoint: Endpoint,
  { name, key }: { readonly name: string; readonly key: Buffer },
  files: Map<string, Promise<KnownHostsIndex>>,
  log: (line: string) => void,
): Promise<HostError | undefined> {
  const file = endpoint.userKnownHosts[0];
  const type = keyTypeOf(key);
  if (file === undefined || /[\s,*?!|#@]/.test(name)) {
    return hostError(
      'host-key-unknown',
      `the host key cannot be added to known_hosts under the name ${oneLine(name)}`,
      'set knownHostsFile for this host in the inventory',
    );
  }
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const before = await readFile(file, 'utf8').catch(() => '');
    const gap = before === '' || before.endsWith('\n') ? '' : '\n';
    // A file whose names are hashed is not to give away this one.
    const isHashed = parseKnownHosts(before, file).some(({ names }) => names.startsWith('|'));
    const line = `${isHashed ? hashedName(name) : name} ${type} ${key.toString('base64')}\n`;
    await appendFile(file, gap + line, { mode: 0o600 });
    files.set(file, Promise.resolve(indexLines(parseKnownHosts(before + gap + line, file))));
  } catch (error) {
    return hostError(
      'host-key-unknown',
      `the new host key could not be written to ${file}: ${oneLine(messageOf(error))}`,
      `make ${file} writable, or set knownHostsFile in the inventory`,
    );
  }
  log(`${endpoint.label}: new host key ${shortType(type)} ${fingerprint(key)} added to ${file}`);
  return undefined;
}

function refusal(endpoint: Endpoint, name: string, key: Buffer, verdict: Verdict): HostError | undefined {
  const offered = `${shortType(keyTypeOf(key))} ${fingerprint(key)}`;
  switch (verdict.kind) {
    case 'known':
      return undefined;
    case 'revoked':
      return hostError(
        'host-key-revoked',
        `the host key ${offered} is marked @revoked in ${locationOf(verdict.entry)}; nothing was sent`,
        'create a new host key, or delete the @revoked line if it is wrong',
      );
    case 'changed':
      return hostError(
        'host-key-changed',
        `the host key has changed: it is ${offered}, but ${locationOf(verdict.entry)} has ${shortType(verdict.entry.keyType)} ${fingerprint(verdict.entry.key)}; nothing was sent`,
        `find out why it changed; if the change is expected: ssh-keygen -f '${verdict.entry.file}' -R '${name}'`,
      );
    case 'unknown':
      if (verdict.authority !== undefined) {
        return hostError(
          'host-key-unknown',
          `${locationOf(verdict.authority)} names a certificate authority for the host, but to connect, kubelatch needs its plain key in known_hosts: it is ${offered}`,
          `let OpenSSH verify the host certificate, and add the key: ${nextCommand('inventory enrol')}`,
        );
      }
      return hostError(
        'host-key-unknown',
        `the host key ${offered} is not in known_hosts`,
        `compare it and add it: ${nextCommand('inventory enrol')}; or connect once with: ${sshCommand(endpoint)}`,
      );
  }
}

const locationOf = (entry: KnownHostsLine): string => `${entry.file}:${entry.line}`;
/** What somebody types to connect by hand. */
export const sshCommand = (endpoint: Endpoint): string =>
  ['ssh', ...(endpoint.port === 22 ? [] : ['-p', String(endpoint.port)]), `${endpoint.user}@${endpoint.alias}`].join(
    ' ',
  );

/** `ED25519` for `ssh-ed25519`, as in OpenSSH's messages. */
export function shortType(type: string): string {
  const short = /^(?:ssh-(ed25519|rsa|dss)|(ecdsa)-sha2-.*)$/.exec(type);
  return oneLine(short?.[1] ?? short?.[2] ?? type, 40).toUpperCase();
}

/** The check of one connection's host key. */
export interface HostKeyCheck {
  verify(key: Buffer): Promise<boolean>;
  denied(): HostError | undefined;
}

/** ssh2 verifies again at every rekey; the key must not change then. */
export function hostKeyCheck(endpoint: Endpoint, hostKeys: HostKeys): HostKeyCheck {
  let verified: Buffer | undefined;
  let denied: HostError | undefined;
  return {
    async verify(key) {
      if (verified !== undefined) return key.equals(verified);
      denied = await hostKeys
        .check(endpoint, key)
        .catch((error: unknown) =>
          hostError(
            'host-key-unknown',
            `the host key could not be checked: ${oneLine(messageOf(error))}`,
            'check the known_hosts file',
          ),
        );
      if (denied === undefined) verified = Buffer.from(key);
      return denied === undefined;
    },
    denied: () => denied,
  };
}
