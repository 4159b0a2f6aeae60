/** The guided mode without the API server: a yes holds for what was shown, and for no less. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { guidedVerb } from '../../src/cli/verbs/guided.js';
import type { CliContext } from '../../src/cli/context.js';
import { ToolError } from '../../src/lib/errors.js';
import { apply } from '../../src/pipeline/apply.js';
import { audit } from '../../src/pipeline/audit.js';
import { planWithConsumers } from '../../src/pipeline/plan.js';
import { rollback } from '../../src/pipeline/rollback.js';
import { createStyle } from '../../src/terminal/style.js';
import {
  auditResult,
  clusterFinding,
  finding,
  hostAudit,
  hostPlanned,
  outcome,
  planResult,
  runResult,
} from '../report/samples.js';

vi.mock(import('../../src/pipeline/apply.js'), { spy: true });
vi.mock(import('../../src/pipeline/audit.js'), { spy: true });
vi.mock(import('../../src/pipeline/plan.js'), { spy: true });
vi.mock(import('../../src/pipeline/rollback.js'), { spy: true });

let folder: string;
/** What stood on stderr. */
let told: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelatch-guided-'));
  writeFileSync(
    join(folder, 'inventory.yaml'),
    'cluster: {name: c}\nssh: {user: nobody}\ngroups: {workers: {role: worker, hosts: {n1: {address: 127.0.0.1}}}}\n',
  );
  told = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += String(text);
    return true;
  });
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

interface Conversation {
  readonly found?: ReturnType<typeof auditResult>;
  /** Why the API server could not be asked: for the plan that is shown, for each change in turn, for the undoing. */
  readonly plan?: string | undefined;
  readonly changes: readonly (string | undefined)[];
  readonly undo?: string | undefined;
  readonly answers: readonly string[];
  readonly cluster?: boolean;
  /** A run that no node knows of when it is to be undone. */
  readonly lost?: string;
  readonly nothingChanged?: boolean;
  readonly output?: { readonly output: string; readonly outputFile?: string };
}

/** Clients that the plan was shown with. */
const consumers = {
  closing: { readOnly: ['n1'], anonymous: [], webhook: [] },
  ...{ hosts: [], drafts: [], findings: [] },
};

/** What was changed or put back, and the exit code or the error in which it ended. */
async function talk(conversation: Conversation) {
  const { plan, changes, undo, answers, cluster = true, lost, nothingChanged = false } = conversation;
  const { output = { output: 'table' } } = conversation;
  const done: string[] = [];
  const listed: { name: string; description: string }[] = [];
  const missing = [...changes];
  let tries = 0;
  const notes = plan === undefined ? [] : [`without the API server: ${plan}`];
  vi.mocked(audit).mockResolvedValue(conversation.found ?? auditResult([]));
  vi.mocked(planWithConsumers).mockResolvedValue({
    planned: { ...planResult([hostPlanned('n1')]), notes },
    consumers,
    missing: plan,
  });
  vi.mocked(apply).mockImplementation(async (_run, _flags, saved, approve) => {
    await approve(undefined, missing.shift(), ['n1']);
    done.push(saved === undefined ? 'applied anew' : 'applied as shown');
    tries += 1;
    const first = nothingChanged ? outcome('n1', 'refused') : outcome('n1', 'confirmed');
    return runResult([first, outcome('n2', 'failed')], { run: { id: `r${tries}`, kind: 'apply' } });
  });
  vi.mocked(rollback).mockImplementation(async (_run, id, _flags, approve) => {
    if (id === lost) throw new ToolError('usage', `no node has a backup of run ${id ?? ''}`);
    await approve(undefined, undo, ['n1']);
    done.push(`put back ${id ?? ''}`);
    return runResult([outcome('n1', 'confirmed')], { kind: 'rollback' });
  });
  const left = answers.flatMap((answer) => (answer === 'Show' ? ['Show the planned', 'Apply'] : [answer]));
  const world = {
    flags: {
      ...{ inventory: join(folder, 'inventory.yaml'), cluster, timeout: 1000, hostKeys: 'strict', forks: 32 },
      ...{ settle: 10_000, deadline: 120_000, waves: [{ percent: 100 }], maxFailures: { count: 0 } },
      ...output,
    },
    env: { HOME: folder },
    interactive: true,
    progress: { phase: () => undefined, stop: () => Promise.resolve() },
    prompts: {
      select: (_text: string, choices: readonly { name: string; value: unknown }[]) => {
        const wanted = left.shift() ?? 'nobody expected a question';
        const chosen = choices.find(({ name }) => name.startsWith(wanted));
        if (chosen === undefined) throw new Error(`no choice ${wanted}: ${choices.map(({ name }) => name).join(', ')}`);
        return Promise.resolve(chosen.value);
      },
      checkbox: (text: string, choices: readonly { name: string; description: string; value: unknown }[]) => {
        listed.push(...(text === 'Which rules to apply?' ? choices : []));
        return Promise.resolve(text === 'Which rules to apply?' ? ['read-only-port'] : ['baseline']);
      },
      confirm: () => Promise.resolve(true),
      typeToConfirm: () => Promise.resolve(true),
    },
    shutdown: {
      changesStarted: () => done.push('begun'),
      changesFinished: () => undefined,
      immediate: new AbortController().signal,
      onQuit: () => undefined,
      exitCode: () => undefined,
    },
    errText: { width: 80, style: createStyle(false) },
    maintenance: {},
  } as unknown as CliContext;
  const end = await guidedVerb(world).catch((error: unknown) => error);
  return { done, end, listed };
}

