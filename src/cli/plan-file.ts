/** Saved plans as files: writes one with its digest and signature; reads one only if it passes every required proof. */
import { open, readdir, writeFile } from 'node:fs/promises';
import { closing } from '../lib/closing.js';
import { digestOf } from '../lib/digest.js';
import { ToolError, fileErrorOf, messageOf } from '../lib/errors.js';
import { folderAndName } from '../lib/paths.js';
import type { GivenPlan } from '../pipeline/apply.js';
import { type SavedPlan, readSavedPlan, writeSavedPlan } from '../plan/saved-plan.js';
import { peopleOf } from '../plan/signed-by.js';
import { type VerifiedSignature, verifySignature, sign } from '../ssh/ssh-keygen.js';
import type { Flags } from './options.js';
import { readTrusted } from './trusted-file.js';
import type { CliContext } from './context.js';
import { nextCommand } from '../lib/next-command.js';

const unchanged = 'nothing was changed; ';

/** Throws ToolError `usage` where flags require proofs of a plan, but no plan or no file of signers is given. */
export function checkProofFlags(flags: Flags, path: string | undefined): void {
  const { digest, signers, signatures, signature, revokedSigners } = flags;
  const needsSigners = signatures !== undefined || signature !== undefined || revokedSigners !== undefined;
  if (signers === undefined && needsSigners) {
    throw new ToolError('usage', 'checking signatures needs a file of allowed signers', { hint: 'add --signers FILE' });
  }
  if (path !== undefined || (signers === undefined && digest === undefined)) return;
  const what =
    signers === undefined ? '--digest needs a saved plan' : `--signers ${signers} needs a saved and signed plan`;
  throw new ToolError('usage', `${what}, but no plan file was given`, {
    hint: `make one: ${nextCommand('plan', '--out', 'FILE')}; get it signed if required, then: ${nextCommand('apply', 'FILE')}`,
  });
}

/** Reads the plan's bytes once, so that the bytes checked are the bytes applied. Throws ToolError. */
export async function readPlanFile({ flags, progress }: CliContext, path: string): Promise<GivenPlan> {
  const content = await readTrusted(path, 'the plan');
  const digest = digestOf(content);
  if (flags.digest !== undefined && flags.digest !== digest) {
    throw new ToolError('plan', `${path} has the digest ${digest}, but --digest requires ${flags.digest}`, {
      hint: `${unchanged}find out who changed the file, or make a new plan`,
    });
  }
  const signers = flags.signers === undefined ? undefined : await verifiedSigners(flags, flags.signers, path, content);
  const plan = readSavedPlan(path, content.toString('utf8'));
  if (signers !== undefined) progress.print(`${path} is signed by ${signers.join(' and ')}.`);
  return { plan, file: { digest, signers } };
}

async function verifiedSigners(
  flags: Flags,
  allowed: string,
  path: string,
  content: Buffer,
): Promise<readonly string[]> {
  // Whoever can write these files could sign as anyone.
  await readTrusted(allowed, 'the file of allowed signers');
  if (flags.revokedSigners !== undefined) await readTrusted(flags.revokedSigners, 'the file of revoked signers');
  const files = flags.signature ?? (await signaturesBeside(path));
  const verified: VerifiedSignature[] = [];
  for (const file of files) {
    const one = await verifySignature(content, file, { allowed, revoked: flags.revokedSigners });
    if (!one.ok)
      throw new ToolError('plan', `${path}: the signature ${file} is rejected: ${one.error}`, { hint: toSign });
    verified.push(one.value);
  }
  const people = peopleOf(verified);
  const wanted = flags.signatures ?? 1;
  if (people.length >= wanted) return people;
  const by = people.length === 0 ? 'is not signed' : `is signed only by ${people.join(' and ')}`;
  const required = `${wanted} ${wanted === 1 ? 'person' : 'different people'} must sign it`;
  throw new ToolError('plan', `${path} ${by}; ${required}`, { hint: toSign });
}

const toSign = `${unchanged}to sign it: ssh-keygen -Y sign -n kubelatch-plan -f KEY <PLAN >PLAN.NAME.sig`;

/** PLAN.sig and PLAN.NAME.sig in the plan's folder. */
async function signaturesBeside(path: string): Promise<readonly string[]> {
  const { folder, name } = folderAndName(path);
  const names = await readdir(folder).catch(() => []);
  const isSignature = (one: string): boolean => one.startsWith(`${name}.`) && one.endsWith('.sig');
  return names
    .filter(isSignature)
    .sort()
    .map((one) => `${folder}/${one}`);
}

/** Prints the digest on stderr. The plan holds whole configuration files, so only its owner may read it. */
export async function savePlan(
  { flags, progress }: CliContext,
  path: string,
  plan: SavedPlan,
): Promise<{ readonly path: string; readonly digest: string }> {
  const text = writeSavedPlan(plan);
  // Fail now rather than when it is applied.
  readSavedPlan(path, text);
  const content = Buffer.from(text);
  await writePrivate(path, content);
  const digest = digestOf(content);
  progress.print(`Saved ${path}, ${digest}`);
  if (flags.sign !== undefined) await signPlan(path, content, flags.sign);
  return { path, digest };
}

async function writePrivate(path: string, content: Buffer): Promise<void> {
  try {
    await closing(await open(path, 'w', 0o600), async (file) => {
      // An existing file would keep its mode.
      if ((await file.stat()).isFile()) await file.chmod(0o600);
      await file.writeFile(content);
    });
  } catch (error) {
    throw new ToolError('usage', `--out ${path}: ${fileErrorOf(error)}`, { cause: error });
  }
}

async function signPlan(path: string, content: Buffer, key: string): Promise<void> {
  const made = await sign(content, key);
  if (!made.ok) {
    const hint = `the plan was saved; to sign it: ssh-keygen -Y sign -n kubelatch-plan -f ${key} ${path}`;
    throw new ToolError('usage', `--sign ${key}: ${made.error}`, { hint });
  }
  await writeFile(`${path}.sig`, made.value).catch((error: unknown) => {
    throw new ToolError('usage', `--sign: ${path}.sig: ${messageOf(error)}`, { cause: error });
  });
}
