/** How many connections are set up at once, to one server and through one jump host. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConnecting } from '../../src/ssh/connecting.js';
import type { Connecting, Outcome } from '../../src/ssh/connecting.js';
import { createSlots } from '../../src/ssh/slots.js';

type Route = Parameters<Connecting['begin']>[0];
const at = (hostname: string): Route[number] => ({ hostname, port: 22 });
const bastion = at('bastion');
const behind = (count: number): Route[] => Array.from({ length: count }, (_, i) => [bastion, at(`node${i}`)]);

/** Ends of connections, in the order in which they began. */
type Ends = ((outcome: Outcome) => void)[];

function beginAll(connecting: Connecting, routes: readonly Route[]): Ends {
  const ends: Ends = [];
  for (const route of routes) void connecting.begin(route).then((end) => ends.push(end));
  return ends;
}

/** Lets every promise that can go on do so; no time passes. */
const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('to one server', () => {
  it('stays below the 10 at which sshd begins to drop connections', async () => {
    const ends = beginAll(createConnecting(), Array(60).fill([at('server')]) as Route[]);
    let most = 0;
    for (let done = 0; done < 60; done++) {
      await turn();
      most = Math.max(most, ends.length - done);
      ends[done]?.('connected');
    }
    expect(most).toBe(8);
  });

  it('takes no notice of other servers', async () => {
    const ends = beginAll(
      createConnecting(),
      Array.from({ length: 60 }, (_, i) => [at(`node${i}`)]),
    );
    await turn();
    expect(ends.length).toBe(60);
  });

  it('is halved by each drop, down to one, and grows again by one with each round', async () => {
    const connecting = createConnecting();
    const ends = beginAll(connecting, Array(200).fill([at('server')]) as Route[]);
    await turn();
    for (const end of ends.splice(0)) end('dropped');
    await turn();
    expect(ends.length).toBe(1);
    ends.shift()?.('connected');
    await turn();
    expect(ends.length).toBe(2);
    for (const end of ends.splice(0)) end('connected');
    await turn();
    expect(ends.length).toBe(3);
  });

  it('keeps what it learned while nobody connects', async () => {
    const connecting = createConnecting();
    const first = beginAll(connecting, [[at('server')]]);
    await turn();
    first[0]?.('dropped');
    const ends = beginAll(connecting, Array(20).fill([at('server')]) as Route[]);
    await turn();
    expect(ends.length).toBe(4);
  });
});

describe('through a jump host', () => {
  it('begins with as many as to one server, and grows while nothing is dropped', async () => {
    const ends = beginAll(createConnecting(), behind(500));
    await turn();
    expect(ends.length).toBe(8);
    for (let done = 0; done < 100; done++) {
      ends[done]?.('connected');
      await turn();
    }
    expect(ends.length - 100).toBe(32);
  });

  it('does not fall below that, whatever single machines drop', async () => {
    const ends = beginAll(createConnecting(), behind(500));
    for (let done = 0; done < 100; done++) {
      await turn();
      ends[done]?.('dropped');
    }
    await turn();
    expect(ends.length - 100).toBe(8);
  });

  it('is not held up by machines that do not answer', async () => {
    const ends = beginAll(createConnecting(), behind(20));
    await turn();
    expect(ends.length).toBe(8);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(ends.length).toBe(16);
    // They answer after all: their places were given away once, not twice.
    for (const end of ends.slice(0, 8)) end('failed');
    await turn();
    expect(ends.length).toBe(16);
  });

  it('is a limit of its own for each jump host', async () => {
    const through = (hop: string): Route[] => behind(20).map(([, node = bastion]) => [at(hop), node]);
    const ends = beginAll(createConnecting(), [...through('one'), ...through('two')]);
    await turn();
    expect(ends.length).toBe(16);
  });
});

it('slots that are taken away are not given again, and new ones are', async () => {
  const slots = createSlots(2);
  const taken: (() => void)[] = [];
  for (let i = 0; i < 4; i++) void slots.take().then((release) => taken.push(release));
  await turn();
  slots.resize(1);
  taken[0]?.();
  await turn();
  expect(taken.length).toBe(2);
  taken[1]?.();
  await turn();
  expect(taken.length).toBe(3);
  slots.resize(2);
  await turn();
  expect(taken.length).toBe(4);
  for (const release of taken) release();
  expect(slots.isIdle()).toBe(true);
});
