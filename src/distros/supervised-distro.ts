/** What all supervised distributions do in the same way: what is read of a node, how it is recognised and changed. */
import { posix } from 'node:path';
import type { Origin } from '../facts/command-line.js';
import { parseFlags } from '../facts/kubelet-flags.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts, ProcessFact, ProbeRequest, UnitFact } from '../facts/node-facts.js';
import type { RunningFlags } from '../facts/running-flags.js';
import type { Distro } from './distro.js';
import { kernelObstacle, kernelSettingsProbe } from './kernel-settings.js';
import { changeSupervised } from './supervised-edits.js';
import { type Supervisor, supervisedUnit } from './supervised-kubelet.js';
import { supervisedSetup } from './supervised-sources.js';

export function supervisedDistro(supervisor: Supervisor): Distro {
  return {
    name: supervisor.name,
    title: supervisor.title,
    kubectl: supervisor.kubectl,
    probe: probeOf(supervisor),
    detect: (facts) => detect(facts, supervisor),
    change: (facts, setup, setting, value, wishes) =>
      changeSupervised(facts, setup, setting, value, supervisor, wishes),
    unmet: (facts, setting, value) =>
      setting.path === 'protectKernelDefaults' && value === true ? kernelObstacle(facts) : undefined,
    // Neither an upgrade nor the installer touches files in config.yaml.d or kubelet.conf.d.
    undoneBy: () => [],
  };
}

function probeOf({ units, processes, configFolder, dataDir, binary, kubelet, profiles }: Supervisor): ProbeRequest {
  return {
    units,
    processes,
    // The last one is what the installer gives a service script of OpenRC.
    read: [
      `${configFolder}/config.yaml`,
      `${dataDir}/agent/client-ca.crt`,
      `${configFolder}/${binary}.env`,
      ...kernelSettingsProbe.read,
    ],
    look: [`${dataDir}/agent/kubelet.kubeconfig`, `${dataDir}/agent/kubeproxy.kubeconfig`],
    folders: [`${configFolder}/config.yaml.d`, `${dataDir}/agent/etc/kubelet.conf.d`, ...kernelSettingsProbe.folders],
    readReferences: ['config'],
    lookReferences: [],
    programs: [`${binary}*`],
    starters: kubelet === 'inside' ? units : [],
    accounts: profiles === undefined ? [] : [profiles.account],
  };
}

function detect(facts: NodeFacts, supervisor: Supervisor): KubeletSetup | undefined {
  const unit = supervisedUnit(facts, supervisor);
  if (unit === undefined) return undefined;
  const isChild = supervisor.kubelet === 'child';
  const process = isChild ? childOf(facts, unit) : facts.processes.find((one) => one.pid === unit.mainPid);
  const running = isChild ? ofChild(process) : ofJournal(facts.started.get(unit.name), unit);
  const { dataDir, ...setup } = supervisedSetup(facts, unit, supervisor, running);
  return {
    ...setup,
    distro: supervisor.name,
    process,
    running,
    // Where the kubelet is a child, the unit stays active with a dead one, and its words are in a file.
    watch: isChild
      ? {
          unit: unit.name,
          processName: 'kubelet',
          logPath: posix.join(dataDir, 'agent/logs/kubelet.log'),
          child: true,
        }
      : { unit: unit.name, processName: supervisor.binary, logPath: undefined, child: false },
    unchangeable: facts.init === 'systemd' ? undefined : withoutSystemd,
  };
}

const withoutSystemd = {
  reason: 'the node is not run by systemd: nothing on it could put a change back by itself',
  hint: 'make the edits by hand (kubelatch explain RULE), restart the service, and audit again',
};

function childOf(facts: NodeFacts, unit: UnitFact): ProcessFact | undefined {
  const kubelets = facts.processes.filter((one) => one.name === 'kubelet' && one.parent > 1);
  return kubelets.find((one) => one.parent === unit.mainPid) ?? kubelets[0];
}

const somewhere: Origin = { kind: 'built-in', path: '', line: 1, start: 0, end: 0 };
const flagsOf = (words: readonly string[], where: string): RunningFlags => ({
  flags: parseFlags(words.map((text) => ({ text, origin: somewhere }))),
  where,
});

/** A process that shows no arguments hides them. */
function ofChild(process: ProcessFact | undefined): RunningFlags | undefined {
  if (process === undefined || process.argv.length < 2) return undefined;
  return flagsOf(process.argv.slice(1), `arguments of process ${process.pid}`);
}

/** A line as logrus writes it, its arguments joined by blanks without quotes (k3s-io/k3s pkg/daemons/config, ArgString). */
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
