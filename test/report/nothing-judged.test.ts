/** Where no rule was judged on a host, no outcome of any kind says that it passes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FindingStatus } from '../../src/playbook/assess.js';
import { auditText } from '../../src/report/audit-text.js';
import { checklists } from '../../src/report/cklb.js';
import { exitCodeOf } from '../../src/report/exit-code.js';
import { formatted } from '../../src/report/formats.js';
import type { AuditResult, HostAudit } from '../../src/report/model.js';
import { postureText } from '../../src/report/posture-text.js';
import { plainStyle } from '../../src/report/style.js';
import { auditResult, finding, hostAudit, hostPlanned, manual, planResult, unreachable } from './samples.js';

const text = { width: 100, style: plainStyle };
const written = (format: Parameters<typeof formatted>[0], audit: AuditResult): string =>
  formatted(format, audit, { text, time: '2026-11-23T05:00:00Z' });
const judgedAs = (name: string, ...statuses: FindingStatus[]): HostAudit =>
  hostAudit(name, { findings: statuses.map((status, at) => finding({ rule: `rule-${at}`, status })) });
const unreadable = { ...unreachable('n1'), status: 'unreadable' } as const;
const good = /no rule fails|passes|nothing weak/;

it.each<[string, readonly HostAudit[]]>([
  ['there is no host', []],
  ['the only host is unreachable', [unreachable('n1')]],
  ['the only host is unreadable', [unreadable]],
  ['a host has no finding', [hostAudit('n1')]],
  ['no rule applies', [judgedAs('n1', 'not-applicable', 'not-applicable')]],
  ['all rules are for a person to check', [hostAudit('n1', { findings: [manual('firewall')] })]],
])('the posture is not good where %s', (_, hosts) => {
  expect(postureText({ hosts }, text)).not.toMatch(good);
  const green = { ...plainStyle, green: (one: string) => `<good>${one}` };
  expect(auditText(auditResult(hosts), { ...text, style: green })).not.toContain('<good>');
});

it('the posture is good where a rule passes and none fails', () => {
  expect(postureText({ hosts: [judgedAs('n1', 'pass', 'not-applicable')] }, text)).toContain('no rule fails');
});

describe('a host that was not judged, whatever the others are', () => {
  const status = fc.constantFrom<FindingStatus>('pass', 'fail', 'unknown', 'not-applicable');
  const others = fc
    .array(fc.array(status, { maxLength: 3 }), { maxLength: 3 })
    .map((all) => all.map((statuses, at) => judgedAs(`ok${at}`, ...statuses)));
  const missing = fc.constantFrom<HostAudit>(unreachable('n1'), unreadable);
  const each = (check: (audit: AuditResult) => void): void =>
    fc.assert(fc.property(others, missing, (hosts, host) => check(auditResult([...hosts, host]))));

  it('ends with 3, and never with 0 or 2', () => {
    each((audit) => {
      expect(exitCodeOf(audit)).toBe(3);
      expect(exitCodeOf(audit, { failOn: 'low', detailedExitcode: true })).toBe(3);
    });
    const { status: kind, error } = unreachable('n1');
    const planned = { ...hostPlanned('n1'), plan: undefined, status: kind, error };
    expect(exitCodeOf(planResult([hostPlanned('n2'), planned]), { detailedExitcode: true })).toBe(3);
  });

  it('is an error in JUnit', () => {
    each((audit) => {
      const suite = /<testsuite name="n1"[^]*?<\/testsuite>/.exec(written('junit', audit))?.[0] ?? '';
      expect(suite).toContain('<error');
      expect(suite).not.toMatch(/<testcase [^>]*\/>/);
    });
  });

  it('leaves no rule satisfied in OSCAL, and none closed in its checklist', () => {
    each((audit) => {
      expect(written('oscal', audit)).not.toContain('"state": "satisfied"');
      const own = checklists(audit).find(({ host }) => host === 'n1');
      expect(own?.text ?? '').not.toMatch(/"status": "not_a_finding"|"status": "not_applicable"/);
    });
  });
});
