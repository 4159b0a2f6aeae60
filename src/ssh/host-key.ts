/** Whether a server's host key is accepted: the known_hosts files on disk, the policy, and what a person is told. */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import type { Endpoint } from './route.js';
import { fingerprint, judgeKey, keyTypeOf, knownHostsName, knownKeyTypes, parseKnownHosts } from './known-hosts.js';
import type { KnownHostsLine, Verdict } from './known-hosts.js';

export type HostKeyPolicy = 'strict' | 'accept-new';

export interface HostKeys {
  /** Key types known for the endpoint, so that they are negotiated first. */
  knownTypes(endpoint: Endpoint): Promise<string[]>;
  /** undefined when the key is accepted. */
  check(endpoint: Endpoint, key: Buffer): Promise<HostError | undefined>;
}

export function createHostKeys(policy: HostKeyPolicy, log: (line: string) => void): HostKeys {
  const files = new Map<string, Promise<KnownHostsLine[]>>();
  const linesOf = async (endpoint: Endpoint): Promise<KnownHostsLine[]> => {
    const paths = [...endpoint.userKnownHosts, ...endpoint.globalKnownHosts];
    const loaded = paths.map((path) => {
      const lines = files.get(path) ?? loadFile(path);
      files.set(path, lines);
      return lines;
    });
    return (await Promise.all(loaded)).flat();
  };
  // One append at a time: two hosts behind one name must not both write it.
  let writing: Promise<unknown> = Promise.resolve();
  const add = (endpoint: Endpoint, name: string, key: Buffer): Promise<HostError | undefined> => {
    const job = writing.then(async () => {
      const again = judgeKey(await linesOf(endpoint), name, key);
      return again.kind === 'unknown' ? record(endpoint, name, key, files, log) : refusal(endpoint, name, key, again);
    });
    writing = job.catch(() => undefined);
    return job;
  };
  return {
    async knownTypes(endpoint) {
      const lines = await linesOf(endpoint);
      const types = namesOf(endpoint).map((name) => (name === undefined ? [] : knownKeyTypes(lines, name)));
      return types.find((found) => found.length > 0) ?? [];
    },
    async check(endpoint, key) {
      const lines = await linesOf(endpoint);
      const [name, bare] = namesOf(endpoint);
      let verdict = judgeKey(lines, name, key);
      // As OpenSSH: a key known for the host without its port will do, and one revoked there will not.
      if (verdict.kind === 'unknown' && bare !== undefined) {
        const other = judgeKey(lines, bare, key);
        if (other.kind === 'known' || other.kind === 'revoked') verdict = other;
        else if (other.kind === 'unknown' && verdict.authority === undefined) verdict = other;
      }
      const fresh = verdict.kind === 'unknown' && verdict.authority === undefined && policy === 'accept-new';
      return fresh ? add(endpoint, name, key) : refusal(endpoint, name, key, verdict);
    },
  };
}

function namesOf(endpoint: Endpoint): [string, string?] {
  if (endpoint.hostKeyAlias !== undefined) return [endpoint.hostKeyAlias.toLowerCase()];
  const name = knownHostsName(endpoint.hostname, endpoint.port);
  return endpoint.port === 22 ? [name] : [name, endpoint.hostname.toLowerCase()];
}

async function loadFile(path: string): Promise<KnownHostsLine[]> {
  try {
    return parseKnownHosts(await readFile(path, 'utf8'), path);
  } catch {
    // No file and an unreadable file both prove nothing about any host: its key is unknown.
    return [];
  }
}

async function record(
  endpoint: Endpoint,
  name: string,
  key: Buffer,
  files: Map<string, Promise<KnownHostsLine[]>>,
  log: (line: string) => void,
): Promise<HostError | undefined> {
  const file = endpoint.userKnownHosts[0];
  const type = keyTypeOf(key);
  if (file === undefined || /[\s,*?!|#@]/.test(name)) {
    return hostError(
      'host-key-unknown',
      `its host key cannot be recorded under the name ${oneLine(name)}`,
      'set knownHostsFile for this host in the inventory',
    );
  }
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const before = await readFile(file, 'utf8').catch(() => '');
    const gap = before === '' || before.endsWith('\n') ? '' : '\n';
    const line = `${name} ${type} ${key.toString('base64')}\n`;
    await appendFile(file, gap + line, { mode: 0o600 });
    files.set(file, Promise.resolve(parseKnownHosts(before + gap + line, file)));
  } catch (error) {
    return hostError(
      'host-key-unknown',
      `its new host key could not be written to ${file}: ${oneLine(messageOf(error))}`,
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
        `its host key ${offered} is marked @revoked in ${place(verdict.entry)}; nothing was sent`,
        'give the host a new key, or remove the @revoked line if it is wrong',
      );
    case 'changed':
      return hostError(
        'host-key-changed',
        `its host key has changed: ${offered}, but ${place(verdict.entry)} has ${shortType(verdict.entry.keyType)} ${fingerprint(verdict.entry.key)}; nothing was sent`,
        `find out why; if the change is expected: ssh-keygen -f '${verdict.entry.file}' -R '${name}'`,
      );
    case 'unknown':
      if (verdict.authority !== undefined) {
        return hostError(
          'host-key-unknown',
          `${place(verdict.authority)} trusts it through a certificate authority, and host certificates cannot be verified here; its plain key is ${offered}`,
          `compare the fingerprint on the host itself, then add a line '${name} <key>' to known_hosts`,
        );
      }
      return hostError(
        'host-key-unknown',
        `its host key ${offered} is not in known_hosts`,
        `compare the fingerprint on the host itself, then connect once with: ${sshCommand(endpoint)}; or accept new keys with accept-new`,
      );
  }
}

const place = (entry: KnownHostsLine): string => `${entry.file}:${entry.line}`;
const sshCommand = (endpoint: Endpoint): string =>
  ['ssh', ...(endpoint.port === 22 ? [] : ['-p', String(endpoint.port)]), `${endpoint.user}@${endpoint.alias}`].join(
    ' ',
  );

/** `ED25519` for `ssh-ed25519`, as OpenSSH's own messages say it. */
function shortType(type: string): string {
  const short = /^(?:ssh-(ed25519|rsa|dss)|(ecdsa)-sha2-.*)$/.exec(type);
  return oneLine(short?.[1] ?? short?.[2] ?? type, 40).toUpperCase();
}
