/** RKE2: a supervisor that starts the kubelet as a child, set by config.yaml, its drop-ins and the arguments of its unit. */
import { supervisedDistro } from './supervised-distro.js';

export const rke2 = supervisedDistro({
  name: 'rke2',
  title: 'RKE2',
  binary: 'rke2',
  units: ['rke2-server.service', 'rke2-agent.service'],
  processes: ['rke2', 'kubelet'],
  kubelet: 'child',
  configFolder: '/etc/rancher/rke2',
  dataDir: '/var/lib/rancher/rke2',
  configVariable: 'RKE2_CONFIG_FILE',
  dataDirVariable: 'RKE2_DATA_DIR',
  defaultsFile: '00-rke2-defaults.conf',
  profiles: { names: ['cis', 'etcd'], variable: 'RKE2_CIS_PROFILE', account: 'etcd' },
  kubectl: { programs: ['kubectl', '/var/lib/rancher/rke2/bin/kubectl'], kubeconfigs: ['/etc/rancher/rke2/rke2.yaml'] },
});
