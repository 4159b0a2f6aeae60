import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/playbook/assess.js';
import { compareAudits } from '../../src/report/drift.js';
import type { Drift } from '../../src/report/drift-model.js';
import { driftText } from '../../src/report/drift-text.js';
import { exitCodeOf } from '../../src/report/exit-code.js';
import { formatted } from '../../src/report/formats.js';
import type { AuditResult } from '../../src/report/model.js';
import { readResult } from '../../src/report/read-result.js';
import { plainStyle } from '../../src/report/style.js';
import { expectConforms, expectLinesConform } from './conforms.js';
import { auditResult, clusterFinding, finding, hostAudit, manual, unreachable } from './samples.js';

const options = { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' };
/** As it is read from its file. */
const saved = (result: AuditResult): AuditResult => readResult(formatted('json', result, options)) as AuditResult;
const compare = (before: AuditResult, after: AuditResult, known = ['n1', 'n2', 'n3']): Drift =>
  compareAudits(saved(before), 'old.json', after, new Set(known));
const oneHost = (findings: readonly Finding[], host = 'n1'): AuditResult =>
  auditResult([hostAudit(host, { findings })]);
const pass = finding({ status: 'pass', got: false });
const unknown = finding({ status: 'unknown', got: undefined, source: undefined, note: 'it could not be read' });
const none = finding({ status: 'not-applicable', got: undefined });
const own = finding({ rule: 'leftover-configuration', playbook: 'kubelatch', setting: '/etc/x.conf' });

describe('a finding', () => {
  it.each<[string, readonly Finding[], readonly Finding[], string | undefined, boolean]>([
    ['passed, and fails', [pass], [finding()], 'new', true],
    ['was unknown, and fails', [unknown], [finding()], 'new', true],
    ['was not there, and fails', [], [finding()], 'new', true],
    ['was for other hosts, and fails', [none], [finding()], 'new', true],
    ['fails as before', [finding()], [finding()], 'unchanged', false],
    ['fails with another value', [finding()], [finding({ got: 'yes' })], 'changed', true],
    ['fails by another file', [finding()], [finding({ source: { kind: 'file', path: '/a' } })], 'changed', false],
    [
      'fails on another line',
      [finding()],
      [finding({ source: { ...finding().source, kind: 'flag', line: 9 } })],
      'unchanged',
      false,
    ],
    ['failed, and passes', [finding()], [pass], 'fixed', false],
    ['failed, and is for other hosts', [finding()], [none], 'fixed', false],
    ['failed, and is unknown', [finding()], [unknown], 'unverified', true],
    ['passed, and is unknown', [pass], [unknown], 'unverified', true],
    ['is unknown as before', [unknown], [unknown], undefined, false],
    ['has to be looked at by hand', [manual('m')], [manual('m')], undefined, false],
    ['passes as before', [pass], [pass], undefined, false],
    ['failed, and its rule is gone', [finding()], [], 'gone', true],
    ['passed, and its rule is gone', [pass], [], 'gone', true],
    ['was unknown, and its rule is gone', [unknown], [], undefined, false],
    ['is told where it fails alone, and does no more', [own], [], 'fixed', false],
    ['hid its value in one of them', [finding({ got: '***' })], [finding()], 'unchanged', false],
    [
      'has a list for a value',
      [finding({ got: ['a', { b: null }] })],
      [finding({ got: ['a', { b: null }] })],
      'unchanged',
      false,
    ],
    ['has no value', [finding({ got: null })], [finding({ got: null })], 'unchanged', false],
  ])('that %s', (_, before, after, change, drifted) => {
    const drift = compare(oneHost(before), oneHost(after));
    expect([drift.findings.map((one) => one.change), drift.summary.findings.unchanged]).toEqual(
      change === 'unchanged' ? [[], 1] : [change === undefined ? [] : [change], 0],
    );
    expect(drift.drifted).toBe(drifted);
    expect(exitCodeOf({ ...oneHost(after), drift })).toBe(drifted ? 2 : 0);
  });

  it('of two playbooks counts as the worst of them', () => {
    const both = oneHost([pass, finding({ playbook: 'cis' })]);
    expect(compare(both, both).summary.findings).toMatchObject({ unchanged: 1 });
    expect(compare(both, oneHost([pass])).findings).toMatchObject([{ change: 'fixed' }]);
  });

  it('with a secret for a value is the same as before, and told without it', () => {
    const secret = finding({ got: { token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2ln' } });
    expect(compare(oneHost([secret]), oneHost([secret])).summary.findings.unchanged).toBe(1);
    expect(JSON.stringify(compare(oneHost([pass]), oneHost([secret])))).not.toContain('eyJ');
  });
});

describe('a finding about the cluster', () => {
  const withCluster = (
    findings: readonly ReturnType<typeof clusterFinding>[],
    notes: readonly string[] = [],
  ): AuditResult => ({
    ...oneHost([]),
    clusterFindings: findings,
    notes,
  });
  const all = clusterFinding({ status: 'pass', object: undefined });
  it.each<[string, AuditResult, AuditResult, string[]]>([
    ['is new', withCluster([all]), withCluster([clusterFinding()]), ['new']],
    ['is fixed', withCluster([clusterFinding()]), withCluster([all]), ['fixed']],
    [
      'is the same, in other words',
      withCluster([clusterFinding()]),
      withCluster([clusterFinding({ message: 'x' })]),
      [],
    ],
    ['was not asked for', withCluster([clusterFinding()]), withCluster([], ['without the API server']), ['unverified']],
    ['that passed was not asked for', withCluster([all]), withCluster([], ['without the API server']), ['unverified']],
    ['is not known', withCluster([all]), withCluster([clusterFinding({ status: 'unknown' })]), ['unverified']],
    ['is told where it fails alone', withCluster([clusterFinding({ rule: 'x' })]), withCluster([]), ['fixed']],
  ])('that %s', (_, before, after, changes) => {
    const drift = compare(before, after);
    expect(drift.findings.map(({ change }) => change)).toEqual(changes);
    expect(drift.findings.every(({ host }) => host === undefined)).toBe(true);
  });
});

describe('a host', () => {
  const three = auditResult(['n1', 'n2', 'n3'].map((name) => hostAudit(name, { findings: [finding()] })));
  it('that is gone from the inventory is drift', () => {
    const drift = compare(three, oneHost([finding()]), ['n1', 'n3']);
    expect(drift.hosts).toEqual([{ host: 'n2', change: 'gone', drifted: true }]);
    expect([drift.findings, exitCodeOf({ ...oneHost([finding()]), drift })]).toEqual([[], 2]);
  });

  it('that was not selected is not compared', () => {
    expect(compare(three, oneHost([finding()]))).toMatchObject({ hosts: [], findings: [], drifted: false });
  });

  it('that cannot be read any more is drift, and its findings are not called fixed', () => {
    const after = auditResult([hostAudit('n1', { findings: [finding()] }), unreachable('n2'), unreachable('n3')]);
    const before = auditResult([hostAudit('n1'), hostAudit('n2', { findings: [finding()] }), unreachable('n3')]);
    const drift = compare(before, after);
    expect(drift.hosts).toEqual([{ host: 'n2', change: 'unread', drifted: true }]);
    expect(drift.findings).toMatchObject([{ host: 'n1', change: 'new' }]);
    expect(exitCodeOf({ ...after, drift })).toBe(3);
  });

  it('that is new, or read again, is no drift in itself; what fails there is', () => {
    const before = auditResult([unreachable('n1')]);
    const clean = auditResult([hostAudit('n1', { findings: [pass] }), hostAudit('n2', { findings: [pass] })]);
    expect(compare(before, clean)).toMatchObject({ drifted: false, hosts: [{ change: 'read' }, { change: 'new' }] });
    const weak = auditResult([hostAudit('n1'), hostAudit('n2', { findings: [finding()] })]);
    expect(compare(before, weak)).toMatchObject({ drifted: true, findings: [{ host: 'n2', change: 'new' }] });
  });
});

const drifting = ((): AuditResult => {
  const rules = { port: finding({ rule: 'read-only-port', setting: 'readOnlyPort', got: 10255, severity: 'high' }) };
  const before = auditResult([
    ...['n1', 'n2', 'n3'].map((name) => hostAudit(name, { findings: [pass, rules.port] })),
    hostAudit('old', { findings: [finding()] }),
  ]);
  const after = auditResult([
    ...['n1', 'n2'].map((name) => hostAudit(name, { findings: [finding(), { ...rules.port, got: 10256 }] })),
    hostAudit('n3', { findings: [unknown, { ...rules.port, status: 'pass', got: 0 }] }),
    hostAudit('n4', { findings: [pass] }),
  ]);
  const result = { ...after, clusterFindings: [clusterFinding()] };
  return { ...result, drift: compare(before, result) };
})();

describe('drift', () => {
  it('is told as text', () => {
    expect(driftText(drifting.drift, options.text).join('\n')).toMatchInlineSnapshot(`
      "Drift since 2026-11-23 05:01:04 UTC (old.json)
      CHANGE      RULE                   BEFORE       NOW          HOSTS
      new         anonymous-auth         pass         fail: true   n1,n2
          authentication.anonymous.enabled
          /etc/default/kubelet:3 (--anonymous-auth in KUBELET_EXTRA_ARGS)
      new         node-not-in-inventory  -            fail         (cluster)
          Node w3
      changed     read-only-port         fail: 10255  fail: 10256  n1,n2
          readOnlyPort
          /etc/default/kubelet:3 (--anonymous-auth in KUBELET_EXTRA_ARGS)
      unverified  anonymous-auth         pass         unknown      n3
          authentication.anonymous.enabled
          /etc/default/kubelet:3 (--anonymous-auth in KUBELET_EXTRA_ARGS)
      fixed       read-only-port         fail: 10255  pass         n3
          readOnlyPort
          /etc/default/kubelet:3 (--anonymous-auth in KUBELET_EXTRA_ARGS)
      not in the baseline: n4
      in the baseline, and not in the inventory any more: old
      Drift: 3 new, 2 changed, 1 unverified, 1 fixed, 0 unchanged, 1 host lost"
    `);
    const same = compare(oneHost([finding()]), oneHost([finding()]));
    expect(driftText(same, options.text)).toEqual([
      'Drift since 2026-11-23 05:01:04 UTC (old.json)',
      'No drift: 1 unchanged',
    ]);
    expect(driftText(undefined, options.text)).toEqual([]);
  });

  it('fits its schema as JSON and as lines, and is read back the same', () => {
    const text = formatted('json', drifting, options);
    expectConforms(text);
    const lines = formatted('ndjson', drifting, options);
    expectLinesConform(lines);
    expect(formatted('json', readResult(text) as AuditResult, options)).toBe(text);
    const events = lines
      .trimEnd()
      .split('\n')
      .map((one) => JSON.parse(one) as { event: string; drift?: object });
    const count = (name: string): number => events.filter(({ event }) => event === name).length;
    expect([count('drift-host'), count('drift-finding')]).toEqual([
      drifting.drift?.hosts.length,
      drifting.drift?.findings.length,
    ]);
    expect(events.at(-1)?.drift).toMatchObject({ drifted: true, summary: { findings: { new: 3 } } });
    expect(Object.keys(events.at(-1)?.drift ?? {})).toEqual(['baseline', 'drifted', 'summary']);
  });
});
