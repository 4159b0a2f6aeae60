/** `kubelatch init` makes an inventory; `kubelatch inventory enrol` compares the host keys of one that is there. */
import { nextCommand } from '../../lib/next-command.js';
import { print, safeText } from '../../lib/output.js';
import type { CheckedLogin } from '../../report/check-model.js';
import type { CliContext } from '../context.js';
import { readFingerprintFile } from '../enrol.js';
import { tellWhatToAdd } from '../init-notes.js';
import { enrolAll, forNewInventory, writeNewInventory } from '../make-inventory.js';
import { writeOut } from '../write-out.js';
import { checkInventory } from './inventory.js';

/** Exit 3 if a host cannot be used yet, or if the API server does not answer. */
export async function initVerb(cli: CliContext): Promise<number> {
  const { fingerprints, check } = cli.flags;
  // A mistake in the list is told before anything is written.
  const listed = fingerprints === undefined ? undefined : await readFingerprintFile(fingerprints);
  if (!(await writeNewInventory(cli))) return 0;
  const fresh = forNewInventory(cli);
  if (check === false) {
    await tellWhatToAdd(fresh, []);
    next(nextCommand('inventory enrol'));
    return 0;
  }
  return enrolAndCheck(fresh, listed, (hosts) => tellWhatToAdd(fresh, hosts));
}

export async function enrolVerb(cli: CliContext): Promise<number> {
  const { fingerprints } = cli.flags;
  const listed = fingerprints === undefined ? undefined : await readFingerprintFile(fingerprints);
  return enrolAndCheck(cli, listed);
}

async function enrolAndCheck(
  cli: CliContext,
  listed: Parameters<typeof enrolAll>[1],
  tell: (hosts: readonly CheckedLogin[]) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const isProved = await enrolAll(cli, listed);
  const { result, isReady } = await checkInventory(cli);
  await writeOut(cli, result);
  await tell(result.hosts);
  if (isProved) next(nextCommand(isReady ? 'audit' : 'inventory check'));
  return isReady ? 0 : 3;
}

const next = (command: string): void => print(process.stderr, safeText(`next: ${command}\n`));
