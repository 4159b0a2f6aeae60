/** Network policies as text: the objects as YAML on stdout; findings, limits and changes for a person. */
import { manifestsText } from '../netpol/manifest-text.js';
import type { Limit } from '../netpol/model.js';
import { clusterText } from './cluster-text.js';
import { type TextOptions, paragraph } from './layout.js';
import type { NetpolChange, NetpolResult } from './netpol-model.js';
import { line } from './words.js';

/** The policy for a file or a pipe; after `--apply` and `remove` what was done. Ends with a line feed. */
export function netpolText(result: NetpolResult, options: TextOptions): string {
  const { policy, manifests, files, changes } = result;
  if (policy === undefined && changes.length === 0) return 'There are no policies of kubelatch in this cluster.\n';
  if (changes.length > 0) return `${changes.flatMap((one) => changeLines(one, options)).join('\n')}\n`;
  if (files.length === 0) return manifestsText(manifests);
  return files.map(({ path, text }) => `# ${path}\n${text}`).join('\n');
}

function changeLines({ object, outcome, reason, hint }: NetpolChange, { style, width }: TextOptions): string[] {
  const isBad = outcome === 'failed' || outcome === 'skipped';
  const why = reason === undefined ? '' : `: ${line(reason)}`;
  const told = paragraph(isBad ? '! ' : '+ ', `${line(object)} ${outcome}${why}`, width);
  return [
    ...(isBad ? told.map(style.yellow) : told),
    ...(hint === undefined ? [] : paragraph('    hint: ', line(hint), width)),
  ];
}

const titles: Readonly<Record<Limit['kind'], string>> = {
  'cuts-off': 'It also cuts off:',
  'does-not-reach': 'It does not reach:',
  needs: 'It needs:',
};

/** What a person has to know before using the policy: what was found, and what it does not do. Ends with a line feed. */
export function netpolNotes({ policy, limits, clusterFindings }: NetpolResult, options: TextOptions): string {
  const { style, width } = options;
  const found = clusterText(clusterFindings, { ...options, wide: true, width });
  const sections = (Object.keys(titles) as Limit['kind'][]).flatMap((kind) => {
    const own = limits.filter((one) => one.kind === kind);
    if (own.length === 0) return [];
    return [style.bold(titles[kind]), ...own.flatMap(({ text }) => paragraph('  - ', text, width))];
  });
  return `${[...found, `Policy: ${policy ?? 'none'}`, ...sections].join('\n')}\n`;
}

/** The diffs of a dry run, before the question. */
export const netpolDiffs = (changes: readonly NetpolChange[]): string =>
  changes
    .filter(({ diff }) => diff !== '')
    .map(({ diff }) => diff)
    .join('\n');
