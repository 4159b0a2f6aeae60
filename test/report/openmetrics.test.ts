import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareAudits } from '../../src/report/drift.js';
import { formatted } from '../../src/report/formats.js';
import type { AuditResult } from '../../src/report/model.js';
import { mostHostFindings, openMetrics } from '../../src/report/openmetrics.js';
import { plainStyle } from '../../src/report/style.js';
import { type ParsedSample, parseOpenMetrics } from './openmetrics-parser.js';
import { auditResult, clusterFinding, finding, hostAudit, planResult, unreachable } from './samples.js';

const options = { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' };
const written = (result: AuditResult): string => formatted('openmetrics', result, options);
const samplesOf = (result: AuditResult, name: string): readonly ParsedSample[] =>
  parseOpenMetrics(written(result)).get(`kubelatch_${name}`)?.samples ?? [];

const pass = finding({ status: 'pass', rule: 'read-only-port', severity: 'high' });
const audit = {
  ...auditResult([hostAudit('n1', { findings: [finding(), pass] }), unreachable('n2')]),
  clusterFindings: [clusterFinding()],
};

describe('OpenMetrics', () => {
  it('tell findings, hosts and the time of the audit', () => {
    expect(
      written(audit)
        .split('\n')
        .filter((line) => !/ 0$/.test(line))
        .join('\n'),
    ).toMatchInlineSnapshot(`
      "# HELP kubelatch_audit_start_timestamp_seconds When the audit began.
      # TYPE kubelatch_audit_start_timestamp_seconds gauge
      kubelatch_audit_start_timestamp_seconds{cluster="prod-eu"} 1795410000
      # HELP kubelatch_audit_end_timestamp_seconds When the audit ended.
      # TYPE kubelatch_audit_end_timestamp_seconds gauge
      kubelatch_audit_end_timestamp_seconds{cluster="prod-eu"} 1795410064
      # HELP kubelatch_audit_version Always 1; the label is the version of kubelatch.
      # TYPE kubelatch_audit_version gauge
      kubelatch_audit_version{cluster="prod-eu",version="0.1.0"} 1
      # HELP kubelatch_audit_hosts Hosts by what became of them.
      # TYPE kubelatch_audit_hosts gauge
      kubelatch_audit_hosts{cluster="prod-eu",status="judged"} 1
      kubelatch_audit_hosts{cluster="prod-eu",status="unreachable"} 1
      # HELP kubelatch_audit_host_judged 1 if the host was judged, 0 if it was not reached or not read.
      # TYPE kubelatch_audit_host_judged gauge
      kubelatch_audit_host_judged{cluster="prod-eu",host="n1"} 1
      # HELP kubelatch_audit_findings Findings by severity and status.
      # TYPE kubelatch_audit_findings gauge
      kubelatch_audit_findings{cluster="prod-eu",severity="critical",status="fail"} 1
      kubelatch_audit_findings{cluster="prod-eu",severity="high",status="pass"} 1
      kubelatch_audit_findings{cluster="prod-eu",severity="medium",status="fail"} 1
      # HELP kubelatch_audit_rule_findings Findings by rule, severity and status.
      # TYPE kubelatch_audit_rule_findings gauge
      kubelatch_audit_rule_findings{cluster="prod-eu",rule="anonymous-auth",severity="critical",status="fail"} 1
      kubelatch_audit_rule_findings{cluster="prod-eu",rule="read-only-port",severity="high",status="pass"} 1
      kubelatch_audit_rule_findings{cluster="prod-eu",rule="node-not-in-inventory",severity="medium",status="fail"} 1
      # HELP kubelatch_audit_host_findings Findings that fail or are unknown, by host; no host for those about the cluster.
      # TYPE kubelatch_audit_host_findings gauge
      kubelatch_audit_host_findings{cluster="prod-eu",host="n1",rule="anonymous-auth",severity="critical",status="fail"} 1
      kubelatch_audit_host_findings{cluster="prod-eu",host="",rule="node-not-in-inventory",severity="medium",status="fail"} 1
      # HELP kubelatch_audit_host_findings_omitted Series that were left out of kubelatch_audit_host_findings.
      # TYPE kubelatch_audit_host_findings_omitted gauge
      # EOF
      "
    `);
  });

  it('hold a series of a host only for what fails or is not known', () => {
    expect(samplesOf(audit, 'audit_host_findings').map(({ labels }) => labels['status'])).toEqual(['fail', 'fail']);
    expect(samplesOf(audit, 'audit_findings')).toHaveLength(16);
    expect(samplesOf(audit, 'audit_drift')).toEqual([]);
  });

  it('have a bounded number of series, the failing and worst of them first', () => {
    const findings = Array.from({ length: 60 }, (_, at) =>
      finding({ rule: `r${at}`, severity: at < 10 ? 'low' : 'high', status: at % 2 === 0 ? 'fail' : 'unknown' }),
    );
    const hosts = Array.from({ length: 400 }, (_, at) => hostAudit(`n${at}`, { findings }));
    const result = auditResult(hosts);
    const families = parseOpenMetrics(openMetrics(result));
    const samples = (name: string): readonly ParsedSample[] => families.get(`kubelatch_${name}`)?.samples ?? [];
    const each = samples('audit_host_findings');
    expect(each).toHaveLength(mostHostFindings);
    expect(each.every(({ labels }) => labels['status'] === 'fail' && labels['severity'] === 'high')).toBe(true);
    expect(samples('audit_host_findings_omitted')).toMatchObject([{ value: 24_000 - mostHostFindings }]);
    expect(samples('audit_findings').reduce((sum, { value }) => sum + value, 0)).toBe(24_000);
  });

  it('tell drift once there is a baseline', () => {
    const baseline = auditResult([hostAudit('n1', { findings: [pass] }), hostAudit('n9')]);
    const drift = compareAudits(baseline, 'b.json', audit, new Set(['n1', 'n2']));
    const of = (name: string): unknown =>
      Object.fromEntries(
        samplesOf({ ...audit, drift }, name).map(({ labels, value }) => [labels['change'] ?? '', value]),
      );
    expect(of('audit_drift')).toEqual({ '': 1 });
    expect(of('audit_drift_findings')).toEqual({ new: 2, changed: 0, unverified: 0, gone: 0, fixed: 0, unchanged: 0 });
    expect(of('audit_drift_hosts')).toEqual({ new: 1, gone: 1, unread: 0, read: 0 });
    expect(of('audit_baseline_timestamp_seconds')).toEqual({ '': Date.parse('2026-11-23T05:01:04Z') / 1000 });
  });

  it('are well-formed whatever the names are, and as many as there are findings', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a"b', 'a\\', 'a\nb', '\u001b[2J', '"} 1\nx 2'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name), { maxLength: 6 }), name, (pairs, cluster) => {
        const hosts = pairs.map(([host, rule], at) => hostAudit(`${at}${host}`, { findings: [finding({ rule })] }));
        const result = { ...auditResult(hosts), cluster };
        const families = parseOpenMetrics(openMetrics(result));
        const total = (families.get('kubelatch_audit_findings')?.samples ?? []).reduce(
          (sum, one) => sum + one.value,
          0,
        );
        expect(total).toBe(pairs.length);
      }),
    );
  });

  it('are for audits alone', () => {
    expect(() => formatted('openmetrics', planResult([]), options)).toThrow(/not for plan/);
  });
});

it('the parser refuses what is no OpenMetrics', () => {
  const head = '# HELP a b\n# TYPE a gauge\n';
  const bad = ['a{x="1",} 1', 'a{x="1" y="2"} 1', 'a{x="\\d"} 1', 'a 1 ', 'a 0x1', '', 'a 1\na 2', 'a{x="1",x="2"} 1'];
  for (const line of bad) expect(() => parseOpenMetrics(`${head}${line}\n# EOF\n`), line).toThrow();
  expect(() => parseOpenMetrics(`${head}a 1\n`)).toThrow(/EOF/);
  expect(() => parseOpenMetrics('a 1\n# EOF\n')).toThrow(/no type/);
  expect(() => parseOpenMetrics(`${head}a 1\n# HELP b b\n# TYPE b gauge\na{x="1"} 2\n# EOF\n`)).toThrow(/one block/);
  expect(parseOpenMetrics(`${head}a{x="\\"\\\\\\n"} 1\n# EOF\n`).get('a')?.samples).toEqual([
    { labels: { x: '"\\\n' }, value: 1 },
  ]);
});
