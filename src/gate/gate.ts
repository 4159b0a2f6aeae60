/** Healthy means proven: what must hold after a restart before a change may stay (design: the gate). */
import { monotonic, sleep } from '../lib/clock.js';
import type { Session } from '../ssh/session.js';
import { GateConnection } from './connection.js';
import { lastErrors } from './kubelet-watch.js';
import { clusterProbes } from './cluster-checks.js';
import { graceFor } from './grace.js';
import { interval, pollAll } from './poll-all.js';
import type { Check, GateCheck, GateNode, GateOptions, GateSettings } from './check.js';
import { guardProbes } from './guard-checks.js';
import { portProbes } from './port-checks.js';
import { unitProbe } from './unit-checks.js';

export interface GateResult {
  readonly passed: boolean;
  readonly checks: readonly GateCheck[];
  /** The checks that decided against it: those beyond hope, else all that were still open at the deadline. */
  readonly blamed: readonly GateCheck[];
  /** The kubelet's own last error lines, where it died or fell ill. */
  readonly log: readonly string[];
}

/** A dying kubelet prints its whole command line and stack after its reason. */
const logLines = 200;

/** Polls until every check passes at once, one has failed for good or for longer than the grace, or the deadline passes. */
export async function passGate(options: GateOptions): Promise<GateResult> {
  const end = monotonic() + options.timing.gate;
  const connection = new GateConnection(options.session, () => options.connect());
  const probes = [
    unitProbe(options, connection),
    ...guardProbes(options, connection),
    ...portProbes(options, connection),
    ...clusterProbes(options),
  ];
  const checks = probes.flatMap((one) => one.checks);
  const tell = whenChanged(options.onWait);
  const overdue = graceFor(options.timing.notReadyGrace, checks);
  try {
    for (;;) {
      const began = monotonic();
      const late: Check[] = [];
      await pollAll(probes, (polled) => late.push(...overdue(polled)) > 0 || polled.some((one) => one.fatal === true));
      await connection.renewIfLost();
      const open = checks.filter((one) => !one.passed && one.unchecked !== true);
      if (open.length === 0) return { passed: true, checks: checks.map(plain), blamed: [], log: [] };
      const failed = [...failedForGood(open, checks), ...late];
      if (failed.length > 0 || monotonic() > end) {
        const blamed = failed.length > 0 ? failed : open;
        const log = await logOf(blamed, connection, options);
        return { passed: false, checks: checks.map(plain), blamed: blamed.map(plain), log };
      }
      tell(open);
      await sleep(untilNext(open, began));
    }
  } finally {
    await connection.close();
  }
}

/** Milliseconds until the next round: sooner where only the end of a settle window is left to wait for. A slow node gets a pause. */
function untilNext(open: readonly Check[], began: number): number {
  const left = open.map(({ held }) => (held === undefined ? Infinity : held.of - held.ms));
  return Math.min(Math.max(0, ...left), Math.max(interval / 2, began + interval - monotonic()));
}

/** Tells of the first open check when it is another one, or begins or stops to hold. */
function whenChanged(onWait: GateOptions['onWait']): (open: readonly Check[]) => void {
  let last = '';
  return ([first]) => {
    if (first === undefined || onWait === undefined) return;
    const key = `${first.check} ${first.held === undefined ? 'open' : 'held'}`;
    if (key !== last) onWait(first);
    last = key;
  };
}

/** Open checks for which waiting longer is useless. Once the new process has proved to live, its plain answers are final. */
function failedForGood(open: readonly Check[], all: readonly Check[]): Check[] {
  const lives = all.some(({ check, passed }) => check === 'kubelet-process' && passed);
  return open.filter((one) => one.fatal === true || (lives && one.definite === true));
}

/** The kubelet's own last error lines, where its death or bad health decided. */
async function logOf(blamed: readonly Check[], connection: GateConnection, { target }: GateOptions): Promise<string[]> {
  if (!blamed.some(({ check }) => ['kubelet-process', 'healthz', 'lease', 'ready'].includes(check))) return [];
  const last = await connection.watch(target, logLines);
  return last.ok ? lastErrors(last.value.log) : [];
}

/** The gate for the old configuration: the node must be as healthy as it was before, and has until the deadline. */
export function passOldGate(session: Session, node: GateNode, settings: GateSettings): Promise<GateResult> {
  const { gate, settle } = settings.timing;
  const timing = { gate: Math.max(gate, 60_000), settle };
  const ports = node.ports.before ?? node.ports;
  return passGate({ ...node, cluster: settings.cluster, timing, session, ports, before: undefined, expect: [] });
}

/** The checks that decided against a node, in one line. */
export const failureOf = ({ blamed }: GateResult): string =>
  blamed.map(({ check, expected, seen }) => `${check}: expected ${expected}, saw ${seen}`).join('; ');

const plain = ({ check, passed, expected, seen, unchecked }: Check): GateCheck => ({
  check,
  passed,
  expected,
  seen,
  ...(unchecked === true ? { unchecked } : {}),
});
