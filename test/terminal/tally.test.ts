import { expect, test } from 'vitest';
import { createTally, eventText, troubleLine } from '../../src/terminal/tally.js';

test('a wave in one line: what is done, what went wrong, who is where', () => {
  const tally = createTally();
  tally.begin('Wave 2/4', 10);
  expect(tally.title(80)).toBe('Wave 2/4: 0 of 10');
  tally.count({ event: 'host-done', host: 'n4', outcome: 'reverted', reason: 'lease' });
  for (const host of ['n1', 'n2', 'n3']) tally.count({ event: 'host-done', host, outcome: 'confirmed' });
  for (const host of ['n5', 'n6', 'n7', 'n8', 'n9']) tally.count({ event: 'step', host, step: 'gate' });
  tally.count({ event: 'step', host: 'n9', step: 'write' });
  expect(tally.title(80)).toBe('Wave 2/4: 3 of 10 confirmed, 1 reverted; gate: n5 n6 n7 +1; write: n9');
  expect(tally.title(30)).toBe('Wave 2/4: 3 of 10 confirmed, …');
  expect(tally.ending()).toBe('Wave 2/4: 3 of 10 confirmed, 1 reverted');
  expect(tally.hasTrouble()).toBe(true);
});

test('a host counts once, and a new phase counts anew', () => {
  const tally = createTally();
  tally.begin('Connecting', 2);
  tally.count({ event: 'judged', host: 'n1' });
  tally.count({ event: 'judged', host: 'n1' });
  tally.count({ event: 'waiting', reason: 'two nodes are down already' });
  expect(tally.title(80)).toBe('Connecting: 1 of 2 judged; waiting: two nodes are down already');
  tally.begin('Wave 1/1', undefined);
  expect(tally.title(80)).toBe('Wave 1/1');
  expect(tally.hasTrouble()).toBe(false);
});

test('only what went wrong is trouble', () => {
  expect(troubleLine({ event: 'host-done', host: 'n1', outcome: 'confirmed' })).toBeUndefined();
  expect(troubleLine({ event: 'host-done', host: 'n1', outcome: 'skipped' })).toBeUndefined();
  expect(troubleLine({ event: 'host-done', host: 'n1', outcome: 'unknown' })).toBe('n1: unknown');
  expect(troubleLine({ event: 'stopped', reason: 'the canary failed' })).toBe('stopped: the canary failed');
});

test('what a node says is one plain line without secrets', () => {
  const reason = 'a\u001b[2J\nb https://ops:hunter2@proxy';
  const event = { event: 'unreadable', host: 'n1', reason } as const;
  expect(eventText(event)).toBe('n1: unreadable: a b https://***@proxy');
});
