/** Signs files and verifies signatures with the user's `ssh-keygen -Y`. The content goes to its stdin, without a shell. */
import { execFile } from 'node:child_process';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';

/** The signature's namespace: a signature for a mail or a commit must not count for a plan. */
const signatureNamespace = 'kubelatch-plan';

/** Paths of the files that define who may sign. */
export interface Signers {
  /** See ALLOWED SIGNERS in ssh-keygen(1). */
  readonly allowed: string;
  /** Revoked keys: a KRL, or one public key per line. */
  readonly revoked: string | undefined;
}

/** A valid signature: the fingerprint of its key, and the names of that key in the signers' file. */
export interface VerifiedSignature {
  readonly key: string;
  readonly names: readonly string[];
}

/** Verifies the signature file `signature` for `content`. The error is one line with the reason. */
export async function verifySignature(
  content: Buffer,
  signature: string,
  { allowed, revoked }: Signers,
): Promise<Result<VerifiedSignature, string>> {
  const found = await keygen(['-Y', 'find-principals', '-s', signature, '-f', allowed]);
  if (found.missing) return fail(notInstalled);
  const listed = found.stdout.split('\n').filter((line) => line !== '');
  if (found.code !== 0 || listed.length === 0) return fail(notListedReason(found.stderr));
  const names: string[] = [];
  let key: string | undefined;
  let last = found;
  // Only `verify` counts: the signature file may have changed since find-principals.
  for (const name of listed.slice(0, maxNames)) {
    const revocation = revoked === undefined ? [] : ['-r', revoked];
    const about = ['-f', allowed, '-I', name, '-n', signatureNamespace, '-s', signature];
    last = await keygen(['-Y', 'verify', ...about, ...revocation], content);
    const [, by] = /^Good "kubelatch-plan" signature .*key (SHA256:\S+)$/m.exec(last.stdout) ?? [];
    if (last.code !== 0 || by === undefined || (key !== undefined && key !== by)) continue;
    key = by;
    names.push(oneLine(name));
  }
  return key === undefined ? fail(notVerifiedReason(last.stderr, revoked)) : ok({ key, names });
}

/** Signs `content` with the key file `key`. ssh-keygen or the agent asks for a passphrase if the key has one. */
export async function sign(content: Buffer, key: string): Promise<Result<string, string>> {
  const made = await keygen(['-Y', 'sign', '-n', signatureNamespace, '-f', key], content, signTimeout);
  if (made.missing) return fail(notInstalled);
  const isMade = made.code === 0 && made.stdout.startsWith('-----BEGIN SSH SIGNATURE-----');
  return isMade ? ok(made.stdout) : fail(`ssh-keygen could not sign: ${quoteStderr(made.stderr)}`);
}

/** Names tried for one key. */
const maxNames = 16;
const answerTimeout = 10_000;
/** Milliseconds; the user may have to type a passphrase or touch a security key. */
const signTimeout = 120_000;
const notInstalled = 'ssh-keygen was not found: install OpenSSH 8.2 or later';

const quoteStderr = (stderr: string): string => oneLine(stderr.trim()).slice(0, 300) || 'no reason given';

function notListedReason(stderr: string): string {
  const more = stderr.replace(/^No principal matched\.\s*$/m, '').trim();
  if (more === '') return 'its key is not among the allowed signers';
  return /expired|not yet valid/i.test(more)
    ? `its key is not valid now: ${quoteStderr(more)}`
    : `it is not a readable signature: ${quoteStderr(more)}`;
}

function notVerifiedReason(stderr: string, revoked: string | undefined): string {
  if (/namespace/i.test(stderr)) return `it was made for another purpose: sign with -n ${signatureNamespace}`;
  if (/incorrect signature/i.test(stderr))
    return 'it does not match this plan: the plan was changed, or the signature is for another plan';
  if (/expired|not yet valid/i.test(stderr)) return `its key is not valid now: ${quoteStderr(stderr)}`;
  if (revoked !== undefined && !/error|cannot|no such/i.test(stderr)) return 'its key is revoked';
  return `it could not be verified: ${quoteStderr(stderr)}`;
}

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** ssh-keygen is not installed. */
  readonly missing: boolean;
}

function keygen(args: readonly string[], input: Buffer | '' = '', timeout = answerTimeout): Promise<Answer> {
  const options = { timeout, killSignal: 'SIGKILL', maxBuffer: 1024 * 1024, encoding: 'utf8' } as const;
  return new Promise((resolve) => {
    const child = execFile('ssh-keygen', args, options, (error, stdout, stderr) => {
      const late = error?.killed === true ? `no answer within ${timeout / 1000} s` : stderr;
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr: late, missing: error?.code === 'ENOENT' });
    });
    // ssh-keygen may exit before it reads all input; its stderr has the reason.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
