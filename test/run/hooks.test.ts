/** Hooks of a rollout, with real programs; the hosts are one line each. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { hookFacts } from '../../src/report/hook-schema.js';
import { type HookKind, createHooks, hookTime } from '../../src/run/hooks.js';
import { runHook } from '../../src/run/hook-process.js';
import { safeJson } from '../../src/lib/output.js';
import { type OutcomeKind, type RunEvent, hostOutcome } from '../../src/run/outcome.js';
import { type RolloutHost, rollOut } from '../../src/run/rollout.js';
import { FakeJournal } from '../change/fake-node.js';

const folder = mkdtempSync(join(tmpdir(), 'kubelatch-hooks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function program(text: string): string {
  const path = join(folder, `hook-${++files}`);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o700);
  return path;
}

interface Rolling {
  readonly hooks: Partial<Record<HookKind, string>>;
  readonly outcomes?: Readonly<Record<string, OutcomeKind>>;
  readonly shutdown?: AbortController;
  readonly timeout?: number;
  readonly maxFailures?: number;
  readonly onLine?: (line: string) => void;
}

async function roll({ hooks: named, outcomes = {}, shutdown = new AbortController(), ...over }: Rolling) {
  const events: RunEvent[] = [];
  const order: string[] = [];
  const journal = new FakeJournal();
  const report = (event: RunEvent): void => {
    events.push(event);
    if (event.event === 'hook-output') over.onLine?.(event.line);
    if (event.event === 'hook' && event.state === 'started') order.push(`${event.hook} ${event.host ?? event.wave}`);
  };
  const hosts = ['n1', 'n2', 'n3'].map((host): RolloutHost => ({
    ...{ host, nodeName: `node-${host}`, controlPlane: false },
    run() {
      order.push(host);
      return Promise.resolve(hostOutcome({ host, nodeName: `node-${host}` }, outcomes[host] ?? 'confirmed', 'why'));
    },
  }));
  const env = { PATH: process.env['PATH'] ?? '', OUT: folder };
  const settings = { files: named, timeout: over.timeout ?? 20_000, env };
  const hostOf = (name: string) => ({ name, address: '10.0.0.1', role: 'worker' });
  const context = { verb: 'apply', cluster: 'c', hostOf, journal, report, shutdown: shutdown.signal } as const;
  const result = await rollOut({
    waves: [hosts.slice(0, 1), hosts.slice(1)],
    admit: (_host, underway) => (underway.length > 0 ? { reason: 'one at a time' } : undefined),
    ...{ roomTimeout: 1000, maxFailures: { count: over.maxFailures ?? 0 }, needsJournal: true, canPause: true },
    notStarted: (host) => hostOutcome(host, 'skipped'),
    hintAfterFault: '',
    hooks: createHooks(settings, context),
    ...{ journal, report, shutdown: shutdown.signal },
  });
  const kinds = ['n1', 'n2', 'n3'].map((name) => result.outcomes.find(({ host }) => host === name)?.outcome).join(' ');
  return { ...result, kinds, order, events, journal, shutdown };
}

it('run around each wave and each host, and read what they are about', async () => {
  const save = program('cat >"$OUT/facts-$$.json"; echo "saved facts-$$.json"');
  const kinds = ['before-host', 'after-host', 'before-wave', 'after-wave'] as const;
  const result = await roll({ hooks: Object.fromEntries(kinds.map((kind) => [kind, save])) });
  expect(result.kinds).toBe('confirmed confirmed confirmed');
  expect(result.order.slice(0, 5)).toEqual(['before-wave 1', 'before-host n1', 'n1', 'after-host n1', 'after-wave 1']);
  expect(result.order.at(-1)).toBe('after-wave 2');
  const facts = result.events
    .flatMap((event) => (event.event === 'hook-output' ? [event.line.replace('saved ', '')] : []))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown);
  expect(facts).toHaveLength(10);
  for (const one of facts) expect(hookFacts.safeParse(one).error).toBeUndefined();
  const host = { name: 'n1', address: '10.0.0.1', role: 'worker', node: 'node-n1' };
  expect(facts[1]).toEqual({
    ...{ schemaVersion: 1, hook: 'before-host', verb: 'apply', run: result.journal.run, cluster: 'c' },
    ...{ wave: 1, waves: 2, host },
  });
  expect(facts[2]).toMatchObject({ hook: 'after-host', host: { ...host, outcome: 'confirmed', reason: 'why' } });
  expect(facts[3]).toMatchObject({ hook: 'after-wave', hosts: [{ ...host, outcome: 'confirmed' }] });
});

it('before a host: a failure keeps it from starting, counts as a failed host, and its after hook runs', async () => {
  const result = await roll({
    hooks: { 'before-host': program('echo no silence >&2; exit 3'), 'after-host': program('exit 0') },
  });
  expect(result.kinds).toBe('failed skipped skipped');
  expect(result.order).toEqual(['before-host n1', 'after-host n1']);
  expect(result.outcomes[0]?.reason).toBe('not started: the before-host hook exited with 3');
  expect(result.stopped).toBe('1 host failed (n1), 0 allowed');
  expect(result.hooks[0]).toMatchObject({ hook: 'before-host', host: 'n1', output: ['no silence'] });
  const more = await roll({ hooks: { 'before-host': program('grep -q "n2" && exit 1; exit 0') }, maxFailures: 1 });
  expect(more.kinds).toBe('confirmed failed confirmed');
});

it('before a wave: a failure stops the rollout before it, and the wave’s after hook runs', async () => {
  const result = await roll({
    hooks: { 'before-wave': program('grep -q \'"wave":2\' && exit 1; exit 0'), 'after-wave': program('exit 0') },
  });
  expect(result.kinds).toBe('confirmed skipped skipped');
  expect(result.stopped).toBe('the before-wave hook of wave 2 exited with 1; no host of it was started');
  expect(result.isPaused).toBe(false);
  expect(result.order.slice(-2)).toEqual(['before-wave 2', 'after-wave 2']);
});

it('after a host: runs after a revert too, and its failure changes no outcome', async () => {
  const result = await roll({ hooks: { 'after-host': program('exit 1') }, outcomes: { n1: 'reverted' } });
  expect(result.kinds).toBe('reverted skipped skipped');
  expect(result.hooks).toMatchObject([{ hook: 'after-host', host: 'n1', failure: 'exited with 1' }]);
  const fine = await roll({ hooks: { 'after-host': program('exit 1') } });
  expect([fine.kinds, fine.stopped]).toEqual(['confirmed confirmed confirmed', undefined]);
});

it('what a hook prints is bounded and safe, and stays out of the journal', async () => {
  const talks = program(
    'printf "\\033[31mred\\033[0m\\n"; echo password=hunter22; i=0; while [ $i -lt 500 ]; do echo line; i=$((i+1)); done',
  );
  const { events, journal } = await roll({ hooks: { 'before-host': talks } });
  const lines = events.flatMap((event) => (event.event === 'hook-output' && event.host === 'n1' ? [event.line] : []));
  expect(lines.slice(0, 3)).toEqual(['red', 'password=***', 'line']);
  expect(lines.at(-1)).toBe('(more output is not shown)');
  expect(lines.length).toBeLessThan(60);
  expect(journal.entries).toContainEqual(expect.objectContaining({ entry: 'hook', hook: 'before-host', host: 'n1' }));
  expect(JSON.stringify(journal.entries)).not.toContain('hunter22');
  expect(JSON.stringify(journal.entries)).not.toContain('"red"');
});

it('Ctrl-C ends a before hook and all that it started; after hooks run to their end', async () => {
  const shutdown = new AbortController();
  const late = join(folder, 'late');
  const waits = program(`(sleep 30; touch ${late}) & echo waits; sleep 30; touch ${late}`);
  const after = join(folder, 'after');
  const result = await roll({
    hooks: { 'before-host': waits, 'after-host': program(`sleep 1; touch ${after}`) },
    shutdown,
    onLine: (line) => {
      if (line === 'waits') shutdown.abort();
    },
  });
  expect(result.kinds).toBe('skipped skipped skipped');
  expect(result.outcomes[0]?.reason).toBe('not started: the before-host hook was interrupted');
  expect(result.stopped).toContain('interrupted');
  expect([existsSync(after), existsSync(late)]).toEqual([true, false]);
});

it('a hook has a deadline, and no program is no hook', async () => {
  const base = { facts: safeJson({}), env: { PATH: process.env['PATH'] ?? '' }, onLine: () => undefined };
  const slow = program('trap "" TERM; sleep 30');
  expect(await runHook({ ...base, path: slow, timeout: 300 })).toBe('did not end within 1 s');
  const deaf = program('exec <&-; exit 0');
  expect(await runHook({ ...base, path: deaf, timeout: 20_000 })).toBeUndefined();
  expect(await runHook({ ...base, path: join(folder, 'none'), timeout: 20_000 })).toMatch(/^could not be started/);
  expect(await runHook({ ...base, path: slow, timeout: 1, signal: AbortSignal.abort() })).toBe(
    'was not started: interrupted',
  );
  const killed = program('kill -TERM $$; sleep 30');
  expect(await runHook({ ...base, path: killed, timeout: 20_000 })).toBe('was ended by SIGTERM');
  // Nothing of this program's environment but what is named.
  const own = program('test "$(env | cut -d= -f1 | grep -vcE "^(PATH|PWD|SHLVL|_|OLDPWD)$")" = 0');
  expect(await runHook({ ...base, path: own, timeout: 20_000 })).toBeUndefined();
});

it('what the hooks of a host may take counts in its time', () => {
  expect(hookTime(undefined)).toBe(0);
  expect(hookTime({ files: { 'before-host': '/a', 'after-wave': '/b' }, timeout: 60_000, env: {} })).toBe(60_000);
});
