/** How a supervisor's running kubelet was started: from a line of the journal, or from the child's arguments. */
import type { Origin } from '../facts/command-line.js';
import { parseFlags } from '../facts/kubelet-flags.js';
import type { NodeFacts, ProcessFact, UnitFact } from '../facts/node-facts.js';
import type { RunningFlags } from '../facts/running-flags.js';

/** The kubelet's own process, or the supervisor's process that includes it. */
export function kubeletProcess(facts: NodeFacts, unit: UnitFact, kubelet: 'child' | 'inside'): ProcessFact | undefined {
  return kubelet === 'child' ? childOf(facts, unit) : facts.processes.find((one) => one.pid === unit.mainPid);
}

export function runningFlags(facts: NodeFacts, unit: UnitFact, kubelet: 'child' | 'inside'): RunningFlags | undefined {
  return kubelet === 'child' ? ofChild(childOf(facts, unit)) : ofJournal(facts.started.get(unit.name), unit);
}

function childOf(facts: NodeFacts, unit: UnitFact): ProcessFact | undefined {
  const kubelets = facts.processes.filter((one) => one.name === 'kubelet' && one.parent > 1);
  return kubelets.find((one) => one.parent === unit.mainPid) ?? kubelets[0];
}

const somewhere: Origin = { kind: 'built-in', path: '', line: 1, start: 0, end: 0 };
const flagsOf = (words: readonly string[], where: string): RunningFlags => ({
  flags: parseFlags(words.map((text) => ({ text, origin: somewhere }))),
  where,
});

/** A process without arguments hides them. */
function ofChild(process: ProcessFact | undefined): RunningFlags | undefined {
  if (process === undefined || process.argv.length < 2) return undefined;
  return flagsOf(process.argv.slice(1), `arguments of process ${process.pid}`);
}

/** A log line of logrus, which joins arguments by blanks without quotes (k3s-io/k3s pkg/daemons/config, ArgString). */
function ofJournal(line: string | undefined, unit: UnitFact): RunningFlags | undefined {
  const message = /^time="[^"]*" level=info msg=("(?:[^"\\]|\\.)*")\s*$/.exec(line ?? '')?.[1];
  if (message === undefined) return undefined;
  try {
    const text = JSON.parse(message) as string;
    const words = text.replace(/^Running kubelet /, '').split(/ (?=--)/);
    return flagsOf(words, `journal of ${unit.name}`);
  } catch {
    return undefined;
  }
}
