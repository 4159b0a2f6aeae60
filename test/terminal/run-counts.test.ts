import { expect, test } from 'vitest';
import { eventText, troubleLine } from '../../src/terminal/event-text.js';
import { createRunCounts } from '../../src/terminal/run-counts.js';

function counted() {
  let time = 0;
  const tally = createRunCounts(() => time);
  return { tally, wait: (seconds: number) => (time += seconds * 1000) };
}

test('a wave in one line: what is done, what went wrong, who is awaited and for how long', () => {
  const { tally, wait } = counted();
  tally.begin('Wave 2/4', 10);
  expect(tally.title(80)).toBe('Wave 2/4: 0 of 10');
  for (const host of ['n1', 'n2', 'n3', 'n4', 'n5']) tally.count({ event: 'step', host, step: 'restart' });
  wait(4);
  tally.count({ event: 'host-done', host: 'n4', outcome: 'reverted', reason: 'lease' });
  for (const host of ['n1', 'n2', 'n3']) tally.count({ event: 'host-done', host, outcome: 'confirmed' });
  tally.count({ event: 'step', host: 'n9', step: 'write' });
  tally.count({
    ...{ event: 'gate', host: 'n5', check: 'ready', expected: 'Ready for 10 s', seen: 'Ready for 2 s' },
    ...{ heldMs: 2000, wantedMs: 10_000 },
  });
  wait(4);
  expect(tally.title(120)).toBe(
    'Wave 2/4: 3 of 10 confirmed, 1 reverted · n5: waiting for Ready, 6 of 10 s (+1 more) · about 15 s left',
  );
  expect(tally.title(80)).toBe('Wave 2/4: 3 of 10 confirmed, 1 reverted · about 15 s left');
  expect(tally.title(40)).toBe('Wave 2/4: 3 of 10 confirmed, 1 reverted');
  expect(tally.title(30)).toBe('Wave 2/4: 3 of 10 confirmed, …');
  expect(tally.summary()).toBe('Wave 2/4: 3 of 10 confirmed, 1 reverted in 8.0s');
  expect(tally.hasTrouble()).toBe(true);
});

test.each([
  [3, 1, 'about 60 s left'],
  [3000, 100, 'about 15 min left'],
])('a run of %i hosts tells how long its waves still take', (hosts, atOnce, left) => {
  const { tally, wait } = counted();
  const waveSizes = hosts === 3 ? [1, 1, 1] : [1, 299, 1200, 1500];
  tally.count({ event: 'run-started', run: 'r', hosts, waves: waveSizes.length, waveSizes, atOnce });
  tally.begin(`Wave 1/${waveSizes.length}`, 1);
  tally.count({ event: 'wave-started', wave: 1, waves: waveSizes.length, hosts: ['n1'] });
  tally.count({ event: 'step', host: 'n1', step: 'connect' });
  wait(30);
  expect(tally.title(80)).not.toContain('left');
  tally.count({ event: 'host-done', host: 'n1', outcome: 'confirmed' });
  expect(tally.title(80)).toContain(left);
});

test('3,000 hosts are read: the rate, the slowest host, and when it ends', () => {
  const { tally, wait } = counted();
  tally.begin('Reading', 3000);
  tally.count({ event: 'connecting', host: 'n2999' });
  for (let i = 0; i < 1000; i += 1) {
    tally.count({ event: 'connecting', host: `n${i}` });
    wait(0.02);
    tally.count({ event: 'judged', host: `n${i}` });
  }
  expect(tally.title(120)).toBe('Reading: 1000 of 3000 judged · n2999: reading, 20 s · about 40 s left · 50 hosts/s');
  wait(5);
  tally.count({ event: 'unreachable', host: 'n2999', reason: 'no answer' });
  expect(tally.summary()).toBe('Reading: 1000 of 3000 judged, 1 unreachable in 25s; slowest: n2999, 25s');
});

test('a host counts once, and a new phase counts anew', () => {
  const { tally } = counted();
  tally.begin('Connecting', 2);
  tally.count({ event: 'judged', host: 'n1' });
  tally.count({ event: 'judged', host: 'n1' });
  tally.count({ event: 'waiting', reason: 'two nodes are down already' });
  expect(tally.title(80)).toBe('Connecting: 1 of 2 judged · waiting: two nodes are down already');
  tally.begin('Wave 1/1', undefined);
  expect(tally.title(80)).toBe('Wave 1/1');
  expect(tally.hasTrouble()).toBe(false);
});

test('a phase has its own words for what it does, and counts what failed apart', () => {
  const { tally, wait } = counted();
  tally.begin('Connecting', 3, { doing: 'connecting', done: 'connected' });
  tally.count({ event: 'connecting', host: 'n3' });
  tally.count({ event: 'unreachable', host: 'n1', reason: 'no answer' });
  tally.count({ event: 'read', host: 'n2' });
  wait(2);
  expect(tally.title(80)).toBe('Connecting: 1 of 3 connected, 1 unreachable · n3: connecting, 2 s');
  expect(tally.summary()).toBe('Connecting: 1 of 3 connected, 1 unreachable in 2.0s');
  expect(eventText({ event: 'read', host: 'n2' }, 'connected')).toBe('n2: connected');
  tally.begin('Reading', 1);
  tally.count({ event: 'read', host: 'n1' });
  expect(tally.title(80)).toBe('Reading: 1 of 1 read');
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

test('a line of a log says in words what a host does and waits for', () => {
  expect(eventText({ event: 'step', host: 'n1', step: 'restart' })).toBe('n1: restarting the kubelet');
  const ready = { check: 'ready', expected: 'Ready for 10 s', seen: 'Ready for 0 s', heldMs: 0, wantedMs: 10_000 };
  expect(eventText({ event: 'gate', host: 'n1', ...ready })).toBe('n1: waiting for Ready for 10 s (Ready for 0 s)');
});

test('the time that a question stands open is not counted, nor the part before the phase began', () => {
  const { tally, wait } = counted();
  const early = tally.leaveOut();
  wait(100);
  tally.begin('Wave 1/2', 1);
  wait(5);
  early();
  wait(4);
  tally.count({ event: 'host-done', host: 'n1', outcome: 'confirmed' });
  const answered = tally.leaveOut();
  wait(3600);
  answered();
  expect(tally.summary()).toBe('Wave 1/2: 1 of 1 confirmed in 4.0s');
});
