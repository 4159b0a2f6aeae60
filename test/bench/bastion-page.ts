/** The section of docs/performance.md about bastions, and its place in the page. Pure. */
import { count, table } from '../written-page.js';
import type { BastionRun } from './bastion-rig.js';

export interface BastionFigures {
  readonly command: string;
  /** As `2026-11-23`. */
  readonly date: string;
  readonly version: string;
  /** Of the servers, as `OpenSSH_9.2p1`. */
  readonly openssh: string;
  readonly runs: readonly BastionRun[];
}

const title = '## Behind a bastion';
const next = '## How it is measured';

export function bastionSection({ command, date, version, openssh, runs }: BastionFigures): string {
  const lost = runs.reduce((sum, run) => sum + run.lost, 0);
  const hosts = runs.reduce((sum, run) => sum + run.hosts, 0);
  const penalties = /^OpenSSH_(\d+)\.(\d+)/.exec(openssh);
  const [major = 0, minor = 0] = penalties?.slice(1).map(Number) ?? [];
  return [
    title,
    '',
    'One audit over bastions that are real sshds with default limits (`MaxStartups 10:30:100`). The hosts are addresses of one',
    'more sshd with the same limits, which drops what as many machines would take. It answers with what a node once said.',
    '',
    `- **Run**: \`${command}\`, ${date}, kubelatch ${version}, ${openssh}`,
    `- **Lost**: ${lost === 0 ? `none of ${count(hosts)}` : `**${count(lost)}** of ${count(hosts)}`} hosts have no judgement`,
    ...(major > 9 || (major === 9 && minor >= 8)
      ? []
      : ['- **Not measured**: `PerSourcePenalties`, which OpenSSH has from 9.8']),
    '',
    ...table(
      ['bastion', 'hosts', 'at once', 'lost', 'time s', 'logins at the bastion', 'tried again'],
      runs.map((run) => [
        ...[run.what, count(run.hosts), count(run.parallel), count(run.lost)],
        ...[run.wall.toFixed(1), count(run.bastionLogins), count(run.retries)],
      ]),
    ),
    '',
    '`tried again`: connections that a server dropped before the login, and those that a broken bastion took along.',
    '',
  ].join('\n');
}

/** The section of a page; '' without one. */
export function bastionSectionOf(page: string): string {
  const from = page.indexOf(`${title}\n`);
  const to = page.indexOf(`${next}\n`);
  return from < 0 || to < from ? '' : page.slice(from, to);
}

/** The page with this section in the place of its own; without a section it stays as it is. */
export function withBastionSection(page: string, section: string): string {
  if (section === '') return page;
  const own = bastionSectionOf(page);
  return page.replace(own === '' ? `${next}\n` : `${own}${next}\n`, () => `${section.trimEnd()}\n\n${next}\n`);
}
