/** The guided mode without the API server: a yes holds for what was shown, and for no less. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { guidedVerb } from '../../src/cli/verbs/guided.js';
import type { World } from '../../src/cli/world.js';
import { ToolError } from '../../src/lib/errors.js';
import * as pipeline from '../../src/pipeline.js';
import { createStyle } from '../../src/terminal/style.js';
import { auditResult, hostPlanned, outcome, planResult, runResult } from '../report/samples.js';

vi.mock(import('../../src/pipeline.js'), { spy: true });

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
  /** Why the API server could not be asked: for the plan that is shown, for each change in turn, for the undoing. */
  readonly plan?: string | undefined;
  readonly changes: readonly (string | undefined)[];
  readonly undo?: string | undefined;
  readonly answers: readonly string[];
  readonly cluster?: boolean;
  /** A run that no node knows of when it is to be undone. */
  readonly lost?: string;
  readonly nothingChanged?: boolean;
}

/** What was changed or put back, and the exit code or the error in which it ended. */
async function talk({ plan, changes, undo, answers, cluster = true, lost, nothingChanged = false }: Conversation) {
  const done: string[] = [];
  const missing = [...changes];
  let tries = 0;
  const notes = plan === undefined ? [] : [`without the API server: ${plan}`];
  vi.mocked(pipeline.audit).mockResolvedValue(auditResult([]));
  vi.mocked(pipeline.plan).mockResolvedValue({ ...planResult([hostPlanned('n1')]), notes });
  vi.mocked(pipeline.apply).mockImplementation(async (_run, _flags, saved, approve) => {
    await approve(undefined, missing.shift(), ['n1']);
    done.push(saved === undefined ? 'applied anew' : 'applied as shown');
    tries += 1;
    const first = nothingChanged ? outcome('n1', 'refused') : outcome('n1', 'confirmed');
    return runResult([first, outcome('n2', 'failed')], { run: `r${tries}` });
  });
  vi.mocked(pipeline.rollback).mockImplementation(async (_run, id, _flags, approve) => {
    if (id === lost) throw new ToolError('usage', `no node keeps anything of run ${id ?? ''}`);
    await approve(undefined, undo, ['n1']);
    done.push(`put back ${id ?? ''}`);
    return runResult([outcome('n1', 'confirmed')], { kind: 'rollback' });
  });
  const left = [...answers];
  const world = {
    flags: { inventory: join(folder, 'inventory.yaml'), cluster, timeout: 1000, deadline: 1000, hostKeys: 'strict' },
    env: { HOME: folder },
    interactive: true,
    progress: { phase: () => undefined, stop: () => Promise.resolve() },
    prompts: {
      select: (_text: string, choices: readonly { name: string; value: unknown }[]) => {
        const wanted = left.shift() ?? 'nobody expected a question';
        return Promise.resolve(choices.find(({ name }) => name.startsWith(wanted))?.value);
      },
      checkbox: () => Promise.resolve(['baseline']),
      confirm: () => Promise.resolve(true),
    },
    stops: { changing: () => done.push('begun'), settled: () => undefined, leave: new AbortController().signal },
    errText: { width: 80, style: createStyle(false) },
  } as unknown as World;
  const end = await guidedVerb(world).catch((error: unknown) => error);
  return { done, end };
}

const gone = 'connection refused';
const refused = (hint: RegExp): unknown =>
  expect.objectContaining({
    code: 'cluster',
    message: expect.stringContaining(gone) as string,
    hint: expect.stringMatching(hint) as string,
  });

it('changes nothing where the API server is lost between the plan and the change', async () => {
  const { done, end } = await talk({ changes: [gone], answers: ['Show'] });
  expect(end).toBeInstanceOf(ToolError);
  expect([done, end]).toEqual([[], refused(/^nothing was changed; .*--no-cluster/)]);
});

it('goes on where the plan that was confirmed said so, or --no-cluster', async () => {
  const answers = ['Show', 'Keep'];
  const without = ['begun', 'applied as shown'];
  expect((await talk({ plan: gone, changes: [gone], answers })).done).toEqual(without);
  expect((await talk({ plan: gone, changes: [gone], answers, cluster: false })).done).toEqual(without);
  expect((await talk({ changes: [undefined], answers })).done).toEqual(without);
});

it('undoes each run that changed a host, though one of them cannot be undone', async () => {
  const answers = ['Show', 'Try', 'Undo'];
  const all = await talk({ changes: [undefined, undefined], answers });
  expect([all.done.slice(-3), all.end]).toEqual([['put back r2', 'begun', 'put back r1'], 4]);
  const rest = await talk({ changes: [undefined, undefined], answers, lost: 'r2' });
  expect([rest.done.slice(-2), rest.end]).toEqual([['begun', 'put back r1'], 5]);
  expect(told).toContain('Run r2 was not undone: no node keeps anything of run r2\n  kubelatch rollback r2\n');
});

it('undoes nothing where nothing was changed', async () => {
  const { done, end } = await talk({ changes: [undefined], answers: ['Show', 'Undo'], nothingChanged: true });
  expect([done, end]).toEqual([['begun', 'applied as shown'], 1]);
  expect(told).toContain('there is nothing to undo');
});

it('refuses another try, and an undoing, that the yes was not for', async () => {
  const retried = await talk({ changes: [undefined, gone], answers: ['Show', 'Try'] });
  const once = ['begun', 'applied as shown'];
  expect([retried.done, retried.end]).toEqual([once, refused(/^nothing more was changed; /)]);
  const undone = await talk({ changes: [undefined], undo: gone, answers: ['Show', 'Undo'] });
  expect([undone.done, undone.end]).toEqual([once, 5]);
  expect(told).toMatch(/Run r1 was not undone: .*connection refused.*\n {2}nothing more was changed; /);
  const known = await talk({ plan: gone, changes: [gone], undo: gone, answers: ['Show', 'Undo'] });
  expect(known.done).toEqual([...once, 'begun', 'put back r1']);
});
