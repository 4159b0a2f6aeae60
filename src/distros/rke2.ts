/** RKE2: a supervisor that starts the kubelet as a child, set by config.yaml, its drop-ins and the arguments of its unit. */
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import type { Distro } from './distro.js';
import { kernelSettingsProbe } from './kernel-settings.js';
import { changeSupervised } from './supervised-edits.js';
import { type Supervisor, supervisedUnit } from './supervised-kubelet.js';
import { supervisedSetup } from './supervised-sources.js';

const supervisor: Supervisor = {
  name: 'rke2',
  binary: 'rke2',
  configFolder: '/etc/rancher/rke2',
  dataDir: '/var/lib/rancher/rke2',
  configVariable: 'RKE2_CONFIG_FILE',
  dataDirVariable: 'RKE2_DATA_DIR',
  defaultsFile: '00-rke2-defaults.conf',
  profile: { names: ['cis', 'etcd'], variable: 'RKE2_CIS_PROFILE' },
  // The same as in its sibling, whose code it uses; not confirmed for every version before 1.32.
  oldFlags: (dataDir) => [
    '--anonymous-auth=false',
    '--authentication-token-webhook=true',
    '--authorization-mode=Webhook',
    `--client-ca-file=${dataDir}/agent/client-ca.crt`,
    '--read-only-port=0',
    `--tls-cert-file=${dataDir}/agent/serving-kubelet.crt`,
    `--tls-private-key-file=${dataDir}/agent/serving-kubelet.key`,
  ],
};

export const rke2: Distro = {
  name: 'rke2',
  title: 'RKE2',
  kubectl: { programs: ['kubectl', '/var/lib/rancher/rke2/bin/kubectl'], kubeconfigs: ['/etc/rancher/rke2/rke2.yaml'] },
  probe: {
    units: ['rke2-server.service', 'rke2-agent.service'],
    processes: ['rke2', 'kubelet'],
    read: ['/etc/rancher/rke2/config.yaml', '/var/lib/rancher/rke2/agent/client-ca.crt', ...kernelSettingsProbe.read],
    look: ['/var/lib/rancher/rke2/agent/kubelet.kubeconfig', '/var/lib/rancher/rke2/agent/kubeproxy.kubeconfig'],
    folders: [
      '/etc/rancher/rke2/config.yaml.d',
      '/var/lib/rancher/rke2/agent/etc/kubelet.conf.d',
      ...kernelSettingsProbe.folders,
    ],
    readReferences: ['config'],
    lookReferences: [],
  },
  detect(facts: NodeFacts): KubeletSetup | undefined {
    const unit = supervisedUnit(facts, supervisor);
    if (unit === undefined) return undefined;
    const setup = supervisedSetup(facts, unit, supervisor);
    const kubelets = facts.processes.filter((one) => one.name === 'kubelet' && one.parent > 1);
    return {
      ...setup,
      distro: 'rke2',
      process: kubelets.find((one) => one.parent === unit.mainPid) ?? kubelets[0],
      // The unit stays active with a dead kubelet: its child is what counts, and its words are in a file.
      watch: {
        unit: unit.name,
        processName: 'kubelet',
        logPath: `${setup.dataDir}/agent/logs/kubelet.log`,
        child: true,
      },
    };
  },
  change: (facts, setup, setting, value, wishes) => changeSupervised(facts, setup, setting, value, supervisor, wishes),
  // Neither an upgrade nor the installer touches files in config.yaml.d or kubelet.conf.d.
  undoneBy: () => [],
};
