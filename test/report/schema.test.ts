/** Every kind of result: what is written fits its published schema, and is read back to the same. */
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/run/outcome.js';
import type { ToolError } from '../../src/lib/errors.js';
import type { Rule } from '../../src/playbook/schema.js';
import { ruleWant } from '../../src/playbook/want.js';
import { fingerprintOf } from '../../src/report/fingerprint.js';
import { manifestOf } from '../../src/netpol/manifest.js';
import { formatted } from '../../src/report/formats.js';
import type { Result } from '../../src/report/model.js';
import { eventLine } from '../../src/report/ndjson.js';
import { readResult } from '../../src/report/read-result.js';
import { plainStyle } from '../../src/report/style.js';
import { expectConforms, expectLinesConform } from './conforms.js';
import {
  auditResult,
  check,
  clusterFinding,
  finding,
  hostAudit,
  hostPlan,
  hostPlanned,
  manual,
  outcome,
  planResult,
  runResult,
  unreachable,
} from './samples.js';

const time = '2026-11-23T05:01:04Z';
const options = { text: { width: 80, style: plainStyle }, time };
const head = { schemaVersion: 1, tool: 'kubelatch', version: '0.1.0' } as const;
const times = { startedAt: time, finishedAt: time };
const error = { kind: 'refused', message: 'nothing listens on n2:22', hint: 'start sshd' };
const plan = { digest: `sha256:${'a'.repeat(64)}`, signers: ['ann'] };

const findings = [
  finding(),
  manual('firewall'),
  finding({ want: { mode: { atMost: '0600' }, owner: 'root:root' }, setting: 'kubelet-config', got: { a: [1, null] } }),
  finding({ want: undefined, setting: undefined, note: 'a note', source: { kind: 'stat', path: '/x' } }),
];
const hosts = [hostAudit('n1', { findings, notes: ['configz was not asked'] }), unreachable('n2')];
const skippedRules = [{ rule: 'r', reason: 'no CA', hint: 'set one' }];
const unfixed = [
  { rule: 'r', title: 'T', severity: 'low', status: 'unknown', reason: 'by hand', hint: 'look' },
] as const;
const planned = [
  hostPlanned('n1', { findings, unfixed, plan: hostPlan('n1', { skippedRules, warnings: ['look'] }) }),
  { ...hostAudit('n2'), refused: { reason: 'no CA', hint: 'set one' } },
  unreachable('n3'),
];
const outcomes = [
  outcome('n1', 'confirmed', { gate: [check('lease', { unchecked: true })] }),
  outcome('n2', 'reverted', { reason: 'lease', hint: 'look', gate: [check('lease')], log: ['F1 died'] }),
  outcome('n3', 'unreachable', { nodeName: undefined }),
];
const taken = { id: 'r2', kind: 'rollback', of: 'r1' } as const;
const ssh = { jump: ['bastion'], become: 'sudo', user: 'ops', port: 2222 } as const;
const ruleBase = {
  id: 'anonymous-auth',
  title: 'Anonymous requests are refused',
  severity: 'critical',
  why: 'Because.',
  skip: { k3s: 'it cannot' },
  references: finding().references,
} as const;
const rule: Extract<Rule, { readonly kind: 'setting' }> = {
  ...ruleBase,
  kind: 'setting',
  setting: 'authentication.anonymous.enabled',
  want: { equals: false },
  set: false,
};
const rules: readonly Rule[] = [
  rule,
  { ...rule, want: { oneOf: [null, [1]] } },
  { ...rule, want: { subsetOf: ['A'] } },
  { ...rule, want: { atLeast: '5m' } },
  { ...rule, want: { set: true } },
  { ...ruleBase, kind: 'file', file: { path: 'kubelet-config', mode: { atMost: '0600' } }, fix: true },
  { ...ruleBase, kind: 'manual', look: 'at the firewall' },
];
const past = {
  ...{ run: 'r1', kind: 'apply', of: undefined, plan, cluster: 'lab', inventory: 'i', operator: 'me@x' },
  ...{ startedAt: time, endedAt: undefined, stopped: 'the canary failed', fromNodes: false },
  resumed: [{ time, operator: 'ann@x' }],
  ...{ controller: undefined, lock: undefined },
  hosts: [
    { host: 'n1', steps: [{ step: 'write', time }], paths: ['/a'], outcome: 'confirmed', endedAt: time },
    { host: 'n2', steps: [], paths: [], outcome: undefined, endedAt: undefined },
  ].map((one) => ({ ...one, reason: undefined, cordon: undefined })),
} as Extract<Result, { readonly kind: 'run' }>['run']['record'];
const backup = { run: 'r1', state: 'confirmed', startedAt: time, operator: 'me@x', files: ['/a'], verdict: '' };

