/** Healthy means proven: what must hold after a restart before a change may stay (design: the gate). */
import type { Cluster } from '../cluster/cluster.js';
import type { WatchTarget } from '../facts/kubelet-setup.js';
import { monotonic, sleep } from '../lib/clock.js';
import type { KubeletPorts } from '../facts/kubelet-ports.js';
import type { Expectation } from '../plan/host-plan.js';
import type { Result } from '../lib/result.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import { type KubeletState, lastErrors, watchKubelet } from './kubelet-watch.js';
import type { GateCheck } from './outcome.js';
import { clusterChecks } from './gate-cluster.js';
import type { Check, Line } from './gate-check.js';
import { nodeChecks } from './gate-node.js';

export interface GateOptions {
  readonly session: Session;
  /** A new connection, for when the first one is lost. */
  connect(): Promise<Result<Session, HostError>>;
  readonly cluster: Cluster | undefined;
  readonly nodeName: string | undefined;
  readonly target: WatchTarget;
  /** The process before the restart; its like must not be seen again. */
  readonly before: KubeletState | undefined;
  /** Settings that configz must show; empty when the old configuration is proved. */
  readonly expect: readonly Expectation[];
  readonly ports: KubeletPorts;
  readonly controlPlane: boolean;
  /** Milliseconds until the gate fails. */
  readonly deadline: number;
  /** Milliseconds for which the node must be Ready without a break. */
  readonly settle: number;
}

export interface GateResult {
  readonly passed: boolean;
  readonly checks: readonly GateCheck[];
  /** The kubelet's own last error lines; empty when the gate passed. */
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
    if (open.length === 0) return finish({ passed: true, checks: states.map(plain), log: [] });
    if (open.some((state) => state.fatal === true) || monotonic() > end) {
      const last = await watchKubelet(line.session, options.target, logLines);
      return finish({ passed: false, checks: states.map(plain), log: last.ok ? lastErrors(last.value.log) : [] });
    }
    await sleep(pause);
  }
}

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
