/** An audit as OpenMetrics text. Gauges alone, without times of samples: node_exporter's textfile collector takes nothing else. */
import type { FindingStatus } from '../playbook/assess.js';
import type { Severity } from '../playbook/schema.js';
import { findingChanges, hostChanges } from './drift-model.js';
import type { AuditResult } from './model.js';
import { line, severityOrder } from './words.js';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Findings that are told host by host; beyond it the worst are, and the rest is counted. */
export const mostHostFindings = 10_000;

const severities = Object.keys(severityOrder) as readonly Severity[];
const statuses: readonly FindingStatus[] = ['pass', 'fail', 'unknown', 'not-applicable'];

/** Ends with `# EOF` and a line feed. Labels are names of the inventory and of rules: no text of a node is one. */
export function openMetrics(result: AuditResult): string {
  const label = labelMaker();
  const families = [...auditFamilies(result, label), ...findingFamilies(result, label), ...driftFamilies(result)];
  const cluster = label(result.cluster);
  return `${families.flatMap((family) => familyLines(family, cluster)).join('\n')}\n# EOF\n`;
}

const familyLines = ({ name, help, samples }: Family, cluster: string): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} gauge`,
  ...samples.map(([labels, value]) => `${name}{${labelsText({ cluster, ...labels })}} ${value}`),
];

const labelsText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
    .join(',');

/** Names as labels, each made safe once: a fleet has few rules and many findings. */
function labelMaker(): (name: string) => string {
  const made = new Map<string, string>();
  return (name) => {
    const known = made.get(name) ?? line(name, 200);
    made.set(name, known);
    return known;
  };
}

type Label = (name: string) => string;

function auditFamilies({ hosts, startedAt, finishedAt, version }: AuditResult, label: Label): Family[] {
  const number = (status: string): number => hosts.filter((one) => one.status === status).length;
  return [
    family('audit_start_timestamp_seconds', 'When the audit began.', [[{}, secondsOf(startedAt)]]),
    family('audit_end_timestamp_seconds', 'When the audit ended.', [[{}, secondsOf(finishedAt)]]),
    family('audit_version', 'Always 1; the label is the version of kubelatch.', [[{ version: label(version) }, 1]]),
    family(
      'audit_hosts',
      'Hosts by what became of them.',
      ['judged', 'unreachable', 'unreadable'].map((status) => [{ status }, number(status)]),
    ),
    family(
      'audit_host_judged',
      '1 if the host was judged, 0 if it was not reached or not read.',
      hosts.map(({ host, status }) => [{ host: label(host) }, status === 'judged' ? 1 : 0]),
    ),
  ];
}

interface Counted {
  /** Empty for a finding about the cluster. */
  readonly host: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
}

function findingFamilies({ hosts, clusterFindings }: AuditResult, label: Label): Family[] {
  const all: readonly Counted[] = [
    ...hosts.flatMap(({ host, findings }) =>
      findings.map((one) => ({ ...one, rule: label(one.rule), host: label(host) })),
    ),
    ...clusterFindings.map((one) => ({ ...one, rule: label(one.rule), host: '' })),
  ];
  const totals = severities.flatMap((severity) =>
    statuses.map((status): Sample => {
      const number = all.filter((one) => one.severity === severity && one.status === status).length;
      return [{ severity, status }, number];
    }),
  );
  const bad = all
    .filter(({ status }) => status === 'fail' || status === 'unknown')
    .toSorted((one, other) => weight(one) - weight(other));
  const each = counted(bad, ({ host, rule, severity, status }) => ({ host, rule, severity, status }));
  const omitted = Math.max(0, each.length - mostHostFindings);
  const byRule = counted(all, ({ rule, severity, status }) => ({ rule, severity, status }));
  return [
    family('audit_findings', 'Findings by severity and status.', totals),
    family('audit_rule_findings', 'Findings by rule, severity and status.', byRule),
    family(
      'audit_host_findings',
      'Findings that fail or are unknown, by host; no host for those about the cluster.',
      each.slice(0, mostHostFindings),
    ),
    family('audit_host_findings_omitted', 'Series that were left out of kubelatch_audit_host_findings.', [
      [{}, omitted],
    ]),
  ];
}

/** Failing ones first, then the worst. */
const weight = ({ status, severity }: Counted): number => (status === 'fail' ? 0 : 4) + severityOrder[severity];

/** One sample for each set of labels, with the number of findings that have it. */
function counted(findings: readonly Counted[], labelsOf: (finding: Counted) => Labels): Sample[] {
  const counts = new Map<string, [Labels, number]>();
  for (const finding of findings) {
    const labels = labelsOf(finding);
    const key = JSON.stringify(labels);
    const seen = counts.get(key);
    if (seen === undefined) counts.set(key, [labels, 1]);
    else seen[1] += 1;
  }
  return [...counts.values()];
}

/** None without a baseline. */
function driftFamilies({ drift }: AuditResult): Family[] {
  if (drift === undefined) return [];
  const { baseline, drifted, summary } = drift;
  return [
    family('audit_drift', '1 if something drifted from the baseline.', [[{}, drifted ? 1 : 0]]),
    family(
      'audit_drift_findings',
      'Findings by what became of them since the baseline.',
      [...findingChanges, 'unchanged' as const].map((change) => [{ change }, summary.findings[change]]),
    ),
    family(
      'audit_drift_hosts',
      'Hosts by what became of them since the baseline.',
      hostChanges.map((change) => [{ change }, summary.hosts[change]]),
    ),
    family('audit_baseline_timestamp_seconds', 'When the audit that is the baseline ended.', [
      [{}, secondsOf(baseline.finishedAt)],
    ]),
  ];
}

const family = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name: `kubelatch_${name}`,
  help,
  samples,
});

/** Seconds since the epoch; 0 for what is no time. */
function secondsOf(iso: string): number {
  const ms = Date.parse(iso);
  return Number.isFinite(ms) ? ms / 1000 : 0;
}
