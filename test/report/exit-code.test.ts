import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outcomeKinds } from '../../src/run/outcome.js';
import { type ResultCode, exitCodeOf, worstOf } from '../../src/report/exit-code.js';
import {
  auditResult,
  finding,
  hostAudit,
  hostPlan,
  hostPlanned,
  outcome,
  planResult,
  runResult,
  unreachable,
} from './samples.js';

/** The contract's order. */
const rank: Readonly<Record<ResultCode, number>> = { 5: 5, 4: 4, 1: 3, 3: 2, 2: 1, 0: 0 };
const failing = hostAudit('n1', { findings: [finding({ severity: 'high' })] });

test('the worst wins: 5 > 4 > 1 > 3 > 2 > 0', () => {
  const code = fc.constantFrom<ResultCode>(0, 1, 2, 3, 4, 5);
  fc.assert(
    fc.property(fc.array(code), code, (codes, one) => {
      const worst = worstOf([...codes, one]);
      expect([...codes, one]).toContain(worst);
      for (const other of [...codes, one]) expect(rank[worst]).toBeGreaterThanOrEqual(rank[other]);
    }),
  );
  expect(worstOf([])).toBe(0);
});

describe('audit', () => {
  test('findings count from --fail-on on, and only those that fail', () => {
    expect(exitCodeOf(auditResult([failing]))).toBe(0);
    expect(exitCodeOf(auditResult([failing]), { failOn: 'critical' })).toBe(0);
    expect(exitCodeOf(auditResult([failing]), { failOn: 'high' })).toBe(2);
    expect(exitCodeOf(auditResult([failing]), { failOn: 'low' })).toBe(2);
    const passed = hostAudit('n1', { findings: [finding({ status: 'pass' }), finding({ status: 'not-applicable' })] });
    expect(exitCodeOf(auditResult([passed]), { failOn: 'low' })).toBe(0);
  });
  test('a host that was not judged is worse than a finding', () => {
    expect(exitCodeOf(auditResult([failing, unreachable('n2')]), { failOn: 'low' })).toBe(3);
    expect(exitCodeOf(auditResult([hostAudit('n1', { status: 'unreadable' })]))).toBe(3);
    expect(exitCodeOf(auditResult([]))).toBe(0);
  });
});

describe('plan', () => {
  const same = hostPlanned('n2', { plan: hostPlan('n2', { edits: [], restart: false }) });
  test('pending changes count with --detailed-exitcode', () => {
    expect(exitCodeOf(planResult([hostPlanned('n1')]))).toBe(0);
    expect(exitCodeOf(planResult([hostPlanned('n1'), same]), { detailedExitcode: true })).toBe(2);
    expect(exitCodeOf(planResult([same]), { detailedExitcode: true })).toBe(0);
    const restartOnly = hostPlanned('n1', { plan: hostPlan('n1', { edits: [] }) });
    expect(exitCodeOf(planResult([restartOnly]), { detailedExitcode: true })).toBe(2);
  });
  test('refused is an error, not judged is 3', () => {
    const refused = { ...hostAudit('n3'), refused: { reason: 'no CA', hint: 'set one' } };
    expect(exitCodeOf(planResult([unreachable('n4'), same]))).toBe(3);
    expect(exitCodeOf(planResult([unreachable('n4'), refused]))).toBe(1);
  });
});

describe('apply and rollback', () => {
  test.each([
    ['unchanged', 0],
    ['confirmed', 0],
    ['unreachable', 3],
    ['failed', 1],
    ['refused', 1],
    ['reverted', 4],
    ['skipped', 4],
    ['unknown', 5],
  ] as const)('%s is %i', (kind, code) => {
    for (const run of ['apply', 'rollback'] as const)
      expect(exitCodeOf(runResult([outcome('n1', kind)], { kind: run }))).toBe(code);
  });

  test('a stopped run is never better than 4, a revert never 0, an unknown host always 5', () => {
    const stopped = fc.option(fc.constant('the canary failed'), { nil: undefined });
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...outcomeKinds)), stopped, (kinds, why) => {
        const code = exitCodeOf(
          runResult(
            kinds.map((kind, i) => outcome(`n${i}`, kind)),
            { stopped: why },
          ),
        );
        if (kinds.includes('unknown')) expect(code).toBe(5);
        else if (why !== undefined || kinds.includes('reverted')) expect(code).toBe(4);
        if (code === 0) expect(kinds.every((kind) => kind === 'confirmed' || kind === 'unchanged')).toBe(true);
      }),
    );
  });
});
