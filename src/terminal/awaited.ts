/** What each host is waiting for and since when: the slowest one is what a person wants to know. */
import type { RunEvent } from '../run/outcome.js';
import { oneLine } from '../lib/sanitize.js';

export interface Awaited {
  /** Takes in an event; `time` in milliseconds. `connecting`: what a host does from then on. */
  follow(event: RunEvent, time: number, connecting: string): void;
  /** `n1: waiting for Ready, 6 of 10 s (+2 more)` of the host that began first; undefined where none is under way. */
  text(time: number): string | undefined;
  /** The host that took longest of those that are done. */
  slowest(): { readonly host: string; readonly ms: number } | undefined;
  clear(): void;
}

interface Underway {
  /** When the host began, and when what it does now began. */
  readonly began: number;
  readonly since: number;
  readonly doing: string;
  /** Milliseconds until it is done, where that is known. */
  readonly of?: number | undefined;
}

const stepWords: Readonly<Record<string, string>> = {
  connect: 'connecting',
  certificate: 'waiting for its certificate',
  prepare: 'copying files',
  prove: 'connecting again',
  arm: 'arming the revert timer',
  cordon: 'cordoning',
  write: 'writing files',
  restart: 'restarting the kubelet',
  gate: 'checking health',
  confirm: 'confirming',
  revert: 'reverting',
  uncordon: 'uncordoning',
  uninstall: 'removing files',
};

const checkWords: Readonly<Record<string, string>> = {
  'kubelet-process': 'the kubelet to start',
  healthz: 'healthz',
  'serving-certificate': 'the serving certificate',
  lease: 'lease renewals',
  ready: 'Ready',
  configz: 'the new settings',
  'api-server-readyz': 'the API server',
  etcd: 'etcd',
};

/** `waiting for Ready`; the names of ports and of new checks stay as they are. */
export const waitingFor = (check: string): string => `waiting for ${checkWords[check] ?? oneLine(check)}`;

export const doing = (step: string): string => stepWords[step] ?? step;

export function createAwaited(): Awaited {
  const hosts = new Map<string, Underway>();
  let slowest: { host: string; ms: number } | undefined;

  const done = (host: string, time: number): void => {
    const one = hosts.get(host);
    hosts.delete(host);
    if (one === undefined) return;
    const ms = time - one.began;
    if (slowest === undefined || ms > slowest.ms) slowest = { host, ms };
  };
  const set = (host: string, time: number, what: string, held = 0, of?: number): void => {
    const began = hosts.get(host)?.began ?? time;
    hosts.set(host, { began, since: time - held, doing: what, of });
  };

  return {
    follow(event, time, connecting) {
      switch (event.event) {
        case 'connecting':
          set(event.host, time, connecting);
          return;
        case 'step':
          set(event.host, time, doing(event.step));
          return;
        case 'gate':
          set(event.host, time, waitingFor(event.check), event.heldMs, event.wantedMs);
          return;
        case 'read':
        case 'judged':
        case 'unreachable':
        case 'unreadable':
        case 'host-done':
          done(event.host, time);
          return;
        default:
          return;
      }
    },
    text(time) {
      const [first] = [...hosts].toSorted(([, a], [, b]) => a.began - b.began);
      if (first === undefined) return undefined;
      const [host, one] = first;
      const seconds = Math.max(0, Math.floor((time - one.since) / 1000));
      const of = one.of === undefined ? '' : ` of ${Math.round(one.of / 1000)}`;
      const passed = one.of === undefined ? seconds : Math.min(seconds, Math.round(one.of / 1000));
      const more = hosts.size === 1 ? '' : ` (+${hosts.size - 1} more)`;
      return `${oneLine(host)}: ${one.doing}, ${passed}${of} s${more}`;
    },
    slowest: () => slowest,
    clear() {
      hosts.clear();
      slowest = undefined;
    },
  };
}
