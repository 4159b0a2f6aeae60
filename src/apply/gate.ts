/** Healthy means proven: what must hold after a restart before a change may stay (design: the gate). */
import { monotonic, sleep } from '../lib/clock.js';
import type { Session } from '../ssh/session.js';
import type { HostTask, RunContext } from './host-task.js';
import { lastErrors, watchKubelet } from './kubelet-watch.js';
import type { GateCheck } from './outcome.js';
import { clusterChecks } from './gate-cluster.js';
import type { Check, GateOptions, Line } from './gate-check.js';
import { nodeChecks } from './gate-node.js';

export interface GateResult {
  readonly passed: boolean;
  readonly checks: readonly GateCheck[];
  /** The checks that decided against it: those beyond hope, else all that were still open at the deadline. */
  readonly blamed: readonly GateCheck[];
  /** The kubelet's own last error lines, where it died or fell ill. */
  readonly log: readonly string[];
}

const pause = 500;
/** A dying kubelet prints its whole command line and stack after its reason. */
const logLines = 200;

/** Looks again and again until everything holds at once, something is beyond hope, or the deadline passes. */
export async function passGate(options: GateOptions): Promise<GateResult> {
  const end = monotonic() + options.deadline;
  const line: Line = { session: options.session, lost: false };
  const checks = [...nodeChecks(options, line), ...clusterChecks(options)];
  const finish = async (result: GateResult): Promise<GateResult> => {
    if (line.session !== options.session) await line.session.close();
    return result;
  };
  for (;;) {
    await Promise.all(checks.map((one) => one.look()));
    if (line.lost) await renew(line, options);
    const states = checks.map(({ state }) => state);
    const open = states.filter((state) => !state.passed && state.unchecked !== true);
    if (open.length === 0) return finish({ passed: true, checks: states.map(plain), blamed: [], log: [] });
    // Once the new process has proved to live, what it says plainly is its last word.
    const lives = states.some((state) => state.check === 'kubelet-process' && state.passed);
    const hopeless = open.filter((state) => state.fatal === true || (lives && state.definite === true));
    if (hopeless.length > 0 || monotonic() > end) {
      const blamed = hopeless.length > 0 ? hopeless : open;
      const died = blamed.some((state) => ['kubelet-process', 'healthz', 'ready'].includes(state.check));
      const last = died ? await watchKubelet(line.session, options.target, logLines) : undefined;
      const log = last?.ok === true ? lastErrors(last.value.log) : [];
      return finish({ passed: false, checks: states.map(plain), blamed: blamed.map(plain), log });
    }
    await sleep(pause);
  }
}

/** The gate for the old configuration: the node must be as healthy as it was before. */
export function proveOld(session: Session, task: HostTask, context: RunContext): Promise<GateResult> {
  const { gate, settle } = context.timing;
  const deadline = Math.max(gate, 60_000);
  return passGate({ ...task, ...context, session, before: undefined, expect: [], deadline, settle });
}

/** The checks that decided against a node, in one line. */
export const failureOf = ({ blamed }: GateResult): string =>
  blamed.map(({ check, expected, seen }) => `${check}: expected ${expected}, saw ${seen}`).join('; ');

/** A lost connection proves nothing about the kubelet: another one is opened, and the gate goes on. */
async function renew(line: Line, options: GateOptions): Promise<void> {
  const fresh = await options.connect();
  if (!fresh.ok) return;
  if (line.session !== options.session) await line.session.close();
  Object.assign(line, { session: fresh.value, lost: false });
}

const plain = ({ check, passed, expected, seen, unchecked }: Check): GateCheck => ({
  check,
  passed,
  expected,
  seen,
  ...(unchecked === true ? { unchecked } : {}),
});
