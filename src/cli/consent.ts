/** Who says yes before nodes are changed: a person, --yes, or a saved plan; and never without the API server by itself. */
import type { Host, Inventory } from '../inventory/host.js';
import { ToolError } from '../lib/errors.js';
import { hostList } from '../report/host-list.js';
import type { World } from './world.js';

/** Without a terminal nobody can be asked: refused before anything is read. */
export function refuseUnasked({ flags, interactive }: World, hasPlan: boolean): void {
  if (flags.yes || hasPlan || interactive) return;
  throw new ToolError('usage', 'nobody can be asked here (no terminal, or CI is set)', {
    hint: 'add --yes, or apply a saved plan',
  });
}

export interface Question {
  /** Shown first. */
  readonly text: string | undefined;
  readonly question: string;
  readonly hosts: readonly string[];
  /** Why the API server cannot be asked. */
  readonly withoutCluster: string | undefined;
  /** Nothing is to be proved: the API server is asked for the run lock alone. */
  readonly lockOnly?: boolean;
  /** Said already, by --yes or by a saved plan. */
  readonly agreed: boolean;
}

export async function askToChange(
  world: World,
  { inventory }: { readonly inventory: Inventory },
  { text, question, hosts, withoutCluster, lockOnly = false, agreed }: Question,
): Promise<boolean> {
  const { flags, progress, prompts, errText } = world;
  await progress.stop();
  if (withoutCluster !== undefined && flags.cluster && agreed)
    throw lockOnly ? unlocked(withoutCluster) : unproved(withoutCluster);
  if (agreed) return true;
  if (text !== undefined) process.stderr.write(`${text}\n`);
  if (withoutCluster !== undefined) {
    process.stderr.write(
      errText.style.yellow(
        `! Without the API server (${withoutCluster}): ${lockOnly ? '' : 'lease, Ready and configz are not checked, and '}the cluster is not locked for other runs.\n`,
      ),
    );
  }
  const named = new Set(hosts);
  const servers = inventory.hosts.filter((host: Host) => host.role === 'control-plane' && named.has(host.name));
  if (servers.length === 0) return prompts.confirm(question).catch(withComfort);
  process.stderr.write(`Control-plane nodes are among them: ${hostList(servers.map((host) => host.name))}.\n`);
  return prompts.typeToConfirm(inventory.cluster.name, question).catch(withComfort);
}

/** Why nothing is changed without the API server where nobody agreed to that. */
export const unproved = (why: string, unchanged = 'nothing was changed'): ToolError =>
  new ToolError('cluster', `the API server cannot be asked, so that no change could be proved healthy: ${why}`, {
    hint: `${unchanged}; mend the access, or say --no-cluster to go without those checks`,
  });

const unlocked = (why: string): ToolError =>
  new ToolError('cluster', `the API server cannot be asked, so that other runs could not be kept out: ${why}`, {
    hint: 'nothing was changed; mend the access, or say --no-cluster to go without the lock',
  });

function withComfort(error: unknown): never {
  if (!(error instanceof ToolError) || error.code !== 'interrupted') throw error;
  throw new ToolError('interrupted', error.message, { hint: 'nothing was changed', cause: error });
}