const request = {
  ...{ name: 'csr-x', username: 'system:node:n1', node: 'n1', host: 'n1', createdAt: '2026-11-29T12:00:00.000Z' },
  ...{ state: 'pending', newest: true, verdict: 'refused', reasons: [{ check: 'key', message: 'weak' }] },
  ...{ outcome: 'failed', notes: ['x'] },
} as const;
const readBack: Readonly<Record<string, Result>> = {
  audit: auditResult(hosts, ['without the API server: it was not asked']),
  'audit of nothing': auditResult([]),
  plan: planResult(planned, [['n1']]),
  'saved plan': { ...planResult(planned), saved: { path: 'plan.json', digest: plan.digest } },
  apply: runResult(outcomes, { run: { id: 'r1', kind: 'apply', plan }, stopped: 'the canary failed' }),
  rollback: runResult(outcomes, { kind: 'rollback', run: taken }),
  resume: runResult(outcomes, { kind: 'resume', run: taken }),
  'resume of a saved plan': runResult(outcomes, { kind: 'resume', run: { id: 'r1', kind: 'apply', plan } }),
  'resume of a run whose record is lost': runResult([], { kind: 'resume', run: { id: 'r1', kind: undefined } }),
  'resume of nothing': { ...head, kind: 'resume', run: undefined },
  uninstall: {
    ...{ ...head, ...times, kind: 'uninstall', run: { id: 'r3', kind: 'uninstall' }, cluster: 'lab' },
    hosts: [
      { host: 'n1', outcome: 'removed', backupCount: 2 },
      { host: 'n2', outcome: 'refused', reason: 'held', hint: 'wait', backupCount: 1 },
    ],
  },
  'uninstall where no run began': {
    ...{ ...head, ...times, kind: 'uninstall', run: undefined, cluster: 'lab' },
    hosts: [{ host: 'n1', outcome: 'unreachable', reason: 'no answer', hint: 'look', backupCount: 0 }],
  },
  inventory: {
    ...{ ...head, kind: 'inventory', cluster: 'lab', apiServer: { via: 'cp1' } },
    hosts: [{ host: 'n1', address: '10.0.0.1', role: 'worker', group: 'workers', ssh }],
  },
  'inventory check': {
    ...{ ...head, kind: 'inventory-check', cluster: 'lab' },
    hosts: [
      { host: 'n1', login: { user: 'ops', sudo: true } },
      { host: 'n2', login: error },
    ],
  },
  persist: {
    ...{ ...head, ...times, kind: 'persist', cluster: 'lab', playbooks: ['baseline'], to: 'configmap' },
    changes: [
      {
        ...{ target: 'ConfigMap kube-system/kubelet-config', outcome: 'written' },
        settings: [{ rule: 'read-only-port', setting: 'readOnlyPort', value: 0 }],
        leftOut: [{ rule: 'cert', setting: 'tlsCertFile', reason: 'its value belongs to one node' }],
        diff: '--- a\n+++ a\n@@ -1,1 +1,1 @@\n-readOnlyPort: 10255\n+readOnlyPort: 0\n',
      },
      { target: 'b', outcome: 'refused', reason: 'no', hint: 'look', settings: [], leftOut: [], diff: '' },
      { target: './p/x.yaml', outcome: 'shown', settings: [], leftOut: [], diff: '', text: 'kind: x\n' },
    ],
    ...{ commands: ['# then', 'restart'], warnings: ['an approver is needed'], notes: ['a note'], notJudged: ['n9'] },
    places: [{ to: 'drop-in', title: 'a drop-in', pros: ['it stays'], cons: ['each node needs it'] }],
  },
  'persist that compares': {
    ...{ ...head, ...times, kind: 'persist', cluster: 'lab', playbooks: [], to: undefined, changes: [], commands: [] },
    ...{ places: [], warnings: [], notes: [], notJudged: [] },
  },
  backups: {
    ...{ ...head, kind: 'backups', cluster: 'lab' },
    hosts: [
      {
        host: 'n1',
        backups: [
          { ...backup, bytes: 4096 },
          { ...backup, bytes: undefined },
        ],
      },
      { host: 'n2', error, backups: [] },
    ],
  },
  netpol: {
    ...{ ...head, ...times, kind: 'netpol', cluster: 'lab', policy: 'network-policy' },
    cni: { name: 'kube-router', version: undefined, enforces: 'yes', ownNode: 'filtered' },
    manifests: [manifestOf({ kind: 'NetworkPolicy', name: 'p', namespace: 'shop' }, { podSelector: {} })],
    files: [],
    limits: [{ kind: 'needs', text: 'It lists node addresses.' }],
    clusterFindings: [clusterFinding()],
    changes: [
      { object: 'NetworkPolicy shop/p', outcome: 'created', diff: '+x' },
      { object: 'NetworkPolicy shop/q', outcome: 'failed', diff: '', reason: 'denied', hint: 'ask' },
    ],
  },
  'netpol remove': {
    ...{ ...head, ...times, kind: 'netpol', cluster: 'lab', policy: undefined, cni: undefined },
    ...{ manifests: [], limits: [], clusterFindings: [], changes: [] },
    files: [{ path: '/etc/x', text: 'y' }],
  },
  ...Object.fromEntries(
    (['csr-list', 'csr-approve', 'csr-watch'] as const).map((kind) => [
      kind,
      {
        ...head,
        ...times,
        kind,
        cluster: 'lab',
        requests: [request, { ...request, node: undefined, host: undefined, outcome: undefined }],
      } as const,
    ]),
  ),
  ...Object.fromEntries(
    rules.map((one, at) => [
      `rule ${at + 1}`,
      { ...head, kind: 'rule', rule: one, ...ruleWant(one), playbooks: ['cis'] } as const,
    ]),
  ),
};
const all: Readonly<Record<string, Result>> = {
  ...readBack,
  runs: { ...head, kind: 'runs', runs: [{ record: past, state: 'left' }] },
  run: { ...head, kind: 'run', run: { record: past, state: 'left' } },
};

