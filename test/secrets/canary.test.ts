/** Secrets are planted wherever a node, a cluster or an inventory can hold one: none may be seen in anything that leaves. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/run/journal.js';
import type { Outcome, RunEvent } from '../../src/run/outcome.js';
import { detectDistro } from '../../src/distros/index.js';
import type { Host } from '../../src/inventory/host.js';
import { createLog } from '../../src/lib/log.js';
import { print, redacting, safeText } from '../../src/lib/output.js';
import { parsePlaybook } from '../../src/playbook/load.js';
import { writeSavedPlan } from '../../src/plan/saved-plan.js';
import { auditText } from '../../src/report/audit-text.js';
import { formatted } from '../../src/report/formats.js';
import type { AuditResult, HostPlanned, PlanResult, RunResult } from '../../src/report/model.js';
import { eventLine } from '../../src/report/ndjson.js';
import { planText } from '../../src/report/plan-text.js';
import { runText } from '../../src/report/run-text.js';
import { draftFor, savedPlanOf, settled } from '../../src/pipeline/judge.js';
import { hostOutcome } from '../../src/run/outcome.js';
import { createStyle } from '../../src/terminal/style.js';
import { eventText, troubleLine } from '../../src/terminal/event-text.js';
import { plantedSecrets } from '../lib/redact-forms.js';
import { readNode, recordedNodes } from '../nodes/recorded-node.js';
import { clusterFinding } from '../report/samples.js';
import { mustNotShow, plantedNode, spoken } from './planted-node.js';

const folder = mkdtempSync(join(tmpdir(), 'kubelatch-canary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const playbooks = ['baseline', 'strict'].flatMap((name) => {
  try {
    const text = readFileSync(new URL(`../../playbooks/${name}.yaml`, import.meta.url), 'utf8');
    return [parsePlaybook(name, text)];
  } catch {
    return [];
  }
});
const named = recordedNodes.filter((name) => readNode(name).expected.noKubelet === undefined);
const moment = { time: '2026-01-01T00:00:00Z', run: 'r1' };
const style = createStyle(false);
const texts = [
  { width: 80, wide: false, style },
  { width: Infinity, wide: true, style },
] as const;

/** What of the planted is seen in a text. */
const seenIn = (text: string): string[] => mustNotShow.filter((secret) => text.includes(secret));

function planned(name: string, showValues = false, acceptPendingEdits = true): HostPlanned {
  const { facts, configz } = plantedNode(name);
  const detected = detectDistro(facts);
  if (detected === undefined) throw new Error(`${name}: not recognised`);
  const host = { name, role: 'worker', nodeName: undefined, ssh: { jump: [] } } as unknown as Host;
  const view = { facts, setup: detected.setup, configz, kubeletVersion: undefined, showValues };
  const node = { host, nodeName: name, standing: 'ready', distro: detected.distro, view, notes: spoken } as const;
  const evidence = { clientCertificates: [], clusterCa: undefined };
  return settled(draftFor(node, playbooks, { moveArguments: true, acceptPendingEdits }), evidence);
}

const base = {
  ...{
    schemaVersion: 1 as const,
    tool: 'kubelatch' as const,
    version: '0',
    cluster: 'c',
    playbooks: ['baseline'],
    startedAt: moment.time,
    finishedAt: moment.time,
  },
} as const;
const clusterFindings = spoken.map((text) =>
  clusterFinding({ object: text, message: text, evidence: [text], fix: `${text}\n${text}` }),
);
const planOf = (hosts: readonly HostPlanned[]): PlanResult => ({
  ...{ ...base, kind: 'plan', hosts, clusterFindings, notes: spoken, waves: [] },
  summary: { hosts: 1, change: 1, restarts: 1, controlPlaneRestarts: 0, unchanged: 0, refused: 0, notJudged: 0 },
});
const auditOf = (hosts: readonly HostPlanned[]): AuditResult => ({
  ...{ ...base, kind: 'audit', hosts, clusterFindings, notes: spoken },
  summary: { hosts: 1, judged: 1, pass: 0, fail: 0, unknown: 0, notApplicable: 0 },
});

