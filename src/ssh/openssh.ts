/** What the user's own OpenSSH says of a host: `ssh -G`, the only child process of this folder. */
import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { createSlots } from './slots.js';

export interface OpensshSettings {
  readonly user: string | undefined;
  readonly hostname: string;
  readonly port: number;
  /** As ssh prints them: `~` and tokens still in them. */
  readonly identityFiles: readonly string[];
  /** True when the list is the built-in one, not something the user wrote. */
  readonly defaultIdentities: boolean;
  readonly identityAgent: string | undefined;
  readonly identitiesOnly: boolean;
  readonly hostKeyAlias: string | undefined;
  readonly proxyJump: readonly string[];
  readonly proxyCommand: string | undefined;
  readonly userKnownHosts: readonly string[];
  readonly globalKnownHosts: readonly string[];
  readonly revokedHostKeys: string | undefined;
}

export interface OpensshQuery {
  readonly alias: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}

export type Openssh = (query: OpensshQuery) => Promise<Result<OpensshSettings, HostError>>;

const DEADLINE = 5_000;
/** A fleet must not start a process per host at once. */
const PROCESSES = 8;
const DEFAULT_IDENTITY = /^~\/\.ssh\/id_(?:rsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss|dsa)$/;

/** Asks `ssh -G` once per distinct query, lazily. Without an ssh binary the built-in defaults stand in. */
export function createOpenssh(configFile: string | undefined): Openssh {
  const answers = new Map<string, Promise<Result<OpensshSettings, HostError>>>();
  const slots = createSlots(PROCESSES);
  const askInTurn = async (query: OpensshQuery): Promise<Result<OpensshSettings, HostError>> => {
    const free = await slots.take();
    try {
      return await ask(query, configFile);
    } finally {
      free();
    }
  };
  return (query) => {
    const key = JSON.stringify([query.alias, query.user, query.port]);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = askInTurn(query);
    answers.set(key, answer);
    return answer;
  };
}

function ask(query: OpensshQuery, configFile: string | undefined): Promise<Result<OpensshSettings, HostError>> {
  const args = [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    '-G',
    ...(query.user === undefined ? [] : ['-l', query.user]),
    ...(query.port === undefined ? [] : ['-p', String(query.port)]),
    '--',
    query.alias,
  ];
  return new Promise((resolve) => {
    execFile('ssh', args, { timeout: DEADLINE, maxBuffer: 1024 * 1024, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve(ok(parseOpensshDump(stdout, query)));
      else if (error.code === 'ENOENT') resolve(ok(parseOpensshDump('', query)));
      else {
        const why = error.killed === true ? `no answer within ${DEADLINE / 1000} s` : oneLine(stderr) || 'it failed';
        resolve(
          fail(
            hostError('config', `ssh -G ${query.alias}: ${why}`, 'try the same command by hand and mend ~/.ssh/config'),
          ),
        );
      }
    });
  });
}

/** Reads the output of `ssh -G`; what it does not say is filled with OpenSSH's defaults. */
export function parseOpensshDump(text: string, query: OpensshQuery): OpensshSettings {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 1) continue;
    const key = line.slice(0, space).toLowerCase();
    values.set(key, [...(values.get(key) ?? []), line.slice(space + 1).trim()]);
  }
  const one = (key: string): string | undefined => values.get(key)?.[0];
  const said = (key: string): string | undefined => (one(key) === 'none' ? undefined : one(key));
  const home = homedir();
  const identityFiles = values.get('identityfile') ?? ['rsa', 'ecdsa', 'ed25519'].map((type) => `~/.ssh/id_${type}`);
  return {
    user: one('user') ?? query.user,
    hostname: one('hostname') ?? query.alias,
    port: Number(one('port') ?? query.port ?? 22),
    identityFiles: identityFiles.filter((file) => file !== 'none'),
    defaultIdentities: identityFiles.every((file) => DEFAULT_IDENTITY.test(file)),
    identityAgent: one('identityagent'),
    identitiesOnly: one('identitiesonly') === 'yes',
    hostKeyAlias: said('hostkeyalias'),
    proxyJump:
      said('proxyjump')
        ?.split(',')
        .map((hop) => hop.trim()) ?? [],
    proxyCommand: said('proxycommand'),
    userKnownHosts: splitPaths(one('userknownhostsfile') ?? `${home}/.ssh/known_hosts ${home}/.ssh/known_hosts2`),
    globalKnownHosts: splitPaths(one('globalknownhostsfile') ?? '/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2'),
    revokedHostKeys: said('revokedhostkeys'),
  };
}

/** ssh prints the list without its quotes: a new path begins where the word looks like the start of one. */
function splitPaths(list: string): string[] {
  return list.split(/ (?=[/~])/).filter((path) => path !== 'none' && path !== '');
}
