/** Refuses settings that cannot hold together, wherever they come from, before anything is read. */
import { existsSync } from 'node:fs';
import { ToolError } from '../lib/errors.js';
import { durationText } from '../lib/duration.js';
import { nextCommand, shellWord } from '../lib/next-command.js';
import type { Flags } from './options.js';

/** Milliseconds that a kubelet takes to restart, at the least. */
const restart = 5000;
/** Milliseconds: a node counts no shorter deadline. */
const shortestDeadline = 10_000;

/** Of plan: a saved plan has in it what they decided. */
const decidesPlan = ['playbook', 'rule', 'moveArguments', 'acceptPendingEdits', 'approveCsrs', 'approver'] as const;
const named: Readonly<Record<(typeof decidesPlan)[number], string>> = {
  playbook: '--playbook',
  rule: '--rule',
  moveArguments: '--move-arguments',
  acceptPendingEdits: '--accept-pending-edits',
  approveCsrs: '--approve-csrs',
  approver: '--no-approver',
};

/** `wasTyped`: by the name of a flag, whether it stood on the command line. Settings in files hold for plans that are made. */
export function checkPlanFlags(plan: string | undefined, wasTyped: (name: string) => boolean): void {
  const flag = plan === undefined ? undefined : decidesPlan.find(wasTyped);
  if (flag === undefined) return;
  throw new ToolError(
    'usage',
    `${named[flag]} cannot change the saved plan ${plan ?? ''}: it holds the edits already`,
    {
      hint: `leave out ${named[flag]} to apply the plan as it was reviewed, or make a new one: ${nextCommand('plan', '--out', 'FILE')}`,
    },
  );
}

const written = { outputFile: '--output-file', out: '--out', logFile: '--log-file' } as const;

const folderOf = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.');

/** A result that has no place is found before any node is asked, not after it. */
export function checkFolders(flags: Partial<Flags>): void {
  for (const [key, flag] of Object.entries(written)) {
    const path = flags[key as keyof typeof written];
    if (path === undefined || folderOf(path).includes('{host}') || existsSync(folderOf(path))) continue;
    throw new ToolError('usage', `${flag} ${path}: no such file or folder`, {
      hint: `make the folder first: mkdir -p ${shellWord(folderOf(path))}`,
    });
  }
}

/** Throws ToolError `usage` with the arithmetic. */
export function checkSettings({ settle, deadline, shard, baseline }: Partial<Flags>): void {
  if (shard !== undefined && baseline !== undefined)
    throw new ToolError('usage', '--shard and --baseline exclude each other: a baseline is of the whole cluster');
  if (settle === undefined || deadline === undefined) return;
  const needed = Math.max(shortestDeadline, restart + settle);
  if (deadline >= needed) return;
  const why =
    needed === shortestDeadline
      ? `a node counts no deadline below ${durationText(shortestDeadline)}`
      : `${durationText(restart)} to restart the kubelet + ${durationText(settle)} to stay Ready (--settle) = ${durationText(needed)}`;
  throw new ToolError('usage', `--deadline ${durationText(deadline)} is too short: ${why}`, {
    hint: `use --deadline ${durationText(needed)} or more${settle > restart ? ', or a shorter --settle' : ''}`,
  });
}
