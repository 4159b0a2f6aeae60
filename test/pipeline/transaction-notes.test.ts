import { expect, it } from 'vitest';
import { transactionNotes } from '../../src/pipeline/transaction-notes.js';

const owner = 'root@ops';

it.each(['armed', 'writing', 'applied', 'reverting'])(
  'names the run and operator of an unfinished change that is %s',
  (state) => {
    expect(transactionNotes([{ id: 'r1', state, owner, age: 30 }])).toEqual([
      `run r1 of root@ops, started 30 s ago, has an unfinished change on this node (${state}); wait for that run; if it died: kubelatch resume r1`,
    ]);
    expect(transactionNotes([{ id: 'r1', state, owner, age: 600 }])[0]).toContain('started 10 min ago');
    expect(transactionNotes([{ id: 'r1', state }])).toEqual([
      `run r1 has an unfinished change on this node (${state}); wait for that run; if it died: kubelatch resume r1`,
    ]);
  },
);

it('reports a change that the node reverted on its own, until a later change follows', () => {
  const verdict = 'reverted by the node itself: nobody confirmed it (today)';
  const bySwitch = { id: 'r1', state: 'reverted', ender: 'node', verdict } as const;
  const atBoot = { ...bySwitch, verdict: 'reverted by the node itself at boot (today)' };
  expect(transactionNotes([bySwitch])).toEqual([`run r1 was ${bySwitch.verdict}`]);
  const unwritten = { ...bySwitch, verdict: 'ended by the node itself, before anything was written (today)' };
  expect(transactionNotes([unwritten])).toEqual([`run r1 was ${unwritten.verdict}`]);
  expect(transactionNotes([atBoot])).toEqual([`run r1 was ${atBoot.verdict}`]);
  expect(transactionNotes([bySwitch, { id: 'r2', state: 'confirmed' }])).toEqual([]);
});

it('says nothing of what a person knows', () => {
  const verdicts = ['', 'reverted by rollback r9 (today)', 'reverted by the node itself, says whoever named the run'];
  for (const verdict of verdicts)
    expect(transactionNotes([{ id: 'r1', state: 'reverted', verdict, ender: 'run' }])).toEqual([]);
  expect(transactionNotes([{ id: 'r1', state: 'confirmed', verdict: 'confirmed by root@ops' }])).toEqual([]);
  expect(transactionNotes([{ id: 'r1', state: 'prepared', owner }])).toEqual([]);
});

it('tells what an older version left without a word for who ended it', () => {
  const old = { id: 'r1', state: 'reverted', verdict: 'reverted by the node itself (today)' };
  expect(transactionNotes([old])).toEqual(['run r1 was reverted by the node itself (today)']);
  expect(transactionNotes([{ ...old, verdict: '' }])).toEqual([]);
});
