/** Makes an inventory from start to end: found, written, host keys compared, connections tested. For init and the guided mode. */
import type { Fingerprints } from '../inventory/fingerprints.js';
import { choosing, invocation, nextCommand, rememberInvocation } from '../lib/next-command.js';
import { ToolError } from '../lib/errors.js';
import { print, safeText } from '../lib/output.js';
import { hostList } from '../report/host-list.js';
import { checkText } from '../report/inventory-text.js';
import { type CliContext, loadHosts } from './context.js';
import { enrolHostKeys } from './enrol.js';
import {
  type Found,
  chooseContext,
  contextsIn,
  fromAnsible,
  fromContext,
  fromNames,
  usualKubeconfigs,
  withSsh,
} from './init-source.js';
import { askInventory, askToWrite, showNotes } from './init-questions.js';
import type { Answered } from './init-settings.js';
import { clusterNameOf, newInventory, refuseExisting, sshOfFlags, writeInventory } from './new-inventory.js';
import type { Flags } from './options.js';
import { tellWhatToAdd } from './init-notes.js';
import { say } from './say.js';
import { checkInventory } from './verbs/inventory.js';

/**
 * For the guided mode where no inventory is there yet: asks for one, writes it to `flags.inventory`, compares the host keys
 * and tests the connections. False if the person leaves before it is written. Throws ToolError `interrupted` on Ctrl-C.
 */
export async function makeInventory(cli: CliContext): Promise<boolean> {
  if (!(await writeNewInventory(cli))) return false;
  // What the flags of the guided mode chose holds for its later suggestions.
  const given = invocation();
  try {
    const fresh = forNewInventory(cli);
    await enrolAll(fresh, undefined);
    const { result } = await checkInventory(fresh);
    print(process.stderr, safeText(checkText(result.hosts, result.apiServer, fresh.errText)));
    await tellWhatToAdd(fresh, result.hosts);
  } finally {
    rememberInvocation(given);
  }
  return true;
}

/** By flags, or by answers where no flag names a source. False if the person leaves. */
export async function writeNewInventory(cli: CliContext): Promise<boolean> {
  refuseExisting(cli.flags);
  sshOfFlags(cli.flags);
  const made = await foundOrAsked(cli).catch((error: unknown) => {
    if (!(error instanceof ToolError) || error.code !== 'interrupted') throw error;
    throw new ToolError('interrupted', `${error.message} Nothing was written.`, { cause: error });
  });
  if (made === undefined) {
    say('Nothing was written.');
    return false;
  }
  writeInventory(cli.flags, made);
  say(`Wrote ${cli.flags.inventory}.`);
  return true;
}

async function foundOrAsked(cli: CliContext): Promise<string | undefined> {
  const { flags, interactive } = cli;
  const given = await fromFlags(cli);
  if (given !== undefined) {
    showNotes(given.found);
    const text = textOf(cli, given);
    if (flags.yes || !interactive) return text;
    return (await askToWrite(cli, text)) === 'write' ? text : undefined;
  }
  if (flags.yes || !interactive) {
    throw new ToolError('usage', 'init needs to know where your hosts are listed', {
      hint: 'add --from-kubeconfig, --from-ansible FILE or --host NAME; on a terminal, init asks if --yes is not set',
    });
  }
  for (;;) {
    const answered = await askInventory(cli);
    if (answered === undefined) return undefined;
    const text = textOf(cli, answered);
    const next = await askToWrite(cli, text);
    if (next !== 'back') return next === 'write' ? text : undefined;
  }
}

async function fromFlags(cli: CliContext): Promise<Answered | undefined> {
  const { flags } = cli;
  refuseMixed(flags);
  const found = await foundByFlags(cli);
  if (found === undefined) return undefined;
  return { found: withSsh(found, sshOfFlags(flags)), clusterName: clusterNameOf(found, flags.clusterName) };
}

async function foundByFlags(cli: CliContext): Promise<Found | undefined> {
  const { fromKubeconfig: file, context, fromAnsible: ansible, group, host, controlPlane } = cli.flags;
  if (file !== undefined) {
    const files = file === true ? usualKubeconfigs(cli.env) : [file];
    return fromContext(cli, chooseContext(await contextsIn(files), context));
  }
  if (ansible !== undefined) return fromAnsible(ansible, { groups: group, controlPlane });
  return host === undefined && controlPlane === undefined ? undefined : fromNames(controlPlane ?? [], host ?? []);
}

/** One source at a time, and no flag that the source makes nothing of. */
function refuseMixed({ fromKubeconfig, fromAnsible: ansible, host, controlPlane, group }: Flags): void {
  const given = (pairs: readonly (readonly [string, unknown])[]): readonly string[] =>
    pairs.filter(([, value]) => value !== undefined).map(([flag]) => flag);
  const sources = given([
    ['--from-kubeconfig', fromKubeconfig],
    ['--from-ansible', ansible],
    ['--host', host],
  ]);
  const wrong =
    fromKubeconfig !== undefined
      ? given([
          ['--control-plane', controlPlane],
          ['--group', group],
        ])
      : ansible === undefined
        ? given([['--group', group]])
        : [];
  const [first, second] = sources.length > 1 ? sources : [sources[0], wrong[0]];
  if (second !== undefined)
    throw new ToolError('usage', `${first ?? 'init'} and ${second} do not go together`, {
      hint: 'name one source: --from-kubeconfig, --from-ansible with --group, or --host',
    });
}

const textOf = ({ flags }: CliContext, { found, clusterName }: Answered): string =>
  newInventory(flags.inventory, found, clusterName).text;

/** What the inventory has pinned is no longer a flag's. */
export function forNewInventory(cli: CliContext): CliContext {
  const pinned = ['kubeconfig', 'context', 'limit', 'exclude'];
  rememberInvocation(
    choosing(
      invocation(),
      pinned.map((name) => ({ flag: `--${name}`, words: [] })),
    ),
  );
  const left = Object.entries(cli.flags).filter(([name]) => !pinned.includes(name));
  const flags = { ...Object.fromEntries(left), cluster: true, hostKeys: 'strict' } as unknown as Flags;
  return { ...cli, flags };
}

/** Whether all hosts can be reached from now on; what was left out is told with the next command. */
export async function enrolAll(cli: CliContext, listed: Fingerprints | undefined): Promise<boolean> {
  const { inventory: path } = cli.flags;
  const { hosts } = await loadHosts(cli);
  const { added, left } = await enrolHostKeys(cli, hosts, listed).catch((error: unknown) => {
    if (!(error instanceof ToolError) || error.code !== 'interrupted') throw error;
    const hint = `${path} is there; to go on: ${nextCommand('inventory enrol')}`;
    throw new ToolError('interrupted', error.message, { hint, cause: error });
  });
  if (added > 0) say(`${added} host ${added === 1 ? 'key' : 'keys'} added to known_hosts.`);
  if (left.length === 0) return true;
  const how = cli.interactive ? [] : ['--fingerprints', 'FILE'];
  say(
    `! No connection yet to ${hostList(left)}: nobody confirmed their host keys, or those of bastions on the way.\n` +
      `  to confirm them: ${nextCommand('inventory enrol', ...how)}`,
  );
  return false;
}