describe('a result', () => {
  it.each(Object.entries(all))('%s: fits its schema, as a document and as lines', (_, result) => {
    const text = formatted('json', result, options);
    expectConforms(text);
    expectLinesConform(formatted('ndjson', result, options));
    expect(() => readResult(text)).not.toThrow();
  });

  it.each(Object.entries(readBack))('%s: read back, it is written the same in every format', (_, result) => {
    const read = readResult(formatted('json', result, options)) as Result;
    for (const format of ['json', 'ndjson', 'table', 'wide'] as const)
      expect(formatted(format, read, options)).toBe(formatted(format, result, options));
  });

  it('with a key that no schema describes would be found', () => {
    const tree = JSON.parse(formatted('json', all['apply'] as Result, options)) as { hosts: object[] };
    Object.assign(tree.hosts[0] ?? {}, { name: 'n1' });
    expect(() => expectConforms(JSON.stringify(tree))).toThrow(/name/);
  });

  it('loses nothing in lines: the summary has what is not in a line of its own', () => {
    const lines = formatted('ndjson', all['apply'] as Result, options)
      .trimEnd()
      .split('\n');
    const summary = JSON.parse(lines.at(-1) ?? '') as object;
    expect(summary).toMatchObject({ run: 'r1', runKind: 'apply', plan, kind: 'apply', playbooks: ['baseline'] });
  });
});

