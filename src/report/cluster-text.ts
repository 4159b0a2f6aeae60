/** What was found about the cluster, as text: what fails with its evidence and its fix; with `wide` everything. */
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import { manyLines } from '../lib/sanitize.js';
import { redact } from '../lib/redact.js';
import { groupBy } from './group.js';
import { type TextOptions, paragraph } from './layout.js';
import { line, severityOrder } from './words.js';

/** The lines of the section; empty where there is nothing to tell. */
export function clusterText(findings: readonly ClusterFinding[], options: TextOptions): string[] {
  const shown = findings
    .filter(({ status }) => options.wide === true || status === 'fail' || status === 'unknown')
    .toSorted((one, other) => severityOrder[one.severity] - severityOrder[other.severity]);
  if (shown.length === 0) return [];
  const groups = groupBy(shown, ({ rule, status, severity, message, fix }) =>
    JSON.stringify([rule, status, severity, message, fix]),
  );
  return [options.style.bold('Cluster'), ...groups.flatMap((group) => groupLines(group, options))];
}

/** Objects, and lines of evidence, that are told of one group; with `wide` all of them. */
const mostShown = 5;

function groupLines(group: readonly ClusterFinding[], { style, width, wide }: TextOptions): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const { rule, severity, status, message, fix } = first;
  const most = wide === true ? Infinity : mostShown;
  const objects = group.flatMap(({ object }) => object ?? []);
  const evidence = group.flatMap((one) => one.evidence);
  const paint =
    status !== 'fail' ? style.dim : severity === 'critical' || severity === 'high' ? style.red : style.yellow;
  const label = status === 'fail' ? severity : status;
  const more = objects.length > most ? ` and ${objects.length - most} more` : '';
  const named = objects.slice(0, most).map((one) => line(one));
  const about = named.length === 0 ? line(rule) : `${line(rule)}: ${named.join(', ')}${more}`;
  return [
    ...paragraph('', `${label}  ${about}`, width).map(paint),
    ...paragraph('    ', line(message, 600), width),
    ...evidence
      .slice(0, most)
      .flatMap((one) => paragraph('    seen: ', line(one), width))
      .map(style.dim),
    ...fixLines(fix, width),
  ];
}

/** Lines of a file or a command are shown as they are. */
function fixLines(fix: string, width: number): string[] {
  if (fix === '') return [];
  const [first = '', ...more] = redact(manyLines(fix, Infinity)).trimEnd().split('\n');
  return [...paragraph('    fix: ', first, width), ...more.map((one) => `      ${one}`)];
}
