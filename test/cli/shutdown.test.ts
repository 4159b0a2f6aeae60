import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Stops, listenForSignals } from '../../src/cli/stops.js';

let said: string[];
let ends: number[];
let source: EventEmitter;
let stops: Stops;

beforeEach(() => {
  vi.useFakeTimers();
  [said, ends, source] = [[], [], new EventEmitter()];
  const options = { say: (line: string) => void said.push(line), exit: (code: number) => void ends.push(code) };
  stops = listenForSignals(source as NodeJS.Process, options);
});
afterEach(() => {
  vi.useRealTimers();
});

const signal = (...names: string[]): void => names.forEach((name) => source.emit(name, name));
const state = (): object => ({ drain: stops.drain.aborted, leave: stops.leave.aborted, code: stops.exitCode() });

describe('while nothing is changed', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('%s leaves at once with %d, and waits a second at most', (name, code) => {
    signal(name);
    expect(state()).toEqual({ drain: true, leave: true, code });
    expect(said).toEqual([]);
    vi.advanceTimersByTime(999);
    expect(ends).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ends).toEqual([code]);
  });

  it('a lost reader has nothing to wait for', () => {
    expect(stops.outputLost()).toBe(false);
    expect(stops.drain.aborted).toBe(false);
  });

  it('a lost reader drains a verb that may change nodes, and does not end it', () => {
    stops.mayChange();
    expect(stops.outputLost()).toBe(true);
    expect(state()).toEqual({ drain: true, leave: false, code: undefined });
    expect(ends).toEqual([]);
  });
});

describe('while nodes are changed', () => {
  beforeEach(() => {
    stops.changing({ within: 120_000 });
    stops.onEvent({ event: 'run-started', run: 'r1', hosts: 3, waves: 1 });
    for (const host of ['n1', 'n2', 'n3']) stops.onEvent({ event: 'step', host, step: 'gate' });
    stops.onEvent({ event: 'host-done', host: 'n2', outcome: 'confirmed' });
  });

  it('the first signal drains, and says who is finished first', () => {
    signal('SIGINT');
    expect(state()).toEqual({ drain: true, leave: false, code: 130 });
    expect(said).toEqual([
      'SIGINT: no further host is started; n1,n3 are finished or put back first. Once more to leave at once.',
    ]);
    vi.advanceTimersByTime(3_600_000);
    expect(ends).toEqual([]);
  });

  it('the second leaves, and says whom it leaves to their switches and how to go on', () => {
    signal('SIGINT', 'SIGTERM');
    expect(state()).toEqual({ drain: true, leave: true, code: 143 });
    expect(said[1]).toBe(
      'SIGTERM: left at once. Under way: n1,n3. What is not decided there, each node puts back by itself within 120 s.',
    );
    expect(said[2]).toBe('  kubelatch resume r1 asks them how it ended, and ends the run.');
    vi.advanceTimersByTime(1000);
    expect(ends).toEqual([143]);
    signal('SIGINT', 'SIGINT');
    expect(said).toHaveLength(3);
  });

  it('promises no switch where there is none', () => {
    stops.changing();
    signal('SIGINT', 'SIGINT');
    expect(said[1]).toBe('SIGINT: left at once. Under way: n1,n3. They may be unfinished.');
  });

  it('a terminal that goes away drains, however often it says so', () => {
    signal('SIGHUP', 'SIGHUP', 'SIGHUP');
    expect(state()).toEqual({ drain: true, leave: false, code: 129 });
    expect(said).toHaveLength(1);
  });

  it('SIGHUP after Ctrl-C does not cut the drain short', () => {
    signal('SIGINT', 'SIGHUP');
    expect(state()).toEqual({ drain: true, leave: false, code: 130 });
  });

  it('a lost reader drains without a code of its own, also when the change is over meanwhile', () => {
    expect(stops.outputLost()).toBe(true);
    expect(state()).toEqual({ drain: true, leave: false, code: undefined });
    stops.settled();
    expect(stops.outputLost()).toBe(true);
  });

  it('one host or none is said as such', () => {
    stops.onEvent({ event: 'host-done', host: 'n1', outcome: 'confirmed' });
    signal('SIGTERM');
    expect(said[0]).toContain('; n3 is finished or put back first.');
    stops.onEvent({ event: 'host-done', host: 'n3', outcome: 'confirmed' });
    signal('SIGTERM');
    expect(said.slice(1)).toEqual(['SIGTERM: left at once.']);
  });

  it('once it is over, a signal leaves at once and names nobody', () => {
    stops.settled();
    signal('SIGINT');
    expect(state()).toEqual({ drain: true, leave: true, code: 130 });
    expect(said).toEqual([]);
  });
});

it('speaks past the screen where there is one', () => {
  const told: string[] = [];
  stops.tellBy((line) => told.push(line));
  stops.changing();
  signal('SIGINT');
  expect([told.length, said.length]).toEqual([1, 0]);
});