function everyReport(hosts: readonly HostPlanned[]): string {
  const [plan, audit] = [planOf(hosts), auditOf(hosts)];
  const written = JSON.parse(writeSavedPlan(savedPlanOf(plan))) as { hosts: { edits: { text?: string }[] }[] };
  for (const { edits } of written.hosts) for (const edit of edits) delete edit.text;
  return [
    ...texts.flatMap((options) => [planText(plan, options), auditText(audit, options)]),
    ...[plan, audit].flatMap((result) =>
      ['json' as const, 'ndjson' as const].map((format) =>
        formatted(format, result, { text: texts[0], time: moment.time }),
      ),
    ),
    JSON.stringify(written),
  ].join('\n');
}

it('is made of at least 60 secrets of 25 forms', () => {
  expect(new Set(mustNotShow).size).toBeGreaterThanOrEqual(60);
  expect(new Set(plantedSecrets.map(({ form }) => form)).size).toBeGreaterThanOrEqual(25);
});

describe('what a node holds is in no report and no saved plan but for the text that is written', () => {
  it.each(named)('%s', (name) => {
    for (const accept of [true, false]) expect(seenIn(everyReport([planned(name, false, accept)]))).toEqual([]);
  });

  it('and the edits write it back all the same', () => {
    const plans = named.flatMap((name) => planned(name).plan ?? []);
    const text = plans.flatMap(({ edits }) => edits.map((edit) => edit.text ?? '')).join('\n');
    expect(seenIn(text).length).toBeGreaterThan(10);
  });

  it('values are shown where a person asks for them, secrets of a known form not even then', () => {
    const shown = named.map((name) => everyReport([planned(name, true)])).join('\n');
    expect(seenIn(shown).length).toBeGreaterThan(3);
    expect(plantedSecrets.filter(({ planted }) => shown.includes(planted))).toEqual([]);
  });
});

describe('what is said during a run', () => {
  const events = spoken.flatMap((reason): RunEvent[] => [
    { event: 'unreachable', host: 'n1', reason },
    { event: 'unreadable', host: 'n1', reason },
    { event: 'host-done', host: 'n1', outcome: 'failed', reason },
    { event: 'stopped', reason },
    { event: 'waiting', reason },
  ]);

  it('is in no event, no line of progress and no log', () => {
    const path = join(folder, 'log');
    const log = createLog(path, () => undefined);
    for (const event of events) log({ ...event });
    for (const line of spoken) log({ event: 'log', line, nested: { deep: [line] } });
    const lines = events.flatMap((event) => [eventLine(event, moment), eventText(event), troubleLine(event) ?? '']);
    expect(seenIn(lines.join('\n'))).toEqual([]);
    expect(seenIn(readFileSync(path, 'utf8'))).toEqual([]);
    expect(
      readFileSync(path, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown),
    ).not.toEqual([]);
  });

  it('is in no journal', async () => {
    const journal = await openJournal(folder, 'r1');
    for (const reason of spoken) await journal.write({ entry: 'host', host: 'n1', outcome: 'failed', reason });
    for (const reason of spoken) await journal.write({ entry: 'stopped', reason });
    await journal.close();
    expect(seenIn(readFileSync(join(folder, 'r1', 'journal.ndjson'), 'utf8'))).toEqual([]);
  });

  it('is in no result of a run: reasons, hints, gate, the kubelet’s own log', () => {
    const hosts = spoken.map((text, index) => ({
      ...hostOutcome(`n${index}`, 'failed', text, text),
      log: [text],
      gate: [{ check: 'healthz', passed: false, expected: 'ok', seen: text }] satisfies Outcome['gate'],
    }));
    const summary = { failed: hosts.length } as unknown as RunResult['summary'];
    const result: RunResult = {
      ...base,
      kind: 'apply',
      run: { id: 'r1', kind: 'apply' },
      stopped: spoken[0],
      hosts,
      notes: [...spoken],
      summary,
    };
    const options = { text: texts[0], time: moment.time };
    const data = [formatted('json', result, options), formatted('ndjson', result, options)];
    const told = [...data, ...texts.map((one) => runText(result, one))];
    expect(seenIn(told.join('\n'))).toEqual([]);
  });

  it('is in nothing that is written on a stream, by this program or by a library that draws', () => {
    const stream = new PassThrough();
    let written = '';
    stream.on('data', (chunk: Buffer) => (written += chunk.toString()));
    for (const text of spoken) {
      print(stream, safeText(`kubelatch: ${text}\n`));
      redacting(stream).write(`${text}\n`);
    }
    expect(written.length).toBeGreaterThan(100);
    expect(seenIn(written)).toEqual([]);
  });
});
