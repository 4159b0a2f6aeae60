import { expect, test } from 'vitest';
import { type Format, formatted, formattedPieces } from '../../src/report/formats.js';
import type { Result } from '../../src/report/model.js';
import { eventLine } from '../../src/report/ndjson.js';
import { plainStyle } from '../../src/report/style.js';
import {
  auditResult,
  check,
  configEdit,
  finding,
  hostAudit,
  hostPlan,
  hostPlanned,
  outcome,
  planResult,
  runResult,
  unreachable,
} from './samples.js';

const written = (format: Format, result: Result): string =>
  formatted(format, result, { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' });
const jsonText = (result: Result): string => written('json', result);
const parse = (text: string): { hosts: Record<string, unknown>[] } => JSON.parse(text) as never;

test('an audit has the promised keys in the promised order', () => {
  const text = jsonText(auditResult([hostAudit('n1', { findings: [finding()] }), unreachable('n2')]));
  const result = parse(text);
  expect(Object.keys(result)).toEqual(
    'schemaVersion tool version kind cluster playbooks startedAt finishedAt hosts clusterFindings notes summary'.split(
      ' ',
    ),
  );
  expect(Object.keys(result.hosts[0] ?? {})).toEqual(
    'host nodeName role distro kubeletVersion status findings notes'.split(' '),
  );
  expect(result.hosts[0]?.['findings']).toEqual([
    {
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      rule: 'anonymous-auth',
      playbook: 'baseline',
      title: 'Anonymous requests to the kubelet are refused',
      severity: 'critical',
      status: 'fail',
      setting: 'authentication.anonymous.enabled',
      want: { equals: false },
      wantText: 'false',
      got: true,
      source: {
        kind: 'flag',
        path: '/etc/default/kubelet',
        line: 3,
        detail: '--anonymous-auth in KUBELET_EXTRA_ARGS',
      },
      references: { cis: { 'cis-1.12': '4.2.1' }, stig: ['V-242391'], docs: [] },
    },
  ]);
  expect(result.hosts[1]).toMatchObject({ nodeName: null, status: 'unreachable', error: { kind: 'refused' } });
  expect(text.endsWith('}\n')).toBe(true);
});

test('a plan holds its diffs, but neither whole files nor secrets', () => {
  const edit = { ...configEdit(), diff: '+http_proxy=http://ops:hunter2@proxy:3128\n' };
  const refused = { ...hostAudit('n2'), refused: { reason: 'no CA', hint: 'set one' } };
  const text = jsonText(
    planResult([hostPlanned('n1', { plan: hostPlan('n1', { edits: [edit] }) }), refused], [['n1']]),
  );
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain('nobody needs to see');
  const result = parse(text);
  expect(result.hosts[0]?.['plan']).toMatchObject({
    edits: [{ path: edit.path, action: 'edit', before: { mode: '0644' }, diff: '+http_proxy=http://***@proxy:3128\n' }],
    restart: true,
  });
  expect(result.hosts[1]).toMatchObject({ plan: null, refused: { reason: 'no CA', hint: 'set one' } });
  expect(result).toMatchObject({ kind: 'plan', waves: [['n1']] });
});

test('a run has outcome, gate, timings and log', () => {
  const host = outcome('n1', 'reverted', { reason: 'lease', gate: [check('lease')], log: ['F1 died'] });
  const result = parse(jsonText(runResult([host], { stopped: 'the canary failed' })));
  expect(result).toMatchObject({
    run: { id: '20261123T050000Z-4f2a', kind: 'apply' },
    stopped: 'the canary failed',
    summary: { reverted: 1 },
  });
  expect(result.hosts[0]).toEqual({
    host: 'n1',
    nodeName: 'n1',
    outcome: 'reverted',
    reason: 'lease',
    edits: [],
    gate: [
      { check: 'lease', passed: false, expected: 'renewed twice after the restart', seen: 'not renewed for 31 s' },
    ],
    timingsMs: {},
    log: ['F1 died'],
  });
});

test('values survive as they are, yet nothing in the text steers a terminal', () => {
  const evil = 'a\u001b[2J\u009b2J\u202e\u2028\ufeff漢';
  const text = jsonText(auditResult([hostAudit('n1', { findings: [finding({ got: { [evil]: [evil] } })] })]));
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u202e\ufeff]/);
  expect(parse(text).hosts[0]).toMatchObject({ findings: [{ got: { [evil]: [evil] } }] });
});

test('ndjson: one line an event, each with time, run, host and event', () => {
  const moment = { time: '2026-11-23T05:00:01Z', run: undefined };
  expect(eventLine({ event: 'unreachable', host: 'n1', reason: 'a\nb' }, moment)).toBe(
    '{"time":"2026-11-23T05:00:01Z","run":null,"host":"n1","event":"unreachable","reason":"a\\nb"}\n',
  );
  expect(eventLine({ event: 'run-started', run: 'r1', hosts: 2, waves: 1 }, moment)).toBe(
    '{"time":"2026-11-23T05:00:01Z","run":"r1","host":null,"event":"run-started","hosts":2,"waves":1}\n',
  );
  expect(eventLine({ event: 'step', host: 'n1', step: 'gate' }, { ...moment, run: 'r1' })).toBe(
    '{"time":"2026-11-23T05:00:01Z","run":"r1","host":"n1","event":"step","step":"gate"}\n',
  );
});

test('ndjson: the result ends with its summary', () => {
  const lines = written('ndjson', runResult([outcome('n1', 'confirmed')])).split('\n');
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ run: '20261123T050000Z-4f2a', host: 'n1', event: 'host-result' });
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({ host: null, event: 'summary', summary: { confirmed: 1 } });
});

test('the pieces of a long result are the same text, a host at most in each', () => {
  const odd = 'a\n  "hosts": []\u2028\u001b password: hunter2';
  const hosts = [hostAudit('n1', { findings: [finding()], notes: [odd] }), unreachable('n2', odd), hostAudit('n3')];
  const results: Result[] = [
    ...[auditResult([]), auditResult(hosts.slice(0, 1), [odd]), auditResult(hosts, [odd]), runResult([])],
    ...[planResult([]), planResult([hostPlanned('n1'), hostPlanned('n2')], [['n1', 'n2']])],
  ];
  for (const result of results) {
    for (const format of ['json', 'ndjson'] as const) {
      const options = { text: { width: 80, style: plainStyle }, time: '' };
      const pieces = [...formattedPieces(format, result, options)];
      expect(pieces.join('')).toBe(formatted(format, result, options));
      if (result.kind === 'audit' || result.kind === 'plan') expect(pieces).toHaveLength(result.hosts.length + 1);
    }
  }
});
