/** A rollout that is paused at the end of its maintenance window. The wall clock is the test's; timers are virtual. */
import { expect, it, vi } from 'vitest';
import { type Outcome, hostOutcome } from '../../src/run/outcome.js';
import { allOf, withinForks } from '../../src/run/room.js';
import { type Pauses, pauseBetween } from '../../src/run/pause.js';
import { type RolloutHost, type RolloutOptions, rollOut } from '../../src/run/rollout.js';
import { withinWindow } from '../../src/run/window.js';
import { FakeJournal } from '../change/fake-node.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

const minutes = 60_000;
const endsAt = 1000 * minutes;

/** Each host takes `takes` minutes of the wall clock, and may take eight. */
function rolling(names: readonly string[], over: Partial<RolloutOptions> & { readonly takes?: number } = {}) {
  const wall = { time: endsAt - 20 * minutes };
  const started: string[] = [];
  const journal = new FakeJournal();
  const outcomes: Record<string, Outcome['outcome']> = {};
  const hosts = names.map((host): RolloutHost => ({
    ...{ host, nodeName: host, controlPlane: false, mayTake: 8 * minutes },
    run() {
      started.push(host);
      wall.time += (over.takes ?? 5) * minutes;
      return Promise.resolve(hostOutcome(host, outcomes[host] ?? 'confirmed'));
    },
  }));
  const run = () =>
    rollOut({
      waves: hosts.map((host) => [host]),
      admit: allOf(
        withinWindow({ endsAt, given: '05:00' }, () => wall.time),
        withinForks(8),
      ),
      ...{ roomTimeout: 1000, maxFailures: { count: 0 }, needsJournal: true, canPause: true, hintAfterFault: '' },
      notStarted: (host, stopped, isPaused) => hostOutcome(host, 'skipped', isPaused ? stopped : 'stopped'),
      journal,
      report: () => undefined,
      shutdown: new AbortController().signal,
      ...over,
    });
  return { run, wall, started, outcomes, journal };
}

it('starts no host that may not be done by the end, and names those that are left', async () => {
  const { run, started, journal } = rolling(['n1', 'n2', 'n3', 'n4', 'n5']);
  const result = await run();
  // 20, 15 and 10 minutes before the end; 5 are too few.
  expect(started).toEqual(['n1', 'n2', 'n3']);
  expect(result.isPaused).toBe(true);
  expect(result.outcomes.map(({ outcome }) => outcome).join(' ')).toBe('confirmed confirmed confirmed skipped skipped');
  expect(result.outcomes.at(-1)?.reason).toMatch(/window ends at .*, and this node may need 8 min$/);
  expect(journal.entries.slice(-2)).toEqual([
    { entry: 'stopped', reason: result.stopped },
    { entry: 'paused', hosts: ['n4', 'n5'] },
  ]);
});

it('a host under way at the end is finished', async () => {
  const { run, started } = rolling(['n1', 'n2'], { takes: 90 });
  const result = await run();
  expect(started).toEqual(['n1']);
  expect(result.outcomes.map(({ outcome }) => outcome)).toEqual(['confirmed', 'skipped']);
  expect(result.stopped).toMatch(/^the maintenance window ended at/);
});

it('a clock that jumps forward ends the window; one that jumps back does not stop anything', async () => {
  const forward = rolling(['n1', 'n2', 'n3'], { takes: 600 });
  expect((await forward.run()).isPaused).toBe(true);
  expect(forward.started).toEqual(['n1']);
  const back = rolling(['n1', 'n2', 'n3', 'n4', 'n5', 'n6'], { takes: -60 });
  expect((await back.run()).stopped).toBeUndefined();
  expect(back.started).toHaveLength(6);
});

it('a failure is no pause, also where the window is over', async () => {
  const { run, outcomes, journal } = rolling(['n1', 'n2'], { takes: 90 });
  outcomes['n1'] = 'reverted';
  const result = await run();
  expect([result.isPaused, result.stopped]).toEqual([false, '1 host failed (n1), 0 allowed']);
  expect(journal.entries.some(({ entry }) => entry === 'paused')).toBe(false);
});

it('a run that cannot go on later, such as an uninstall, is stopped and not paused', async () => {
  const { run, journal } = rolling(['n1', 'n2'], { takes: 90, canPause: false });
  const result = await run();
  expect([result.isPaused, result.outcomes.at(-1)?.outcome]).toEqual([false, 'skipped']);
  expect(journal.entries.at(-1)).toEqual({ entry: 'stopped', reason: result.stopped });
});

it('asks after the waves that were named, tells how hosts are, and stops there if a person says so', async () => {
  const questions: string[] = [];
  const events: string[] = [];
  const report = (event: { readonly event: string }): void => void events.push(event.event);
  const answers = [true, false];
  const ask = (question: string): Promise<boolean> => {
    questions.push(question);
    return Promise.resolve(answers.shift() ?? false);
  };
  const { journal, run, started } = rolling(['n1', 'n2', 'n3', 'n4'], {
    takes: 0,
    report,
    afterWave: (end) => pauseBetween({ after: [1, 3], ask }, { journal, report })(end),
  });
  const result = await run();
  expect(questions).toEqual([
    'Wave 1 of 4 is done: 1 confirmed. 3 hosts left. Go on with wave 2 (1 host)?',
    'Wave 3 of 4 is done: 3 confirmed. 1 host left. Go on with wave 4 (1 host)?',
  ]);
  expect([started, result.isPaused]).toEqual([['n1', 'n2', 'n3'], true]);
  expect(result.stopped).toBe('wave 3 of 4 is done, and you stopped here after 0 s');
  expect(journal.entries).toContainEqual({ entry: 'pause', wave: 1, waitedMs: 0, goesOn: true });
  expect(events.filter((event) => event === 'pause-ended')).toHaveLength(2);
});

it('without anybody to ask the run stops there; each is all waves but the last', async () => {
  const first = rolling(['n1', 'n2'], { takes: 0 });
  const after = (over: Pauses) => pauseBetween(over, { journal: first.journal, report: () => undefined });
  const end = { wave: 1, waves: 2, outcomes: [], next: 1, left: 1 };
  expect(await after({ after: ['each'] })(end)).toBe('wave 1 of 2 is done, and --pause-after stops here');
  expect(await after({ after: [2] })(end)).toBeUndefined();
  // Who cancels the question wants no more changes.
  const cancel = (): Promise<boolean> => Promise.reject(new Error('cancelled'));
  expect(await after({ after: [1], ask: cancel })(end)).toMatch(/^wave 1 of 2 is done, and you stopped here/);
  const each = rolling(['n1', 'n2', 'n3'], {
    takes: 0,
    afterWave: (wave) => Promise.resolve(wave.wave === 3 ? 'after the last' : undefined),
  });
  expect((await each.run()).stopped).toBeUndefined();
});
