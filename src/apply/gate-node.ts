/** What the gate asks of the node itself: its process, its health port, its closed doors. */
import { askNode } from '../facts/node-http.js';
import { monotonic } from '../lib/clock.js';
import type { Check, Looker } from './gate-check.js';
import type { GateOptions } from './gate.js';
import { type KubeletState, watchKubelet } from './kubelet-watch.js';

/** Milliseconds beyond the unit's own restart delay for which a process must live. */
const lifeMargin = 1000;

export function nodeChecks(options: GateOptions): Looker[] {
  const { expect, ports } = options;
  const wants = (setting: string): unknown => expect.find((one) => one.setting === setting)?.value;
  const lookers = [processCheck(options)];
  if (ports.healthz > 0) {
    const expected = `200 on ${ports.healthzHost}:${ports.healthz}/healthz`;
    lookers.push(
      httpCheck(
        options,
        'healthz',
        expected,
        'http',
        ports.healthzHost,
        ports.healthz,
        '/healthz',
        (answer) => answer === '200',
      ),
    );
  }
  if (wants('authentication.anonymous.enabled') === false) {
    lookers.push(
      httpCheck(
        options,
        'anonymous-10250',
        '401 without credentials',
        'https',
        '127.0.0.1',
        ports.kubelet,
        '/pods',
        (answer) => answer === '401',
      ),
    );
  }
  if (wants('readOnlyPort') === 0) {
    lookers.push(
      httpCheck(
        options,
        'read-only-port',
        'nobody listens',
        'http',
        '127.0.0.1',
        ports.readOnly,
        '/pods',
        (answer) => answer === 'refused',
      ),
    );
  }
  return lookers;
}

function processCheck({ session, target, before }: GateOptions): Looker {
  const state: Check = {
    check: 'kubelet-process',
    expected: 'a new process that stays up',
    seen: 'not looked at',
    passed: false,
  };
  let first: { readonly at: number; readonly seen: KubeletState } | undefined;
  return {
    state,
    async look() {
      const answer = await watchKubelet(session, target, 0);
      if (!answer.ok) {
        Object.assign(state, { passed: false, seen: answer.error.message });
        return;
      }
      const { value } = answer;
      const isOld = before !== undefined && value.pid === before.pid && value.startTicks === before.startTicks;
      const same = first !== undefined && first.seen.pid === value.pid && first.seen.startTicks === value.startTicks;
      const died =
        value.sub === 'auto-restart' ||
        value.active === 'failed' ||
        (first !== undefined && (!same || value.restarts > first.seen.restarts));
      if (died) {
        Object.assign(state, {
          passed: false,
          fatal: true,
          seen: `it died (unit ${value.active}/${value.sub}, ${value.restarts} restarts)`,
        });
      } else if (value.pid === 0 || isOld) {
        Object.assign(state, {
          passed: false,
          seen: isOld ? 'the old process still runs' : `no process yet (unit ${value.active}/${value.sub})`,
        });
      } else {
        first ??= { at: monotonic(), seen: value };
        const alive = monotonic() - first.at;
        const needed = value.restartDelay + lifeMargin;
        Object.assign(state, {
          passed: alive > needed,
          seen: `process ${value.pid} up for ${Math.round(alive / 1000)} s`,
        });
      }
    },
  };
}

function httpCheck(
  { session }: GateOptions,
  check: string,
  expected: string,
  scheme: 'http' | 'https',
  host: string,
  port: number,
  path: string,
  fits: (answer: string) => boolean,
): Looker {
  const state: Check = { check, expected, seen: 'not asked', passed: false };
  return {
    state,
    async look() {
      const answer = await askNode(session, { scheme, host, port, path, deadline: 5000 });
      const seen =
        answer.kind === 'status'
          ? String(answer.status)
          : answer.kind === 'refused'
            ? 'refused'
            : `${answer.kind}: ${answer.reason}`;
      Object.assign(state, { seen, passed: fits(seen) });
    },
  };
}
