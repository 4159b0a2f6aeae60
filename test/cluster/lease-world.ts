/** Machines with clocks of their own, an API server that keeps one Lease, and a network between them, in simulated time. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ApiResponse, ClusterError, Gateway, ApiRequest } from '../../src/cluster/gateway.js';
import { type Result, fail, ok } from '../../src/lib/result.js';

export interface Machine {
  readonly name: string;
  /** Seconds its clocks count in one true second. */
  readonly rate: number;
  /** Milliseconds by which its wall clock is wrong. */
  readonly skew: number;
  /** When nothing of it runs, in true milliseconds; `asleep` as a laptop is: its monotonic clock stands still. */
  readonly stalls: readonly { readonly from: number; readonly to: number; readonly asleep: boolean }[];
  dead: boolean;
}

/** What happens to one request: milliseconds to the server and back; what is lost never arrives. */
export interface Weather {
  readonly there: number;
  readonly back: number;
  readonly lost?: 'request' | 'answer' | undefined;
}

interface Stored {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Timer {
  readonly at: number;
  readonly machine: Machine;
  readonly wake: () => void;
}

const running = new AsyncLocalStorage<Machine>();
export const epoch = Date.parse('2026-11-23T12:00:00Z');

let now = 0;
let timers: Timer[] = [];

export const machine = (name: string, over: Partial<Machine> = {}): Machine => ({
  ...{ name, rate: 1, skew: 0, stalls: [], dead: false },
  ...over,
});
const here = (): Machine => running.getStore() ?? nowhere;
const nowhere = machine('nowhere');

export const isStalled = ({ stalls }: Machine): boolean => stalls.some(({ from, to }) => now >= from && now < to);

/** For vi.mock of lib/clock. */
export const clock = {
  monotonic(): number {
    const { rate, stalls } = here();
    const slept = stalls
      .filter(({ asleep }) => asleep)
      .reduce((sum, { from, to }) => sum + Math.max(0, Math.min(now, to) - from), 0);
    return (now - slept) * rate;
  },
  sinceBoot: (): number => now * here().rate,
  isoTime: (): string => new Date(epoch + now + here().skew).toISOString(),
  sleep: (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      signal?.addEventListener('abort', wake);
      later(ms / here().rate, wake);
    }),
};

function later(ms: number, wake: () => void): void {
  timers.push({ at: now + ms, machine: here(), wake });
}

/** Starts what one machine does. */
export const on = <T>(where: Machine, work: () => T): T => running.run(where, work);

export const time = (): number => now;

/** A new world at time 0. */
export function begin(): void {
  [now, timers] = [0, []];
}

/** Lets `ms` pass; `look` sees every moment at which something happened. */
export async function pass(ms: number, look: () => void = () => undefined): Promise<void> {
  const end = now + ms;
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    look();
    const next = timers.reduce<Timer | undefined>(
      (first, one) => (first && first.at <= one.at ? first : one),
      undefined,
    );
    if (next === undefined || next.at > end) break;
    timers = timers.filter((one) => one !== next);
    now = Math.max(now, next.at);
    const stall = next.machine.stalls.find(({ from, to }) => now >= from && now < to);
    if (next.machine.dead) continue;
    if (stall === undefined) next.wake();
    else timers.push({ ...next, at: stall.to });
  }
  now = end;
}

export class LeaseServer {
  lease: Stored | undefined;
  /** All that arrived, in order. */
  readonly seen: string[] = [];
  /** Refuses instead of answering. */
  refuse: (request: ApiRequest) => number | undefined = () => undefined;
  /** Milliseconds by which its own clock is wrong. */
  skew = 0;
  weather: () => Weather = () => ({ there: 5, back: 5 });
  private version = 100;

  gateway(): Gateway {
    return {
      get: () => Promise.reject(new Error('nobody asks for that here')),
      send: (request, deadline = 10_000) => this.send(request, deadline),
      kubectl: () => Promise.reject(new Error('nobody asks for that here')),
      close: () => Promise.resolve(),
    };
  }

  /** As somebody with kubectl does it. */
  write(spec: Stored['spec'], metadata: Stored['metadata'] = {}): void {
    this.version += 1;
    const uid = this.lease?.metadata['uid'] ?? `uid-${this.version}`;
    this.lease = { metadata: { uid, ...this.lease?.metadata, ...metadata, resourceVersion: `${this.version}` }, spec };
  }

  private send(request: ApiRequest, deadline: number): Promise<Result<ApiResponse, ClusterError>> {
    const { there, back, lost } = this.weather();
    const from = here();
    return new Promise((resolve) => {
      later(deadline, () => resolve(fail({ kind: 'unreachable', message: 'no answer in time' })));
      if (lost === 'request') return;
      // Packets on their way arrive, whatever becomes of the sender.
      on(nowhere, () =>
        later(there, () => {
          const answer = this.handle(request);
          if (lost !== 'answer') on(from, () => later(back, () => resolve(answer)));
        }),
      );
    });
  }

  /** Answers as kube-apiserver 1.20 was seen to do. */
  private handle({ method, body }: ApiRequest): Result<ApiResponse, ClusterError> {
    this.seen.push(method);
    const refused = (status: number): Result<ApiResponse, ClusterError> =>
      fail({ kind: 'refused', status, message: `HTTP ${status}` });
    const code = this.refuse({ method, path: '', body });
    if (code !== undefined) return refused(code);
    const { lease } = this;
    if (method === 'GET') return lease === undefined ? refused(404) : this.answer();
    const sent = JSON.parse(JSON.stringify(body)) as Stored;
    if (method === 'POST' && lease !== undefined) return refused(409);
    if (method === 'PUT') {
      const { uid, resourceVersion } = sent.metadata;
      if (lease === undefined && uid !== undefined) return refused(409);
      if (
        lease !== undefined &&
        (uid !== lease.metadata['uid'] || resourceVersion !== lease.metadata['resourceVersion'])
      )
        return refused(409);
    }
    // A write that changes nothing makes no new version.
    if (JSON.stringify(sent.spec) !== JSON.stringify(lease?.spec)) this.write(sent.spec, sent.metadata);
    return this.answer();
  }

  private answer(): Result<ApiResponse, ClusterError> {
    return ok({ body: this.lease, date: Math.floor((epoch + now + this.skew) / 1000) * 1000 });
  }
}
