/** What the gate asks of the node itself: its process, its health port, its closed doors. */
import { type Ask, askNode } from '../facts/node-http.js';
import { monotonic } from '../lib/clock.js';
import type { Check, GateOptions, Line, Looker } from './gate-check.js';
import { type KubeletState, watchKubelet } from './kubelet-watch.js';

/** Milliseconds beyond the unit's own restart delay for which a process must live. */
const lifeMargin = 1000;
const local = '127.0.0.1';

export function nodeChecks(options: GateOptions, line: Line): Looker[] {
  const { expect, ports } = options;
  const wants = (setting: string): unknown => expect.find((one) => one.setting === setting)?.value;
  const lookers = [processCheck(options, line), ...containersCheck(options, line)];
  if (ports.healthz > 0) {
    const ask = { scheme: 'http', host: ports.healthzHost, port: ports.healthz, path: '/healthz' } as const;
    lookers.push(httpCheck(line, 'healthz', ask, '200', `200 on ${ask.host}:${ask.port}${ask.path}`));
  }
  if (wants('authentication.anonymous.enabled') === false) {
    const ask = { scheme: 'https', host: local, port: ports.kubelet, path: '/pods' } as const;
    lookers.push(httpCheck(line, 'anonymous-10250', ask, '401', '401 without credentials'));
  }
  if (wants('readOnlyPort') === 0) {
    const ask = { scheme: 'http', host: local, port: ports.readOnly, path: '/pods' } as const;
    lookers.push(httpCheck(line, 'read-only-port', ask, 'refused', 'nobody listens'));
  }
  return lookers;
}

function processCheck({ target, before }: GateOptions, line: Line): Looker {
  const state: Check = {
    check: 'kubelet-process',
    expected: 'a new process that stays up',
    seen: 'not looked at',
    passed: false,
  };
  let first: { readonly at: number; readonly seen: KubeletState } | undefined;
  const judge = (now: KubeletState): Partial<Check> => {
    const unit = `unit ${now.active}/${now.sub}`;
    const other = first !== undefined && !isSame(first.seen, now);
    const died =
      now.sub === 'auto-restart' ||
      now.active === 'failed' ||
      other ||
      now.restarts > (first?.seen.restarts ?? now.restarts);
    if (died) return { passed: false, fatal: true, seen: `it died (${unit}, ${now.restarts} restarts)` };
    if (now.pid === 0) return { passed: false, seen: `no process yet (${unit})` };
    if (before !== undefined && isSame(before, now)) return { passed: false, seen: 'the old process still runs' };
    first ??= { at: monotonic(), seen: now };
    const alive = monotonic() - first.at;
    return {
      passed: alive > now.restartDelay + lifeMargin,
      seen: `process ${now.pid} up for ${Math.round(alive / 1000)} s`,
    };
  };
  return {
    state,
    async look() {
      const answer = await watchKubelet(line.session, target, 0);
      line.lost = !answer.ok && answer.error.kind === 'lost';
      Object.assign(state, answer.ok ? judge(answer.value) : { passed: false, seen: answer.error.message });
    },
  };
}

/** Containers outlive their kubelet: a restart that ended all of them was no restart of the kubelet alone. */
function containersCheck({ target, before }: GateOptions, line: Line): Looker[] {
  const had = before?.containers ?? [];
  if (had.length === 0) return [];
  const state: Check = {
    check: 'containers',
    expected: `containers from before still run`,
    seen: 'not looked at',
    passed: false,
  };
  return [
    {
      state,
      async look() {
        const answer = await watchKubelet(line.session, target, 0);
        if (!answer.ok) return;
        const left = had.filter((one) => answer.value.containers.includes(one)).length;
        Object.assign(state, { passed: left > 0, seen: `${left} of ${had.length} still run` });
      },
    },
  ];
}

/** The same process: a pid alone may be given again. */
const isSame = (left: KubeletState, right: KubeletState): boolean =>
  left.pid === right.pid && left.startTicks === right.startTicks;

function httpCheck(line: Line, check: string, ask: Omit<Ask, 'deadline'>, wanted: string, expected: string): Looker {
  const state: Check = { check, expected, seen: 'not asked', passed: false };
  return {
    state,
    async look() {
      const answer = await askNode(line.session, { ...ask, deadline: 5000 });
      const seen =
        answer.kind === 'status'
          ? String(answer.status)
          : answer.kind === 'refused'
            ? 'refused'
            : `${answer.kind}: ${answer.reason}`;
      Object.assign(state, {
        seen,
        passed: seen === wanted,
        definite: answer.kind === 'status' && answer.status === 200,
      });
    },
  };
}