it('offers rules with what each may break and who relies on it, and plans the chosen ones alone', async () => {
  const failing = ['anonymous-auth', 'read-only-port'].map((rule) => finding({ rule }));
  const client = { rule: 'consumer-read-only-port', object: 'DaemonSet monitoring/agent', message: 'It reads it now.' };
  const found = { ...auditResult([hostAudit('n1', { findings: failing })]), clusterFindings: [clusterFinding(client)] };
  const { listed } = await talk({ found, changes: [], answers: ['Choose rules', 'Show the planned', 'Quit'] });
  expect(listed.map(({ name }) => name)).toEqual([
    'anonymous-auth: critical, fails on 1 host',
    'read-only-port: high, fails on 1 host; relied on by DaemonSet monitoring/agent',
  ]);
  expect(listed[1]?.description).toMatch(
    /May break: Clients that scrape port 10255 .* Seen: DaemonSet monitoring\/agent\. It reads it now\./,
  );
  const planned = vi.mocked(planWithConsumers).mock.lastCall?.[0];
  expect(planned?.playbooks.flatMap(({ rules }) => rules.map(({ id }) => id))).toEqual(['read-only-port']);
});

const gone = 'connection refused';
const refused = (hint: RegExp): unknown =>
  expect.objectContaining({
    code: 'cluster',
    message: expect.stringContaining(gone) as string,
    hint: expect.stringMatching(hint) as string,
  });

it('hands the clients that were shown to the change, to be looked for again after it', async () => {
  await talk({ changes: [undefined, undefined], answers: ['Show', 'Retry', 'Stop here'] });
  const given = vi.mocked(apply).mock.calls.map(([, , plan]) => plan?.consumers);
  // Another try makes a plan of its own, with its own clients.
  expect(given).toEqual([consumers, undefined]);
});

it('changes nothing where the API server is lost between the plan and the change', async () => {
  const { done, end } = await talk({ changes: [gone], answers: ['Show'] });
  expect(end).toBeInstanceOf(ToolError);
  expect([done, end]).toEqual([[], refused(/^nothing was changed; .*--no-cluster/)]);
});

it('goes on where the plan that was confirmed said so, or --no-cluster', async () => {
  const answers = ['Show', 'Stop here'];
  const without = ['begun', 'applied as shown'];
  expect((await talk({ plan: gone, changes: [gone], answers })).done).toEqual(without);
  expect((await talk({ plan: gone, changes: [gone], answers, cluster: false })).done).toEqual(without);
  expect((await talk({ changes: [undefined], answers })).done).toEqual(without);
});

it('undoes each run that changed a host, though one of them cannot be undone', async () => {
  const answers = ['Show', 'Retry', 'Undo'];
  const all = await talk({ changes: [undefined, undefined], answers });
  expect([all.done.slice(-3), all.end]).toEqual([['put back r2', 'begun', 'put back r1'], 4]);
  const rest = await talk({ changes: [undefined, undefined], answers, lost: 'r2' });
  expect([rest.done.slice(-2), rest.end]).toEqual([['begun', 'put back r1'], 5]);
  expect(told).toContain('Run r2 was not rolled back: no node has a backup of run r2\n  kubelatch rollback r2\n');
});

it('undoes nothing where nothing was changed', async () => {
  const { done, end } = await talk({ changes: [undefined], answers: ['Show', 'Undo'], nothingChanged: true });
  expect([done, end]).toEqual([['begun', 'applied as shown'], 1]);
  expect(told).toContain('There is nothing to roll back');
});

it('refuses another try, and an undoing, that the yes was not for', async () => {
  const retried = await talk({ changes: [undefined, gone], answers: ['Show', 'Retry'] });
  const once = ['begun', 'applied as shown'];
  expect([retried.done, retried.end]).toEqual([once, refused(/^nothing more was changed; /)]);
  const undone = await talk({ changes: [undefined], undo: gone, answers: ['Show', 'Undo'] });
  expect([undone.done, undone.end]).toEqual([once, 5]);
  expect(told).toMatch(/Run r1 was not rolled back: .*connection refused.*\n {2}nothing more was changed; /);
  const known = await talk({ plan: gone, changes: [gone], undo: gone, answers: ['Show', 'Undo'] });
  expect(known.done).toEqual([...once, 'begun', 'put back r1']);
});

it.each([
  ['-o json', { output: 'json' }],
  ['-o ndjson', { output: 'ndjson' }],
  ['-o wide', { output: 'wide' }],
  ['--output-file', { output: 'table', outputFile: 'x' }],
])('has no result for %s, and says so before it asks anything', async (flag, output) => {
  const { done, end } = await talk({ changes: [], answers: [], output });
  expect([done, end]).toEqual([
    [],
    expect.objectContaining({ code: 'usage', message: `the guided mode does not support ${flag}` }),
  ]);
});
