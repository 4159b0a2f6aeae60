/** Writes inventory.yaml from hosts that were found, and proves that it is read again as the same hosts. */
import { lstatSync } from 'node:fs';
import type { DraftSsh } from '../inventory/draft.js';
import { loadInventory } from '../inventory/load.js';
import type { Inventory } from '../inventory/host.js';
import { clusterNameFault } from '../inventory/schema.js';
import { jumpFault, localPath, pathFault, userFault } from '../inventory/syntax.js';
import { inventoryYaml } from '../inventory/write.js';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { replaceResult, safeText } from '../lib/output.js';
import type { Flags } from './options.js';
import type { Found } from './init-source.js';

/** Refuses a path that is taken before anything is asked. Throws ToolError `usage`. */
export function refuseExisting({ inventory: path, force }: Flags): void {
  if (path === '-') throw new ToolError('usage', 'init writes a file: -i - is not possible', { hint: 'use -i FILE' });
  if (force === true || lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new ToolError('usage', `${path} exists`, {
    hint: 'use -i with another file, or add --force to replace it',
  });
}

/** What the flags set for all hosts. Throws ToolError `usage` for a value that no inventory can hold. */
export function sshOfFlags({ sshUser, jump, knownHosts }: Flags): DraftSsh {
  const checked = <T extends string>(flag: string, value: T, check: (text: string) => string | undefined): T => {
    const fault = check(value);
    if (fault !== undefined) throw new ToolError('usage', `${flag}: ${fault}`);
    return value;
  };
  return {
    ...(sshUser === undefined ? {} : { user: checked('--ssh-user', sshUser, userFault) }),
    ...(jump === undefined ? {} : { jump: jump.map((hop) => checked('--jump', hop, jumpFault)) }),
    ...(knownHosts === undefined ? {} : { knownHostsFile: absolute(checked('--known-hosts', knownHosts, pathFault)) }),
  };
}

/** A path in an inventory starts at the inventory's folder, one in a flag where the program is started. */
const absolute = (path: string): string => (path.startsWith('~') ? path : localPath(path, '-'));

/** A name that is taken for a cluster: the one that was found, as far as it can be typed. */
export function clusterNameOf({ cluster }: Found, given: string | undefined): string {
  if (given !== undefined) {
    const fault = clusterNameFault(given);
    if (fault !== undefined) throw new ToolError('usage', `--cluster-name ${JSON.stringify(given)} ${fault}`);
    return given;
  }
  const plain = (cluster.name ?? '').replace(/[^A-Za-z0-9._@:/-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain.slice(0, 253) || 'my-cluster';
}

/** The text, and what is read from it. Throws ToolError `usage` if no host is left, and `inventory` if it is no inventory. */
export function newInventory(
  path: string,
  found: Found,
  name: string,
): { readonly text: string; readonly inventory: Inventory } {
  if (found.hosts.length === 0)
    throw new ToolError('usage', 'no host is left for the inventory', { hint: 'nothing was written' });
  const about = [
    ...found.about,
    'inventory.example.yaml of kubelatch explains every key.',
    'To test the connections: kubelatch inventory check',
  ];
  const cluster = { ...found.cluster, name };
  const text = inventoryYaml({ about, cluster, hosts: found.hosts });
  const inventory = loadInventory(path, text);
  if (inventory.hosts.length !== found.hosts.length)
    throw new ToolError('internal', `${inventory.hosts.length} of ${found.hosts.length} hosts would be written`);
  return { text, inventory };
}

/** By one rename. Throws ToolError `usage` if the file is there by now, or cannot be written. */
export function writeInventory(flags: Flags, text: string): void {
  refuseExisting(flags);
  try {
    replaceResult(flags.inventory, safeText(text));
  } catch (error) {
    throw new ToolError('usage', `${flags.inventory}: ${fileErrorOf(error)}`, {
      hint: 'nothing was written',
      cause: error,
    });
  }
}
