/** Saved results as one: the newest result of a host counts, and what that leaves out is told. */
import { describe, expect, it } from 'vitest';
import { formatted, formattedReport } from '../../src/report/formats.js';
import { mergeResults } from '../../src/report/merge.js';
import type { AuditResult, Result } from '../../src/report/model.js';
import { plainStyle } from '../../src/report/style.js';
import { expectConforms } from './conforms.js';
import {
  auditResult,
  clusterFinding,
  finding,
  hostAudit,
  hostPlanned,
  outcome,
  planResult,
  runResult,
  unreachable,
} from './samples.js';
import { verifyResult } from './verify-sample.js';

const head = { schemaVersion: 1, tool: 'kubelatch', version: '9.9.9' } as const;
const time = '2026-11-23T05:01:04Z';
const options = { text: { width: 80, style: plainStyle }, time };
const at = <T extends Result>(result: T, minute: number): T => ({
  ...result,
  startedAt: `2026-11-23T05:${String(minute).padStart(2, '0')}:00Z`,
  finishedAt: `2026-11-23T05:${String(minute + 1).padStart(2, '0')}:00Z`,
});
const merge = (...results: readonly Result[]) =>
  mergeResults(
    results.map((result, index) => ({ name: `${'abc'[index] ?? ''}.json`, result })),
    head,
  );
const fails = (name: string, got: unknown) => hostAudit(name, { findings: [finding({ got })] });

describe('audits', () => {
  const old = at(auditResult([fails('n1', 'old'), fails('n2', 'old')], ['an old note']), 10);
  const recent = at(auditResult([fails('n2', 'new'), unreachable('n3')]), 20);

  it.each([
    [
      [old, recent],
      ['n1', 'n2', 'n3'],
    ],
    [
      [recent, old],
      ['n2', 'n3', 'n1'],
    ],
  ])('of two that have a host, the newest counts, whatever their order', (given, order) => {
    const { results, conflicts } = merge(...given);
    const [audit] = results as AuditResult[];
    expect(audit?.hosts.map(({ host }) => host)).toEqual(order);
    expect(audit?.hosts.find(({ host }) => host === 'n2')?.findings[0]?.got).toBe('new');
    expect(audit?.summary).toMatchObject({ hosts: 3, judged: 2, fail: 2 });
    expect(audit).toMatchObject({ ...head, startedAt: old.startedAt, finishedAt: recent.finishedAt });
    const [newer, older] = given[0] === old ? ['b', 'a'] : ['a', 'b'];
    expect(conflicts).toEqual([
      `n2: taken from ${newer}.json (2026-11-23 05:21:00 UTC), not from the older ${older}.json.`,
    ]);
    expect(audit?.notes).toEqual(['an old note', ...conflicts]);
    expectConforms(formatted('json', audit as Result, options));
  });

  it('says where the newest could not judge what an older one did', () => {
    const { results, conflicts } = merge(old, at(auditResult([unreachable('n1')]), 20));
    expect((results[0] as AuditResult).hosts.find(({ host }) => host === 'n1')?.status).toBe('unreachable');
    expect(conflicts[0]).toContain('where n1 could not be judged');
  });

  it('of one time: the later argument counts', () => {
    const [audit] = merge(at(auditResult([fails('n1', 'a')]), 1), at(auditResult([fails('n1', 'b')]), 1)).results;
    expect((audit as AuditResult).hosts[0]?.findings[0]?.got).toBe('b');
  });

  it('one that is superseded in all its hosts adds nothing, neither notes nor findings about the cluster', () => {
    const stale = at({ ...auditResult([fails('n1', 1)], ['stale']), clusterFindings: [clusterFinding()] }, 1);
    const [audit] = merge(stale, at(auditResult([fails('n1', 2)]), 2)).results as AuditResult[];
    expect(audit?.clusterFindings).toEqual([]);
    expect(audit?.notes.some((note) => note === 'stale')).toBe(false);
  });

  it('findings about the cluster are those of the newest that has them', () => {
    const shard = (name: string, minute: number, message: string) =>
      at({ ...auditResult([fails(name, 1)]), clusterFindings: [clusterFinding({ message })] }, minute);
    const [audit] = merge(shard('n1', 2, 'newer'), shard('n2', 1, 'older')).results as AuditResult[];
    expect(audit?.clusterFindings.map(({ message }) => message)).toEqual(['newer']);
    expect(audit?.summary.fail).toBe(3);
  });

  it('by other playbooks are told, and of another cluster refused', () => {
    const other = { ...auditResult([fails('n2', 1)]), playbooks: ['stig'] };
    expect(merge(auditResult([fails('n1', 1)]), other).conflicts).toEqual([
      'The hosts were not all judged by the same playbooks: baseline; stig.',
    ]);
    expect(() => merge(old, { ...recent, cluster: 'prod-us' })).toThrow('different clusters: prod-eu and prod-us');
  });
});

it('one result alone stays as it is', () => {
  const one = auditResult([fails('n1', 1)]);
  expect(merge(one)).toEqual({ results: [one], conflicts: [] });
});

it('plans: waves follow each other, and a host is in the waves of its newest plan alone', () => {
  const first = at(
    planResult(
      ['n1', 'n2'].map((name) => hostPlanned(name)),
      [['n1'], ['n2']],
    ),
    1,
  );
  const second = at(planResult([hostPlanned('n2'), hostPlanned('n3')], [['n2', 'n3']]), 2);
  expect(merge(first, second).results[0]).toMatchObject({
    waves: [['n1'], ['n2', 'n3']],
    summary: { hosts: 3, change: 3 },
  });
});

describe('runs', () => {
  const cut = at(runResult([outcome('n1', 'confirmed'), outcome('n2', 'unknown')]), 1);

  it('a resume of the same run is merged into it, another run is a section of its own', () => {
    const resumed = at(runResult([outcome('n2', 'reverted')], { kind: 'resume', run: cut.run }), 5);
    const other = runResult([outcome('n1', 'reverted')], { run: { id: 'r9', kind: 'rollback' }, kind: 'rollback' });
    const { results } = merge(cut, resumed, other);
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({ summary: { confirmed: 1, reverted: 1, unknown: 0 } });
  });
});

describe('several kinds', () => {
  const both = merge(auditResult([fails('n1', 1)]), verifyResult).results;

  it('go into a document of sections, and into no other', () => {
    expect(formattedReport('markdown', both, options)).toMatch(/# kubelatch audit\n[^]*# kubelatch verify\n/);
    expect(() => formattedReport('json', both, options)).toThrow(
      '-o json does not fit results of audit and verify together',
    );
    expect(() => formattedReport('sarif', [planResult([])], options)).toThrow('-o sarif does not fit a result of plan');
  });
});
