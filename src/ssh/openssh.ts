/** Reads the user's OpenSSH settings for a host with `ssh -G`. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import { createSlots } from './slots.js';
import { type LikenessOf, allAlike, allDiffer, likenessIn } from './ssh-config.js';

export interface OpensshSettings {
  readonly user: string | undefined;
  readonly hostname: string;
  readonly port: number;
  /** As ssh prints them, with `~` and tokens not expanded. */
  readonly identityFiles: readonly string[];
  /** True if the user configured no identity files, so that this is OpenSSH's built-in list. */
  readonly defaultIdentities: boolean;
  /** Certificates that the user configured, as ssh prints them. */
  readonly certificateFiles: readonly string[];
  /** ssh would log in with Kerberos. */
  readonly gssapi: boolean;
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
/** Limits parallel processes, because a fleet may have thousands of hosts. */
const PROCESSES = 8;
const DEFAULT_IDENTITY = /^~\/\.ssh\/id_(?:rsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss|dsa)$/;

type Answer = Result<OpensshSettings, HostError>;

/** An answer, and the host that it was given for. */
interface Given {
  readonly alias: string;
  readonly answer: Promise<Answer>;
}

/**
 * Runs `ssh -G` once for all hosts that the user's files treat alike, and once for each other query. Without an ssh
 * binary, OpenSSH's defaults apply.
 */
export function createOpenssh(configFile: string | undefined): Openssh {
  const given = new Map<string, Given>();
  const slots = createSlots(PROCESSES);
  const ask = async (query: OpensshQuery): Promise<Answer> => {
    const free = await slots.take();
    try {
      return answerIn(await runSsh(query, configFile), query);
    } finally {
      free();
    }
  };
  let first: Promise<First> | undefined;
  return async (query) => {
    const { alias, user, port } = query;
    const own = first === undefined;
    const begun = (first ??= askFirst(query, configFile));
    const { likenessOf, answer } = await begun;
    const likeness = likenessOf(alias);
    const key = JSON.stringify([likeness === undefined ? { alias } : { likeness }, user, port]);
    const known = given.get(key) ?? {
      alias,
      answer: own && answer !== undefined ? Promise.resolve(answer) : ask(query),
    };
    given.set(key, known);
    return renamed(await known.answer, known.alias, alias);
  };
}

/** A host that has no HostName goes by the name that it was asked about with. */
const renamed = (answer: Answer, from: string, to: string): Answer =>
  answer.ok && answer.value.hostname === from ? ok({ ...answer.value, hostname: to }) : answer;

interface First {
  /** Undefined if ssh has to be asked once more for its own words. */
  readonly answer: Answer | undefined;
  readonly likenessOf: LikenessOf;
}

/** `-v` names the files that ssh reads, wherever it was built to look for them. */
async function askFirst(query: OpensshQuery, configFile: string | undefined): Promise<First> {
  const said = await runSsh(query, configFile, '-v');
  if (said.kind === 'failed') return { answer: undefined, likenessOf: allDiffer };
  const answer = answerIn(said, query);
  if (said.kind === 'missing') return { answer, likenessOf: allAlike };
  const files = [...said.stderr.matchAll(/^debug1: Reading configuration data (.+?)\r?$/gm)].map(
    ([, file = '']) => file,
  );
  if (files.length === 0) return { answer, likenessOf: allDiffer };
  const texts = Promise.all(files.map((file) => readFile(file, 'utf8')));
  return { answer, likenessOf: await texts.then(likenessIn, () => allDiffer) };
}

type Said =
  | { readonly kind: 'said'; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'failed'; readonly why: string }
  /** There is no ssh. */
  | { readonly kind: 'missing' };

function runSsh(query: OpensshQuery, configFile: string | undefined, ...more: readonly string[]): Promise<Said> {
  const args = [
    ...more,
    ...(configFile === undefined ? [] : ['-F', configFile]),
    '-G',
    ...(query.user === undefined ? [] : ['-l', query.user]),
    ...(query.port === undefined ? [] : ['-p', String(query.port)]),
    '--',
    query.alias,
  ];
  return new Promise((resolve) => {
    execFile('ssh', args, { timeout: DEADLINE, maxBuffer: 1024 * 1024, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve({ kind: 'said', stdout, stderr });
      else if (error.code === 'ENOENT') resolve({ kind: 'missing' });
      else if (error.killed === true) resolve({ kind: 'failed', why: `no answer within ${DEADLINE / 1000} s` });
      else resolve({ kind: 'failed', why: oneLine(stderr) || 'it failed without a message' });
    });
  });
}

function answerIn(said: Said, query: OpensshQuery): Answer {
  if (said.kind !== 'failed') return ok(parseOpensshDump(said.kind === 'said' ? said.stdout : '', query));
  const message = `ssh -G ${query.alias}: ${said.why}`;
  return fail(hostError('config', message, 'run this command by hand, then fix ~/.ssh/config'));
}

/** Parses the output of `ssh -G`; OpenSSH's defaults replace missing values. */
export function parseOpensshDump(text: string, query: OpensshQuery): OpensshSettings {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 1) continue;
    const key = line.slice(0, space).toLowerCase();
    values.set(key, [...(values.get(key) ?? []), line.slice(space + 1).trim()]);
  }
  const one = (key: string): string | undefined => values.get(key)?.[0];
  const unlessNone = (key: string): string | undefined => (one(key) === 'none' ? undefined : one(key));
  const home = homedir();
  const userKnownHosts = one('userknownhostsfile');
  const identityFiles = values.get('identityfile') ?? ['rsa', 'ecdsa', 'ed25519'].map((type) => `~/.ssh/id_${type}`);
  return {
    user: one('user') ?? query.user,
    hostname: one('hostname') ?? query.alias,
    port: Number(one('port') ?? query.port ?? 22),
    identityFiles: identityFiles.filter((file) => file !== 'none'),
    defaultIdentities: identityFiles.every((file) => DEFAULT_IDENTITY.test(file)),
    certificateFiles: (values.get('certificatefile') ?? []).filter((file) => file !== 'none'),
    gssapi: one('gssapiauthentication') === 'yes',
    identityAgent: one('identityagent'),
    identitiesOnly: one('identitiesonly') === 'yes',
    hostKeyAlias: unlessNone('hostkeyalias'),
    proxyJump:
      unlessNone('proxyjump')
        ?.split(',')
        .map((hop) => hop.trim()) ?? [],
    proxyCommand: unlessNone('proxycommand'),
    userKnownHosts: splitPaths(
      userKnownHosts === undefined || userKnownHosts === knownHostsIn(passwdHome())
        ? knownHostsIn(home)
        : userKnownHosts,
    ),
    globalKnownHosts: splitPaths(one('globalknownhostsfile') ?? '/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2'),
    revokedHostKeys: unlessNone('revokedhostkeys'),
  };
}

const knownHostsIn = (home: string): string => `${home}/.ssh/known_hosts ${home}/.ssh/known_hosts2`;

/** ssh prints its default below the home of the user database; keys and everything else here are below $HOME. */
function passwdHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    // A user without an entry, as in some containers.
    return homedir();
  }
}

/** ssh prints the list without quotes, so a new path starts at a space before `/` or `~`. */
function splitPaths(list: string): string[] {
  return list.split(/ (?=[/~])/).filter((path) => path !== 'none' && path !== '');
}
