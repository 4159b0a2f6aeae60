/** k3s: a single process that includes the kubelet, configured by config.yaml, its drop-ins and the arguments of its unit. */
import { supervisedDistro } from './supervised-distro.js';
import { k3sKeys } from './supervisor-keys.js';

export const k3s = supervisedDistro({
  name: 'k3s',
  title: 'k3s',
  binary: 'k3s',
  units: ['k3s*.service'],
  processes: ['k3s-server', 'k3s-agent'],
  kubelet: 'inside',
  configFolder: '/etc/rancher/k3s',
  dataDir: '/var/lib/rancher/k3s',
  configVariable: 'K3S_CONFIG_FILE',
  dataDirVariable: 'K3S_DATA_DIR',
  defaultsFile: '00-k3s-defaults.conf',
  keys: k3sKeys,
  ownArguments: new Set(),
  kubectl: {
    programs: ['kubectl', '/usr/local/bin/kubectl', '/opt/bin/kubectl'],
    kubeconfigs: ['/etc/rancher/k3s/k3s.yaml'],
  },
});
