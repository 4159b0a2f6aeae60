import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  continueJournal,
  openJournal,
  readRuns,
  refuseUnreadable,
  reopenJournal,
  writeFirst,
} from '../../src/run/journal.js';

/** Paths of what was flushed, in order. */
const flushed: string[] = [];
vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original();
  return {
    ...real,
    async open(path, ...rest) {
      const handle = await real.open(path, ...rest);
      const sync = handle.sync.bind(handle);
      handle.sync = () => {
        flushed.push(String(path));
        return sync();
      };
      return handle;
    },
  };
});

let runs: string;
beforeEach(() => {
  flushed.length = 0;
  runs = join(mkdtempSync(join(tmpdir(), 'kubelatch-journal-')), 'runs');
});
afterEach(() => rmSync(join(runs, '..'), { recursive: true, force: true }));

const start = { entry: 'run', kind: 'apply', cluster: 'c', inventory: 'i', hosts: ['a'], operator: 'me' } as const;
const fileOf = (run: string): string => join(runs, run, 'journal.ndjson');

it('is on the disk once a write resolves, in the order of the calls', async () => {
  const journal = await openJournal(runs, 'r1');
  await journal.write(start);
  expect(readFileSync(fileOf('r1'), 'utf8')).toMatch(/^\{"time":"[^"]+","entry":"run".*\}\n$/);
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => journal.write({ entry: 'step', host: 'a', step: `s${index}` })),
  );
  await journal.close();
  const [run] = await readRuns(runs);
  expect(run?.entries.map((one) => (one.entry === 'step' ? one.step : one.entry))).toEqual([
    'run',
    ...Array.from({ length: 20 }, (_, index) => `s${index}`),
  ]);
  expect([statSync(join(runs, 'r1')).mode & 0o777, statSync(fileOf('r1')).mode & 0o777]).toEqual([0o700, 0o600]);
});

it('is read without the line that a crash cut short, newest run first', async () => {
  for (const run of ['20260101T000000Z-a', '20260102T000000Z-b']) {
    const journal = await openJournal(runs, run);
    await journal.write(start);
    await journal.close();
  }
  appendFileSync(fileOf('20260101T000000Z-a'), '{"time":"x","entry":"host","ho');
  writeFileSync(join(runs, 'stray'), '');
  mkdirSync(join(runs, 'empty'));
  mkdirSync(join(runs, 'bad name'));
  writeFileSync(fileOf('empty'), 'null\n3\n"x"\n\n');
  const read = await readRuns(runs);
  expect(read.map(({ run, entries }) => [run, entries.length])).toEqual([
    ['20260102T000000Z-b', 1],
    ['20260101T000000Z-a', 1],
  ]);
  expect(await readRuns(join(runs, 'nowhere'))).toEqual([]);
});

it('ends a run before anything is changed where the disk is full', async () => {
  const write = (): Promise<void> => Promise.reject(new Error('ENOSPC: no space left on device, write'));
  await expect(writeFirst({ write }, { entry: 'end' })).rejects.toMatchObject({
    code: 'journal',
    message: 'the run journal cannot be written: ENOSPC: no space left on device, write',
    hint: expect.stringMatching(/^nothing was changed; make room on that disk/) as string,
  });
});

it('is never written over, and says what to do where it cannot be written', async () => {
  const journal = await openJournal(runs, 'r1');
  await journal.close();
  await expect(openJournal(runs, 'r1')).rejects.toMatchObject({ code: 'journal' });
  // Of one that was begun and holds nothing, for want of room, nothing can be lost.
  const late = await continueJournal(runs, 'r1');
  await late.write(start);
  await late.close();
  expect(await readRuns(runs)).toMatchObject([{ run: 'r1', entries: [start] }]);
  writeFileSync(join(runs, 'file'), '');
  await expect(openJournal(join(runs, 'file'), 'r2')).rejects.toMatchObject({ code: 'journal' });
});

it('rejects from the first write that fails on, and still closes', async () => {
  const journal = await openJournal(runs, 'r1');
  await journal.close();
  await expect(journal.write(start)).rejects.toThrow();
  await expect(journal.write({ entry: 'end' })).rejects.toThrow();
});

it('is gone on with after a crash: a line that was cut stays alone, and what comes after it is read', async () => {
  const journal = await openJournal(runs, 'r1');
  await journal.write(start);
  await journal.close();
  appendFileSync(fileOf('r1'), '{"time":"x","entry":"step","host":"a","st');
  for (const outcome of ['unknown', 'reverted'] as const) {
    const again = await reopenJournal(runs, 'r1');
    expect(again.run).toBe('r1');
    await again.write({ entry: 'host', host: 'a', outcome });
    await again.close();
  }
  const [run] = await readRuns(runs);
  expect(run?.entries.map((one) => (one.entry === 'host' ? one.outcome : one.entry))).toEqual([
    'run',
    'unknown',
    'reverted',
  ]);
  await expect(reopenJournal(runs, 'r2')).rejects.toMatchObject({ code: 'journal' });
});

it('lasts with every folder that was made for it', async () => {
  const top = join(runs, '..');
  const deep = join(runs, 'state', 'kubelatch', 'runs');
  await (await openJournal(deep, 'r1')).close();
  expect(flushed).toEqual([join(deep, 'r1'), deep, join(runs, 'state', 'kubelatch'), join(runs, 'state'), runs, top]);
  flushed.length = 0;
  await (await openJournal(deep, 'r2')).close();
  expect(flushed).toEqual([join(deep, 'r2'), deep]);
});

it('is told of where it cannot be read, and never taken for none', async () => {
  const journal = await openJournal(runs, 'r1');
  await journal.write(start);
  await journal.close();
  mkdirSync(fileOf('r2'), { recursive: true });
  const read = await readRuns(runs);
  expect(read.map(({ run, entries, unreadable }) => [run, entries.length, unreadable])).toEqual([
    ['r2', 0, expect.stringContaining('it is a folder') as string],
    ['r1', 1, undefined],
  ]);
  expect(() => refuseUnreadable(read)).toThrow(/run r2 .*it is a folder/);
  expect(() => refuseUnreadable(read.slice(1))).not.toThrow();
  writeFileSync(join(runs, 'file'), '');
  await expect(readRuns(join(runs, 'file'))).rejects.toMatchObject({ code: 'journal' });
});
