import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Timed } from '../../src/run/journal.js';
import { isBegun, isOpen, isUnfinished, mayHaveWritten } from '../../src/run/record.js';
import { replayJournal } from '../../src/run/replay.js';

const at = (second: number): string => `2026-11-23T05:00:${String(second).padStart(2, '0')}.000Z`;
const told = (...entries: readonly object[]) =>
  replayJournal({
    run: 'r1',
    entries: entries.map((one, index) => ({ time: at(index), ...one })) as unknown as Timed[],
  });
const start = { entry: 'run', kind: 'apply', cluster: 'c', inventory: 'i', hosts: ['a', 'b', 'd'], operator: 'me@x' };
const step = (host: string, name: string) => ({ entry: 'step', host, step: name, paths: ['/etc/k'] });

it('tells each host by itself: steps with their times, what was cordoned, how it ended', () => {
  const story = told(
    start,
    step('a', 'connect'),
    step('a', 'prepare'),
    step('b', 'connect'),
    { entry: 'cordon', host: 'a', node: 'node-a' },
    step('a', 'write'),
    { entry: 'host', host: 'd', outcome: 'confirmed', reason: 'x' },
  );
  expect(story).toMatchObject({ kind: 'apply', cluster: 'c', operator: 'me@x', startedAt: at(0), endedAt: undefined });
  const [a, b, d] = story.hosts;
  expect(a).toEqual({
    host: 'a',
    steps: [
      { step: 'connect', time: at(1) },
      { step: 'prepare', time: at(2) },
      { step: 'write', time: at(5) },
    ],
    paths: ['/etc/k'],
    outcome: undefined,
    reason: undefined,
    endedAt: undefined,
    cordon: 'node-a',
  });
  expect(d).toMatchObject({ outcome: 'confirmed', reason: 'x', endedAt: at(6) });
  // A connection alone does nothing.
  expect([a, b, d].map((one) => one !== undefined && isBegun(one))).toEqual([true, false, false]);
  expect([a, b, d].map((one) => one !== undefined && isOpen(one))).toEqual([true, true, false]);
  expect(a !== undefined && mayHaveWritten(a)).toBe(true);
});

it.each(['connect', 'prepare', 'prove', 'cordon', 'arm'])('nothing was written before the step after %s', (last) => {
  const order = ['connect', 'prepare', 'prove', 'cordon', 'arm', 'write'];
  const steps = order.slice(0, order.indexOf(last) + 1).map((name) => step('a', name));
  const [before] = told(start, ...steps).hosts;
  const [after] = told(start, ...steps, step('a', 'write')).hosts;
  expect([before, after].map((one) => one !== undefined && mayHaveWritten(one))).toEqual([false, true]);
});

it('is unfinished until its end is written, after each time it was resumed, and while a begun host is unknown', () => {
  const unknown = { entry: 'host', host: 'a', outcome: 'unknown' };
  const end = { entry: 'end' };
  expect(isUnfinished(told(start))).toBe(true);
  expect(isUnfinished(told(start, end))).toBe(false);
  expect(isUnfinished(told(start, step('a', 'write'), end))).toBe(true);
  expect(isUnfinished(told(start, unknown, end))).toBe(true);
  const resumed = { entry: 'resumed', operator: 'you@y', controller: { machine: 'y', pid: 7, started: 's' } };
  const again = told(start, unknown, end, resumed);
  expect(again).toMatchObject({ endedAt: undefined, controller: { pid: 7 }, resumed: [{ operator: 'you@y' }] });
  expect(isUnfinished(again)).toBe(true);
  expect(isUnfinished(told(start, unknown, resumed, { ...unknown, outcome: 'reverted' }, end))).toBe(false);
});

