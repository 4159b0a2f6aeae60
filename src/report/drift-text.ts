/** Drift as text: what changed since the baseline, the worst first, and a line that counts. */
import { type Drift, type DriftSide, type FindingChange, type FindingDrift, hostChanges } from './drift-model.js';
import { groupBy } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, count, paragraph } from './layout.js';
import type { Paint } from './style.js';
import { type Column, type Row, table } from './table.js';
import { momentText } from './time.js';
import { line, sourceText, valueText } from './words.js';

/** The lines of the section; empty without a baseline. */
export function driftText(drift: Drift | undefined, options: TextOptions): string[] {
  if (drift === undefined) return [];
  const { style, width } = options;
  const { baseline } = drift;
  const title = `Drift since ${momentText(baseline.finishedAt)} UTC (${line(baseline.path)})`;
  return [
    ...paragraph('', title, width).map(style.bold),
    ...findingLines(drift.findings, options),
    ...hostLines(drift, options),
    ...paragraph('', countLine(drift), width).map(drift.drifted ? style.red : style.green),
  ];
}

function findingLines(findings: readonly FindingDrift[], options: TextOptions): string[] {
  const { style, width } = options;
  const wide = options.wide === true;
  const columns: Column[] = [
    { header: 'CHANGE', overflow: 'keep' },
    { header: 'RULE', overflow: 'keep' },
    { header: 'BEFORE' },
    { header: 'NOW' },
    { header: 'HOSTS', overflow: 'wrap' },
  ];
  const groups = groupBy(findings, (one) =>
    JSON.stringify([
      one.change,
      one.rule,
      one.subject,
      one.host === undefined,
      ...[one.before, one.after].map(sideKey),
    ]),
  );
  const rows = groups.flatMap((group): Row[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { change, rule, subject, host, before, after } = first;
    const hosts = group.flatMap((one) => one.host ?? []);
    const names = host === undefined ? '(cluster)' : wide ? compress(hosts).join(',') : hostList(hosts);
    const cells = [
      { text: change, paint: paintOf(change, options) },
      line(rule),
      sideText(before, host),
      sideText(after, host),
      names,
    ];
    const about = [subject === undefined ? '' : line(subject), sourcesText(first)].filter((text) => text !== '');
    return [{ cells, below: about.flatMap((text) => paragraph('    ', text, width).map(style.dim)) }];
  });
  return table(columns, rows, width);
}

const sideKey = (side: DriftSide | undefined): unknown => [side?.status, side?.got, sourceText(side?.source)];

/** The value of a failing finding, else its status. Words about the cluster are too long for a cell. */
function sideText(side: DriftSide | undefined, host: string | undefined): string {
  if (side === undefined) return '-';
  return side.status === 'fail' && host !== undefined ? `fail: ${valueText(side)}` : side.status;
}

function sourcesText({ before, after }: FindingDrift): string {
  const [old, now] = [sourceText(before?.source), sourceText(after?.source)];
  if (old === now || old === '' || after?.status !== 'fail' || before?.status !== 'fail') return now === '' ? old : now;
  return `${old} -> ${now === '' ? '?' : now}`;
}

const paintOf = (change: FindingChange, { style }: TextOptions): Paint =>
  change === 'fixed' ? style.green : change === 'new' ? style.red : style.yellow;

const hostWords = {
  new: 'not in the baseline',
  gone: 'in the baseline, and not in the inventory any more',
  unread: 'judged in the baseline, and not now',
  read: 'judged now, and not in the baseline',
} as const;

function hostLines({ hosts }: Drift, { style, width }: TextOptions): string[] {
  return hostChanges.flatMap((change) => {
    const own = hosts.filter((one) => one.change === change);
    if (own.length === 0) return [];
    const paint = own.some(({ drifted }) => drifted) ? style.yellow : style.dim;
    return paragraph(`${hostWords[change]}: `, hostList(own.map(({ host }) => host)), width).map(paint);
  });
}

function countLine({ drifted, summary, hosts }: Drift): string {
  const { findings } = summary;
  const changed = (['new', 'changed', 'unverified', 'gone', 'fixed'] as const)
    .filter((change) => findings[change] > 0)
    .map((change) => `${findings[change]} ${change}`);
  const lost = hosts.filter((one) => one.drifted).length;
  const parts = [...changed, `${findings.unchanged} unchanged`, ...(lost === 0 ? [] : [`${count(lost, 'host')} lost`])];
  return `${drifted ? 'Drift' : 'No drift'}: ${parts.join(', ')}`;
}
