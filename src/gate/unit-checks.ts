/** What the gate asks of the unit that runs the kubelet: its process, the arguments of that, and the containers. */
import { holdsArgument } from '../facts/kubelet-flags.js';
import { monotonic } from '../lib/clock.js';
import type { Check, GateOptions, GateProbe } from './check.js';
import type { GateConnection } from './connection.js';
import type { KubeletState } from './kubelet-watch.js';

/** Milliseconds beyond the unit's own restart delay for which a process must live. */
const lifeMargin = 1000;
const unseen = { seen: 'not checked yet', passed: false };

/** One report of the unit has its process, its arguments, and the containers. */
export function unitProbe(options: GateOptions, connection: GateConnection): GateProbe {
  const judges = [processJudge(options), ...argumentsJudge(options), ...containersJudge(options)];
  return {
    checks: judges.map(({ check }) => check),
    async poll() {
      const answer = await connection.watch(options.target, 0);
      for (const { check, judge } of judges)
        Object.assign(
          check,
          answer.ok ? judge(answer.value) : { passed: false, isUp: false, seen: answer.error.message },
        );
    },
  };
}

/** A check, and how the unit's state decides it. */
interface UnitJudge {
  readonly check: Check;
  readonly judge: (now: KubeletState) => Partial<Check>;
}

function processJudge({ before }: GateOptions): UnitJudge {
  let first: { readonly at: number; readonly seen: KubeletState } | undefined;
  const check = { check: 'kubelet-process', expected: 'a new process that stays up', ...unseen };
  return {
    check,
    judge(now) {
      const unit = `unit ${now.active}/${now.sub}`;
      const died =
        now.sub === 'auto-restart' ||
        now.active === 'failed' ||
        (first !== undefined && !isSame(first.seen, now)) ||
        now.restarts > (first?.seen.restarts ?? now.restarts);
      if (died) return { passed: false, fatal: true, seen: `the process exited (${unit}, ${now.restarts} restarts)` };
      if (now.pid === 0) return { passed: false, seen: `no process yet (${unit})` };
      if (before !== undefined && isSame(before, now)) return { passed: false, seen: 'the old process still runs' };
      first ??= { at: monotonic(), seen: now };
      const alive = monotonic() - first.at;
      return {
        passed: alive > now.restartDelay + lifeMargin,
        // A server of k3s or RKE2 may take minutes to start.
        isUp: now.active === 'active',
        seen: `process ${now.pid} up for ${Math.round(alive / 1000)} s`,
      };
    },
  };
}

/** Flags that configz does not show. A kubelet inside another program does not show its arguments: not checked then. */
function argumentsJudge({ target, expect }: GateOptions): UnitJudge[] {
  const wanted = expect.flatMap(({ argument }) => argument ?? []);
  if (wanted.length === 0) return [];
  const judge = ({ argv }: KubeletState): Partial<Check> => {
    if (argv === undefined)
      return { passed: false, unchecked: target.child === false, seen: 'the arguments of the kubelet cannot be read' };
    const missing = wanted.filter((one) => !holdsArgument(argv, one));
    const passed = missing.length === 0;
    return { passed, unchecked: false, seen: passed ? 'present' : `missing: ${missing.join(' ')}` };
  };
  return [{ check: { check: 'arguments', expected: wanted.join(' '), ...unseen }, judge }];
}

/** Containers outlive their kubelet: a restart that ended all of them restarted more than the kubelet. */
function containersJudge({ before }: GateOptions): UnitJudge[] {
  const had = before?.containers ?? [];
  if (had.length === 0) return [];
  const judge = ({ containers }: KubeletState): Partial<Check> => {
    const left = had.filter((one) => containers.includes(one)).length;
    return { passed: left > 0, seen: `${left} of ${had.length} still run` };
  };
  return [
    { check: { check: 'containers', expected: 'containers from before the restart still run', ...unseen }, judge },
  ];
}

/** The same process: a pid alone may be given again. */
const isSame = (left: KubeletState, right: KubeletState): boolean =>
  left.pid === right.pid && left.startTicks === right.startTicks;
