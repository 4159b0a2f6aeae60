/** How nodes were freed of every trace, for a person and as JSON; and what that is worth to a script. */
import { type ResultCode, worstOf } from './exit-code.js';
import { plainJson } from './json.js';
import { type TextOptions, count, paragraph } from './layout.js';
import { line } from './words.js';

const uninstallOutcomes = ['removed', 'nothing', 'refused', 'failed', 'unreachable', 'skipped'] as const;

export interface Uninstalled {
  readonly name: string;
  /** `nothing`: there was none. */
  readonly outcome: (typeof uninstallOutcomes)[number];
  readonly reason?: string | undefined;
  readonly hint?: string | undefined;
  /** Runs of which the node kept backups. */
  readonly runs: number;
}

/** One line a host, then one that sums up; each trouble has a hint below it. Ends with a line feed. */
export function uninstallText(hosts: readonly Uninstalled[], { style, width }: TextOptions): string {
  const lines = hosts.flatMap(({ name, outcome, reason, hint, runs }) => {
    if (outcome === 'removed') {
      return paragraph(
        '+ ',
        `${line(name)}: removed${runs === 0 ? '' : `, with the backups of ${count(runs, 'run')}`}`,
        width,
      );
    }
    if (outcome === 'nothing') return paragraph('+ ', `${line(name)}: nothing was there`, width);
    return [
      ...paragraph('! ', `${line(name)}: ${outcome}: ${line(reason ?? '')}`, width).map(style.red),
      ...(hint === undefined ? [] : paragraph('    hint: ', line(hint), width)),
    ];
  });
  const parts = uninstallOutcomes.flatMap((outcome) => {
    const number = hosts.filter((host) => host.outcome === outcome).length;
    return number === 0 ? [] : [`${number} ${outcome}`];
  });
  const end = paragraph('', `Uninstall: ${parts.join(', ')}`, width).map(style.bold);
  return `${[...lines, ...end].join('\n')}\n`;
}

/** One object; with `eachLine` one a host. Ends with a line feed. */
export function uninstallJson(
  about: { readonly version: string; readonly cluster: string },
  hosts: readonly Uninstalled[],
  eachLine: boolean,
): string {
  const trees = hosts.map(({ name, outcome, reason, hint, runs }) => ({
    name,
    outcome,
    ...(reason === undefined ? {} : { reason: line(reason) }),
    ...(hint === undefined ? {} : { hint }),
    runs,
  }));
  if (eachLine) return trees.map((tree) => `${plainJson({ event: 'host-result', ...tree })}\n`).join('');
  const summary = Object.fromEntries(
    uninstallOutcomes.map((outcome) => [outcome, hosts.filter((host) => host.outcome === outcome).length]),
  );
  return `${plainJson({ schemaVersion: 1, tool: 'kubelatch', ...about, kind: 'uninstall', hosts: trees, summary }, 2)}\n`;
}

const codeOf: Readonly<Record<Uninstalled['outcome'], ResultCode>> = {
  removed: 0,
  nothing: 0,
  refused: 1,
  failed: 1,
  unreachable: 3,
  skipped: 4,
};

export const uninstallCode = (hosts: readonly Uninstalled[]): ResultCode =>
  worstOf(hosts.map(({ outcome }) => codeOf[outcome]));
