/** The generated part of docs/fault-matrix.md on real kubelets: each cell by itself. Pure. */
import { framed, table } from '../written-page.js';
import type { Result } from './cell.js';
import { type Cell, allFaults, nameOf, pointOf } from './matrix.js';
import { type ReportOptions, realMarks, summary } from './report.js';

/** Markdown from one marker to the other, ended by a line feed. */
export function realReportText(results: readonly Result[], options: ReportOptions): string {
  const { kind, cells } = options;
  const byName = new Map(results.map((result) => [result.name, result]));
  const failed = results.filter(({ problems }) => problems.length > 0);
  const versions = [...new Set(results.map(({ version }) => version))].sort().join(', ');
  const what = kind === 'real' ? `Kubelet ${versions}` : `Kind \`${kind}\`, which proves nothing about real kubelets`;
  const lines = [
    ...summary(results, options, what),
    '',
    ...table(
      ['fault', 'what happens', 'point', 'node', 'run > resume', 'files', 'old again after', 'cell'],
      cells.map((cell) => row(cell, byName.get(nameOf(cell)))),
    ),
    '',
    ...failed.map(({ name, problems }) => `- \`${name}\`: ${problems.join('; ')}`),
    ...(failed.length === 0 ? [] : ['']),
  ];
  return framed(realMarks, lines.join('\n'));
}

function row(cell: Cell, result: Result | undefined): string[] {
  const where = [`\`${cell.fault}\``, allFaults[cell.fault].title, pointOf(cell), cell.node];
  if (result === undefined) return [...where, '', '', '', 'not run'];
  const { said, files, revertTook, problems } = result;
  const took = revertTook === undefined ? '' : `${revertTook.toFixed(1)} s`;
  return [...where, said, files, took, problems.length === 0 ? 'green' : '**red**'];
}
