import { expect, it } from 'vitest';
import { notesOnTransactions } from '../../src/stages/kept-notes.js';

const owner = 'root@ops';

it.each(['armed', 'writing', 'applied', 'reverting'])('tells whose unfinished change it is that is %s', (state) => {
  expect(notesOnTransactions([{ id: 'r1', state, owner, age: 30 }])).toEqual([
    `the change of run r1 of root@ops, begun 30 s ago, is unfinished on this node (${state}): kubelatch resume r1`,
  ]);
  expect(notesOnTransactions([{ id: 'r1', state, owner, age: 600 }])[0]).toContain('begun 10 min ago');
  expect(notesOnTransactions([{ id: 'r1', state }])).toEqual([
    `the change of run r1 is unfinished on this node (${state}): kubelatch resume r1`,
  ]);
});

it('tells what the node put back by itself, until something comes after it', () => {
  const bySwitch = { id: 'r1', state: 'reverted', verdict: 'put back by its own switch: nobody confirmed it (today)' };
  const atBoot = { ...bySwitch, verdict: 'put back by the start of the machine: it went down (today)' };
  expect(notesOnTransactions([bySwitch])).toEqual([`run r1 was ${bySwitch.verdict}`]);
  const unwritten = { ...bySwitch, verdict: 'ended by its own switch, before anything was written (today)' };
  expect(notesOnTransactions([unwritten])).toEqual([`run r1 was ${unwritten.verdict}`]);
  expect(notesOnTransactions([atBoot])).toEqual([`run r1 was ${atBoot.verdict}`]);
  expect(notesOnTransactions([bySwitch, { id: 'r2', state: 'confirmed' }])).toEqual([]);
});

it('says nothing of what a person knows', () => {
  const verdicts = [
    '',
    'put back by rollback r9 (today)',
    'put back by resume r1 (today)',
    'put back by the run: lease (today)',
  ];
  for (const verdict of verdicts) expect(notesOnTransactions([{ id: 'r1', state: 'reverted', verdict }])).toEqual([]);
  expect(notesOnTransactions([{ id: 'r1', state: 'confirmed', verdict: 'confirmed by root@ops' }])).toEqual([]);
  expect(notesOnTransactions([{ id: 'r1', state: 'prepared', owner }])).toEqual([]);
});
