/** k3s: one process that is the kubelet too, set by config.yaml, its drop-ins and the arguments of its unit. */
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import type { Distro } from './distro.js';
import { kernelSettingsProbe } from './kernel-settings.js';
import { changeSupervised } from './supervised-edits.js';
import { type Supervisor, supervisedUnit } from './supervised-kubelet.js';
import { supervisedSetup } from './supervised-sources.js';

const supervisor: Supervisor = {
  name: 'k3s',
  binary: 'k3s',
  configFolder: '/etc/rancher/k3s',
  dataDir: '/var/lib/rancher/k3s',
  configVariable: 'K3S_CONFIG_FILE',
  dataDirVariable: 'K3S_DATA_DIR',
  defaultsFile: '00-k3s-defaults.conf',
  // Seen in k3s-io/k3s#1936; the read-only port and the certificates are not confirmed for every version before 1.32.
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

export const k3s: Distro = {
  name: 'k3s',
  title: 'k3s',
  kubectl: {
    programs: ['kubectl', '/usr/local/bin/kubectl', '/opt/bin/kubectl'],
    kubeconfigs: ['/etc/rancher/k3s/k3s.yaml'],
  },
  probe: {
    units: ['k3s*.service'],
    processes: ['k3s-server', 'k3s-agent'],
    read: ['/etc/rancher/k3s/config.yaml', '/var/lib/rancher/k3s/agent/client-ca.crt', ...kernelSettingsProbe.read],
    look: ['/var/lib/rancher/k3s/agent/kubelet.kubeconfig', '/var/lib/rancher/k3s/agent/kubeproxy.kubeconfig'],
    folders: [
      '/etc/rancher/k3s/config.yaml.d',
      '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d',
      ...kernelSettingsProbe.folders,
    ],
    readReferences: ['config'],
    lookReferences: [],
  },
  detect(facts: NodeFacts): KubeletSetup | undefined {
    const unit = supervisedUnit(facts, supervisor);
    if (unit === undefined) return undefined;
    const setup = supervisedSetup(facts, unit, supervisor);
    return {
      ...setup,
      distro: 'k3s',
      process: facts.processes.find((one) => one.pid === unit.mainPid),
      watch: { unit: unit.name, processName: 'k3s', logPath: undefined, child: false },
    };
  },
  change: (facts, setup, setting, value, wishes) => changeSupervised(facts, setup, setting, value, supervisor, wishes),
  // Neither an upgrade nor the installer touches files in config.yaml.d or kubelet.conf.d.
  undoneBy: () => [],
};