it('every event fits the schema of lines', () => {
  const events: readonly RunEvent[] = [
    { event: 'connecting', host: 'n1' },
    { event: 'read', host: 'n1' },
    { event: 'judged', host: 'n1' },
    { event: 'planned', host: 'n1' },
    { event: 'unreachable', host: 'n1', reason: 'x' },
    { event: 'unreadable', host: 'n1', reason: 'x' },
    { event: 'run-started', run: 'r1', hosts: 2, waves: 1 },
    { event: 'wave-started', wave: 1, waves: 1, hosts: ['n1'] },
    { event: 'step', host: 'n1', step: 'gate' },
    { event: 'host-done', host: 'n1', outcome: 'confirmed' },
    { event: 'stopped', reason: 'x' },
    { event: 'waiting', reason: 'x' },
  ];
  for (const event of events) expectLinesConform(eventLine(event, { time, run: 'r1' }));
});

describe('a fingerprint', () => {
  const known = fingerprintOf('n1', finding());

  it('is that of host, rule and setting, and never of wording, value or place', () => {
    expect(known).toBe('95abd6d5d9802a8e');
    const reworded = finding({ title: 'x', wantText: 'y', note: 'z', got: 1, source: undefined, severity: 'low' });
    expect(fingerprintOf('n1', reworded)).toBe(known);
    expect(fingerprintOf('n2', finding())).not.toBe(known);
    expect(fingerprintOf('n1', finding({ rule: 'x' }))).not.toBe(known);
    expect(fingerprintOf('n1', finding({ setting: undefined }))).not.toBe(known);
  });
});

describe('a result that cannot be read says where it is wrong', () => {
  const good = JSON.parse(formatted('json', auditResult(hosts), options)) as Record<string, never>;
  const changed = (change: (tree: { hosts: { findings: Record<string, unknown>[] }[] }) => void): string => {
    const tree = structuredClone(good) as never;
    change(tree);
    return JSON.stringify(tree);
  };
  const withSeverity = changed(({ hosts: [first] }) => Object.assign(first?.findings[1] ?? {}, { severity: 'hihg' }));
  const withoutTitle = changed(({ hosts: [first] }) => delete first?.findings[0]?.['title']);

  it.each([
    ['no JSON', '{"a":', /^audit\.json: is not JSON: /],
    ['another document', '{"kind": "List"}', /^audit\.json: is not a result of kubelatch$/],
    ['a list', '[]', /^audit\.json: is not a result of kubelatch$/],
    ['a saved plan', '{"kind": "kubelatch-plan"}', /^audit\.json: is a saved plan, not a result$/],
    ['a later version', JSON.stringify({ ...good, schemaVersion: 2 }), /has schemaVersion 2; this kubelatch reads 1$/],
    ['another kind', JSON.stringify({ ...good, kind: 'audti' }), /kind: "audti" is no result, did you mean "audit"\?$/],
    [
      'a misspelt word',
      withSeverity,
      /^audit\.json: hosts\[0\]\.findings\[1\]\.severity: must be one of low, medium, high, critical, not "hihg", did you mean "high"\?$/,
    ],
    ['a missing key', withoutTitle, /^audit\.json: hosts\[0\]\.findings\[0\]\.title: is required: a string$/],
  ])('%s', (_, text, message) => {
    let caught: unknown;
    try {
      readResult(text, 'audit.json');
    } catch (thrown) {
      caught = thrown;
    }
    expect(caught).toMatchObject({ code: 'usage', message: expect.stringMatching(message) as string });
    expect((caught as ToolError).hint).toMatch(/\w/);
  });

  it('a rule of an earlier version has its new id, by which it is compared', () => {
    const old = finding({ rule: 'change-put-back' });
    const read = readResult(formatted('json', auditResult([hostAudit('n1', { findings: [old] })]), options)) as Result;
    const renamed = auditResult([hostAudit('n1', { findings: [{ ...old, rule: 'revert-failed' }] })]);
    expect(formatted('json', read, options)).toBe(formatted('json', renamed, options));
  });

  it('keys of later versions are passed over', () => {
    const read = readResult(JSON.stringify({ ...good, addedLater: { a: 1 } }));
    expect(formatted('json', read as Result, options)).toBe(formatted('json', auditResult(hosts), options));
  });
});
