import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Shutdown, listenForSignals } from '../../src/cli/shutdown.js';

let said: string[];
let ends: number[];
let source: EventEmitter;
let shutdown: Shutdown;

beforeEach(() => {
  vi.useFakeTimers();
  [said, ends, source] = [[], [], new EventEmitter()];
  const options = { say: (line: string) => void said.push(line), exit: (code: number) => void ends.push(code) };
  shutdown = listenForSignals(source as NodeJS.Process, options);
});
afterEach(() => {
  vi.useRealTimers();
});

const signal = (...names: string[]): void => names.forEach((name) => source.emit(name, name));
const state = (): object => ({
  drain: shutdown.requested.aborted,
  leave: shutdown.immediate.aborted,
  code: shutdown.exitCode(),
});

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
    expect(shutdown.outputLost()).toBe(false);
    expect(shutdown.requested.aborted).toBe(false);
  });

  it('a lost reader drains a verb that may change nodes, and does not end it', () => {
    shutdown.mayChange();
    expect(shutdown.outputLost()).toBe(true);
    expect(state()).toEqual({ drain: true, leave: false, code: undefined });
    expect(ends).toEqual([]);
  });
});

describe('while nodes are changed', () => {
  beforeEach(() => {
    shutdown.changesStarted({ revertWithin: 120_000 });
    shutdown.onEvent({ event: 'run-started', run: 'r1', hosts: 3, waves: 1 });
    for (const host of ['n1', 'n2', 'n3']) shutdown.onEvent({ event: 'step', host, step: 'gate' });
    shutdown.onEvent({ event: 'host-done', host: 'n2', outcome: 'confirmed' });
  });

  it('the first signal drains, and says who is finished first', () => {
    signal('SIGINT');
    expect(state()).toEqual({ drain: true, leave: false, code: 130 });
    expect(said).toEqual([
      'SIGINT: no new hosts will start. n1,n3 will be finished or reverted first. Press Ctrl-C again to quit immediately.',
    ]);
    vi.advanceTimersByTime(3_600_000);
    expect(ends).toEqual([]);
  });

  it('the second leaves, and says whom it leaves to their switches and how to go on', () => {
    signal('SIGINT', 'SIGTERM');
    expect(state()).toEqual({ drain: true, leave: true, code: 143 });
    expect(said[1]).toBe(
      'SIGTERM: quitting now. In progress: n1,n3. Each node reverts an undecided change on its own within 120 s.',
    );
    expect(said[2]).toBe('  to check these hosts and finish the run: kubelatch resume r1');
    vi.advanceTimersByTime(1000);
    expect(ends).toEqual([143]);
    signal('SIGINT', 'SIGINT');
    expect(said).toHaveLength(3);
  });

  it('promises no switch where there is none', () => {
    shutdown.changesStarted();
    signal('SIGINT', 'SIGINT');
    expect(said[1]).toBe('SIGINT: quitting now. In progress: n1,n3. Changes there may be incomplete.');
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
    expect(shutdown.outputLost()).toBe(true);
    expect(state()).toEqual({ drain: true, leave: false, code: undefined });
    shutdown.changesFinished();
    expect(shutdown.outputLost()).toBe(true);
  });

  it('one host or none is said as such', () => {
    shutdown.onEvent({ event: 'host-done', host: 'n1', outcome: 'confirmed' });
    signal('SIGTERM');
    expect(said[0]).toContain(' n3 will be finished or reverted first. Send SIGTERM again to quit immediately.');
    shutdown.onEvent({ event: 'host-done', host: 'n3', outcome: 'confirmed' });
    signal('SIGTERM');
    expect(said.slice(1)).toEqual(['SIGTERM: quitting now.']);
  });

  it('once it is over, a signal leaves at once and names nobody', () => {
    shutdown.changesFinished();
    signal('SIGINT');
    expect(state()).toEqual({ drain: true, leave: true, code: 130 });
    expect(said).toEqual([]);
  });
});

it('speaks past the screen where there is one', () => {
  const told: string[] = [];
  shutdown.printWith((line) => told.push(line));
  shutdown.changesStarted();
  signal('SIGINT');
  expect([told.length, said.length]).toEqual([1, 0]);
});
