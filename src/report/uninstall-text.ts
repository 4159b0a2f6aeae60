/** The result of an uninstall as text and as an exit code. */
import { type ResultCode, worstOf } from './exit-code.js';
import { type TextOptions, count, paragraph } from './layout.js';
import { uninstallNames } from './schema-parts.js';
import { nextCommand } from '../lib/next-command.js';
import { line } from './words.js';
import type { UninstallOutcome, UninstallResult, Uninstalled } from './model.js';

const whatStays =
  'Hardened settings stay in place, in the files that kubelatch wrote too. Comments in them that mention kubelatch rollback no longer hold: the backups are gone.';

/** One line per host, then how to see the steps of a run that left hosts over, then a summary. Ends with a line feed. */
export function uninstallText(
  { run, hosts, hooks = [] }: Pick<UninstallResult, 'run' | 'hosts' | 'hooks'>,
  { style, width }: TextOptions,
): string {
  const lines = hosts.flatMap(({ host, outcome, reason, hint, backupCount }) => {
    if (outcome === 'removed') {
      return paragraph(
        '+ ',
        `${line(host)}: removed${backupCount === 0 ? '' : `, including the backups of ${count(backupCount, 'run')}`}`,
        width,
      );
    }
    if (outcome === 'nothing') return paragraph('+ ', `${line(host)}: nothing to remove`, width);
    return [
      ...paragraph('! ', `${line(host)}: ${outcome}: ${line(reason ?? '')}`, width).map(style.red),
      ...(hint === undefined ? [] : paragraph('    hint: ', line(hint), width)),
    ];
  });
  const parts = uninstallNames.flatMap((outcome) => {
    const number = hosts.filter((one) => one.outcome === outcome).length;
    return number === 0 ? [] : [`${number} ${outcome === 'nothing' ? 'with nothing to remove' : outcome}`];
  });
  const isDone = hosts.every(({ outcome }) => outcome === 'removed' || outcome === 'nothing');
  const steps =
    run === undefined || isDone ? [] : paragraph('', `To see each step: ${nextCommand('runs show', run.id)}`, width);
  const failed = hooks.filter(({ hook, failure }) => failure !== undefined && hook.startsWith('after'));
  const warnings = failed.flatMap(({ hook, host, wave, failure = '' }) =>
    paragraph('! ', `${line(host ?? `wave ${wave}`)}: the ${hook} hook ${line(failure)}`, width).map(style.yellow),
  );
  const end = paragraph('', `Uninstall: ${parts.join(', ')}`, width).map(style.bold);
  const stays = hosts.some(({ outcome }) => outcome === 'removed') ? paragraph('', whatStays, width) : [];
  return `${[...lines, ...warnings, ...stays, ...steps, ...end].join('\n')}\n`;
}

const codeOf: Readonly<Record<UninstallOutcome, ResultCode>> = {
  removed: 0,
  nothing: 0,
  refused: 1,
  failed: 1,
  unreachable: 3,
  skipped: 4,
};

/** The exit code of the worst outcome. */
export const uninstallCode = (hosts: readonly Uninstalled[]): ResultCode =>
  worstOf(hosts.map(({ outcome }) => codeOf[outcome]));
