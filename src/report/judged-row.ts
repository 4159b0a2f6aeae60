/** Findings and checks as rows of plain, safe text: what the formats that list them have in common. */
import type { Finding, FindingStatus } from '../playbook/assess.js';
import type { ClusterFinding } from '../playbook/cluster-finding.js';
import type { References, Severity } from '../playbook/schema.js';
import type { Check } from '../verify/check.js';
import { checkFingerprintOf, clusterFingerprintOf, fingerprintOf } from './fingerprint.js';
import type { AuditResult, HostAudit, PlanResult, ShownHost } from './model.js';
import type { VerifyResult } from './verify-model.js';
import { line, sourceText, valueText } from './words.js';

export type JudgedResult = AuditResult | VerifyResult | PlanResult<ShownHost>;

/** Every text is one line, without secrets and control characters; empty where there is none. */
export interface JudgedRow {
  /** Empty for a finding about the cluster. */
  readonly host: string;
  readonly rule: string;
  readonly playbook: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
  /** Setting, file or object of the cluster that it is about. */
  readonly subject: string;
  readonly wanted: string;
  readonly found: string;
  /** File, and line where it is known, that decides the value. */
  readonly path: string;
  readonly line: number | undefined;
  /** The same in words, also where no file decides. */
  readonly source: string;
  readonly note: string;
  readonly evidence: readonly string[];
  /** What to do, of a finding about the cluster. */
  readonly fix: string;
  readonly manual: boolean;
  readonly references: References;
  readonly fingerprint: string;
}

/** A host of which nothing is known. */
export interface UnjudgedRow {
  readonly host: string;
  readonly status: 'unreachable' | 'unreadable';
  readonly error: string;
  readonly hint: string;
}

const most = 2000;
const none: References = { cis: {}, stig: [], docs: [] };

/** Findings of hosts in their order, then those about the cluster. */
export function judgedRows(result: JudgedResult): JudgedRow[] {
  if (result.kind === 'verify')
    return result.hosts.flatMap(({ host, checks }) => checks.map((one) => checkRow(host, one)));
  return [
    ...result.hosts.flatMap(({ host, findings }) => findings.map((one) => findingRow(host, one))),
    ...result.clusterFindings.map(clusterRow),
  ];
}

export const unjudgedRows = (hosts: readonly Pick<HostAudit, 'host' | 'status' | 'error'>[]): UnjudgedRow[] =>
  hosts.flatMap(({ host, status, error }) =>
    status === 'judged'
      ? []
      : [
          {
            host: line(host),
            status,
            error: line(error?.message ?? 'unknown reason', most),
            hint: line(error?.hint ?? '', most),
          },
        ],
  );

function findingRow(host: string, finding: Finding): JudgedRow {
  const { rule, playbook, title, severity, status, setting, wantText, got, source, note, references } = finding;
  return {
    host: line(host),
    rule: line(rule),
    playbook: line(playbook),
    title: line(title),
    severity,
    status,
    subject: line(setting ?? ''),
    wanted: line(wantText, most),
    found: got === undefined ? '' : valueText(finding),
    path: line(source?.path ?? ''),
    line: source?.line,
    source: sourceText(source),
    note: line(note ?? '', most),
    evidence: [],
    fix: '',
    manual: finding.manual === true,
    references: safeReferences(references),
    fingerprint: fingerprintOf(host, finding),
  };
}

function clusterRow(finding: ClusterFinding): JudgedRow {
  const { rule, title, severity, status, object, message, evidence, fix } = finding;
  return {
    ...{ host: '', rule: line(rule), playbook: 'kubelatch', title: line(title), severity, status },
    ...{ subject: line(object ?? ''), wanted: '', found: line(message, most), path: '', line: undefined, source: '' },
    ...{ note: '', evidence: evidence.map((one) => line(one, most)), fix: line(fix, most), manual: false },
    ...{ references: none, fingerprint: clusterFingerprintOf(finding) },
  };
}

function checkRow(host: string, check: Check): JudgedRow {
  const { check: rule, playbook, title, severity, status, setting, expected, seen, evidence, note } = check;
  return {
    ...{ host: line(host), rule: line(rule), playbook: line(playbook), title: line(title), severity, status },
    ...{ subject: line(setting ?? ''), wanted: line(expected, most), found: line(seen, most) },
    ...{ path: '', line: undefined, source: vantageText(check), note: line(note ?? '', most) },
    ...{ evidence: evidence.map((one) => line(one, most)), fix: '', manual: false },
    ...{ references: none, fingerprint: checkFingerprintOf(host, check) },
  };
}

const vantageText = ({ from, via }: Check): string => line(via === undefined ? `from ${from}` : `from ${from} ${via}`);

const safeReferences = ({ cis, stig, docs }: References): References => ({
  cis: Object.fromEntries(Object.entries(cis).map(([benchmark, control]) => [line(benchmark), line(control)])),
  stig: stig.map((one) => line(one)),
  docs: docs.map((one) => line(one)),
});

/** `cis-1.12 4.2.1`, `V-242391`. */
export const controlsOf = ({ cis, stig }: References): string[] => [
  ...Object.entries(cis).map(([benchmark, control]) => `${benchmark} ${control}`),
  ...stig,
];

/** Plans that read the same: where a file came from does not show. */
export const planKey = (plan: ShownHost['plan']): string =>
  JSON.stringify([
    ...[
      plan?.unit,
      plan?.restart,
      plan?.fixes,
      plan?.mayBreak,
      plan?.overwrittenBy,
      plan?.warnings,
      plan?.skippedRules,
    ],
    plan?.edits.map(({ path, action, diff }) => [path, action, diff]),
  ]);
