/** Confirmation before nodes change: by a person, by --yes or by a saved plan. Without the API server, only a person or --no-cluster will do. */
import type { Host, Inventory } from '../inventory/host.js';
import { ToolError } from '../lib/errors.js';
import { type Danger, serverDangers } from '../pipeline/dangers.js';
import type { LongestTime } from '../plan/rollout-time.js';
import { hostList } from '../report/host-list.js';
import { paragraph } from '../report/layout.js';
import { line } from '../report/words.js';
import { hookTime } from '../run/hooks.js';
import { noTimeLeft } from '../run/window.js';
import { type Maintenance, maintenanceLines } from './maintenance.js';
import type { CliContext } from './context.js';
import { print, safeText } from '../lib/output.js';
import { say } from './say.js';

/** Refuses before anything is read where there is no terminal to ask on. */
export function requireConfirmation({ flags, interactive }: CliContext, hasPlan: boolean): void {
  if (flags.yes || hasPlan || interactive) return;
  throw new ToolError('usage', 'this needs confirmation, but there is no terminal (or CI is set)', {
    hint: 'add --yes to confirm',
  });
}

export interface Question {
  /** Shown first. */
  readonly text: string | undefined;
  readonly question: string;
  readonly hosts: readonly string[];
  /** What makes it a risky change; undefined without a plan, where it is risky if it changes control-plane nodes. */
  readonly dangers?: readonly Danger[] | undefined;
  /** Why the API server cannot be reached. */
  readonly withoutCluster: string | undefined;
  /** What the host that starts first can need at most, besides its hooks; undefined where no host changes. */
  readonly needs?: LongestTime | undefined;
  /** The API server is needed for the run lock alone, and for no check. */
  readonly lockOnly?: boolean;
  /** Confirmed already, by --yes or by a saved plan. */
  readonly agreed: boolean;
}

export async function askToChange(
  cli: CliContext,
  { inventory }: { readonly inventory: Inventory },
  { text, question, hosts, dangers, withoutCluster, needs, lockOnly = false, agreed }: Question,
): Promise<boolean> {
  const { flags, progress, prompts, errText } = cli;
  await progress.stop();
  if (withoutCluster !== undefined && flags.cluster && agreed)
    throw lockOnly ? lockUnavailable(withoutCluster) : checksUnavailable(withoutCluster);
  if (text !== undefined && !agreed) say(text);
  // A run that was confirmed before ends with a result for each host instead.
  if (!agreed && needs !== undefined) refuseForWindow(cli.maintenance, needs);
  for (const told of maintenanceLines(cli.maintenance)) say(told);
  if (agreed) return true;
  if (withoutCluster !== undefined) {
    print(
      process.stderr,
      safeText(
        errText.style.yellow(
          `! Working without the API server: ${withoutCluster}. ${lockOnly ? '' : 'Node leases, Ready and configz will not be checked. '}Other runs will not be locked out.\n`,
        ),
      ),
    );
  }
  const risks = dangers ?? serverDangers(serversAmong(inventory.hosts, hosts));
  if (risks.length === 0) return prompts.confirm(question).catch(cancelled);
  say('This change is risky:');
  for (const danger of risks) say(dangerText(danger, errText.width));
  const { name } = inventory.cluster;
  return prompts.typeToConfirm(name, `${question} Type ${name} to confirm, or press Enter to cancel:`).catch(cancelled);
}

/** A danger as lines of at most `width` columns. */
export function dangerText({ because, names }: Danger, width: number): string {
  const about = names.length === 0 ? because : `${because}: ${line(hostList(names, 4))}`;
  return paragraph('  ! ', about, width).join('\n');
}

function serversAmong(all: readonly Host[], names: readonly string[]): readonly string[] {
  const named = new Set(names);
  return all.filter(({ name, role }) => role === 'control-plane' && named.has(name)).map(({ name }) => name);
}

/** Throws ToolError `plan`: nobody should confirm a run that cannot start a host. */
function refuseForWindow(maintenance: Maintenance, needs: LongestTime): void {
  const why = noTimeForHost(maintenance, needs);
  if (why !== undefined) throw new ToolError('plan', why, { hint: 'nothing was changed; use a later --until' });
}

/** Why no host can start before the window ends; undefined while one can. */
export const noTimeForHost = ({ window, hooks }: Maintenance, needs: LongestTime): string | undefined =>
  noTimeLeft(window, needs, hookTime(hooks));

/** The error where the API server cannot be reached and nobody agreed to go without its checks. */
export const checksUnavailable = (why: string, unchanged = 'nothing was changed'): ToolError =>
  new ToolError('cluster', `the API server cannot be reached, so changes could not be verified: ${why}`, {
    hint: `${unchanged}; fix access to the API server, or add --no-cluster to skip its checks`,
  });

const lockUnavailable = (why: string): ToolError =>
  new ToolError('cluster', `the API server cannot be reached, so other runs could not be locked out: ${why}`, {
    hint: 'nothing was changed; fix access to the API server, or add --no-cluster to run without the lock',
  });

function cancelled(error: unknown): never {
  if (!(error instanceof ToolError) || error.code !== 'interrupted') throw error;
  throw new ToolError('interrupted', `${error.message} Nothing was changed.`, { cause: error });
}