it('keeps the hosts that wait, if a process that went on with them died before it began them', () => {
  const paused = { entry: 'paused', hosts: ['b', 'd'] };
  const resumed = { entry: 'resumed', operator: 'you@y' };
  const before = [start, { entry: 'host', host: 'a', outcome: 'confirmed' }, { entry: 'stopped', reason: 'x' }, paused];
  expect(told(...before)).toMatchObject({ paused: ['b', 'd'], stopped: 'x' });
  expect(told(...before, resumed)).toMatchObject({ paused: ['b', 'd'], stopped: undefined });
  // A connection alone does nothing.
  expect(told(...before, resumed, step('b', 'connect')).paused).toEqual(['b', 'd']);
  expect(told(...before, resumed, step('b', 'write')).paused).toEqual(['d']);
  const confirmed = (host: string) => ({ entry: 'host', host, outcome: 'confirmed' });
  expect(told(...before, resumed, confirmed('b')).paused).toEqual(['d']);
  expect(told(...before, resumed, confirmed('b'), step('d', 'write')).paused).toBeUndefined();
});

it('reads the mark of its process, with and without what numbers it', () => {
  const mark = { machine: 'x', pid: 7, started: 's' };
  expect(told({ ...start, controller: { ...mark, namespace: 'pid:[5]' } }).controller?.namespace).toBe('pid:[5]');
  expect(told({ ...start, controller: mark }).controller).toEqual({ ...mark, namespace: undefined });
  expect(told({ ...start, controller: { ...mark, namespace: 5 } }).controller?.namespace).toBeUndefined();
});

it('does not guess what a lost first line said', () => {
  expect(told(step('a', 'write'))).toMatchObject({ kind: undefined, cluster: '?', hosts: [{ host: 'a' }] });
  expect(told({ ...start, kind: 'guess' }).kind).toBeUndefined();
});

it('prints safely whatever a journal holds', () => {
  const text = fc.oneof(fc.string(), fc.constant('\u001b[2J\u0007x\n\u202ey'), fc.jsonValue());
  const entry = fc.record(
    {
      time: text,
      entry: fc.constantFrom('run', 'step', 'host', 'cordon', 'stopped', 'resumed', 'end', 'what', 3),
      ...{ kind: text, of: text, cluster: text, hosts: fc.oneof(text, fc.array(text)), operator: text, node: text },
      ...{ host: text, step: text, paths: fc.oneof(text, fc.array(text)), reason: text, controller: text },
      outcome: fc.oneof(text, fc.constantFrom('confirmed', 'reverted')),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const story = replayJournal({ run: 'r1\u001b[0m', entries: entries as unknown as Timed[] });
      // A backslash of the text itself escapes nothing.
      const plain = JSON.stringify(story).replaceAll('\\\\', '');
      for (const one of plain.match(/\\u00[01][0-9a-f]|\\n|\u202e/g) ?? []) throw new Error(one);
      expect(story.hosts.every(({ host }) => typeof host === 'string')).toBe(true);
    }),
  );
});

it('tells which plan it carried out, and who signed it', () => {
  const of = (plan: unknown): unknown => replayJournal({ run: 'r1', entries: [{ entry: 'run', plan }] as never }).plan;
  expect(of({ digest: 'sha256:0', signers: ['alice@x\n', 7] })).toEqual({ digest: 'sha256:0', signers: ['alice@x'] });
  expect(of({ digest: 'sha256:0' })).toEqual({ digest: 'sha256:0', signers: undefined });
  for (const bad of [undefined, null, 'x', {}, { digest: 7 }]) expect(of(bad)).toBeUndefined();
});

it('counts the waits for a person: for answers, and until it was resumed', () => {
  const answer = { entry: 'pause', wave: 1, waitedMs: 400, goesOn: true };
  const later = '2026-11-23T06:00:00.000Z';
  const paused = { entry: 'paused', hosts: ['d'] };
  const run = told(start, answer, paused, { entry: 'resumed', time: later }, { entry: 'end', time: later });
  // From second 2 to six o'clock.
  expect(run.waitedMs).toBe(400 + 3600_000 - 2000);
  expect(told(start, { entry: 'end' }).waitedMs).toBeUndefined();
  expect(told(start, { ...answer, waitedMs: 'long' }, { entry: 'resumed', time: 'never' }).waitedMs).toBeUndefined();
});
