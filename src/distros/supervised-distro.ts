/** What all supervised distributions have in common: what to read on a node, and how to recognise and change it. */
import { posix } from 'node:path';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts, ProbeRequest } from '../facts/node-facts.js';
import type { Distro, Obstacle, PlannedText } from './distro.js';
import { pinned } from './drop-in-order.js';
import { kernelObstacle, kernelSettingsProbe } from './kernel-settings.js';
import { changeSupervised, editableSupervised } from './supervised-edits.js';
import { type Supervisor, supervisedUnit, noKubelet } from './supervised-kubelet.js';
import { kubeletProcess, runningFlags } from './supervised-running.js';
import { supervisedSetup } from './supervised-sources.js';
import { nextCommand } from '../lib/next-command.js';

/** Flags that k3s sets by default and whose values no file shows (k3s-io/k3s pkg/daemons/agent/agent_linux.go, kubeletArgs). */
const suppliedFlags: readonly string[] = [
  ...['cgroup-driver', 'cluster-dns', 'cluster-domain', 'container-runtime-endpoint', 'eviction-hard'],
  ...['eviction-minimum-reclaim', 'fail-swap-on', 'feature-gates', 'healthz-bind-address', 'image-service-endpoint'],
  ...['kubelet-cgroups', 'pod-manifest-path', 'register-with-taints', 'resolv-conf', 'runtime-cgroups'],
  ...['serialize-image-pulls', 'volume-plugin-dir'],
];

export function supervisedDistro(supervisor: Supervisor): Distro {
  return {
    name: supervisor.name,
    title: supervisor.title,
    kubectl: supervisor.kubectl,
    probe: probeOf(supervisor),
    filtersPolicies: true,
    detect: (facts) => detect(facts, supervisor),
    noKubelet: (facts) => noKubelet(facts, supervisor),
    change: (facts, setup, setting, value, options) =>
      changeSupervised(facts, setup, setting, value, supervisor, options),
    editable: (facts, setup) => editableSupervised(facts, setup, supervisor),
    precondition: (facts, setting, value) =>
      setting.path === 'protectKernelDefaults' && value === true ? kernelObstacle(facts) : undefined,
    // Upgrades and the installer leave config.yaml.d and kubelet.conf.d alone, but Rancher writes a file of its own there.
    overwrittenBy: (setup, edits) => [...pinned(setup, edits), ...managed(edits)],
  };
}

/** The file that Rancher overwrites on clusters it provisions. */
const managedName = '50-rancher.yaml';

const managed = (edits: readonly PlannedText[]): readonly string[] =>
  edits.flatMap(({ path }) =>
    posix.basename(path) === managedName
      ? [`Rancher overwrites ${path}. Make the same change in Rancher under Cluster Management, Edit Config`]
      : [],
  );

function probeOf({ units, processes, configFolder, dataDir, binary, kubelet, profiles }: Supervisor): ProbeRequest {
  return {
    units,
    processes,
    // The last one is the file that the installer writes for an OpenRC service script.
    read: [
      `${configFolder}/config.yaml`,
      `${dataDir}/agent/client-ca.crt`,
      `${dataDir}/server/tls/client-kube-apiserver.crt`,
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
    roots: [configFolder, dataDir],
  };
}

function detect(facts: NodeFacts, supervisor: Supervisor): KubeletSetup | undefined {
  const unit = supervisedUnit(facts, supervisor);
  if (unit === undefined) return undefined;
  const isChild = supervisor.kubelet === 'child';
  const process = kubeletProcess(facts, unit, supervisor.kubelet);
  const running = runningFlags(facts, unit, supervisor.kubelet);
  const { dataDir, stopsForGood, ...setup } = supervisedSetup(facts, unit, supervisor);
  return {
    ...setup,
    distro: supervisor.name,
    process,
    running,
    supervisorFlags: [...suppliedFlags, ...(supervisor.supervisorFlags ?? [])],
    // A supervisor with a child kubelet stays active when the kubelet dies, and the kubelet logs to a file.
    watch: isChild
      ? {
          unit: unit.name,
          processName: 'kubelet',
          logPath: posix.join(dataDir, 'agent/logs/kubelet.log'),
          child: true,
        }
      : { unit: unit.name, processName: supervisor.binary, logPath: undefined, child: false },
    unchangeable: facts.init === 'systemd' ? stopsForGood : withoutSystemd(),
  };
}

const withoutSystemd = (): Obstacle => ({
  reason: 'the node does not run systemd, so it could not revert a failed change on its own',
  hint: `make the edits by hand (see ${nextCommand('explain', 'RULE')}), restart the service, then run: ${nextCommand('audit')}`,
});
