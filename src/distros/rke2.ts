/** RKE2: a supervisor that starts the kubelet as a child, configured by config.yaml, its drop-ins and the arguments of its unit. */
import { supervisedDistro } from './supervised-distro.js';
import { rke2Keys } from './supervisor-keys.js';

/** rancher/rke2 pkg/logging: RKE2 takes klog's flags, except v and vmodule, for its own log file and does not pass them to the kubelet. */
const klogFlags = new Set(
  `add-dir-header alsologtostderr log-backtrace-at log-dir log-file log-file-max-size logtostderr one-output skip-headers
  skip-log-headers stderrthreshold legacy-stderr-threshold-behavior`.split(/\s+/),
);

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
  keys: rke2Keys,
  ownArguments: klogFlags,
  // rancher/rke2 pkg/rke2/rke2.go (setup): these come before those of kubelet-arg.
  supervisorFlags: ['file-check-frequency', 'sync-frequency', 'volume-plugin-dir'],
  kubectl: { programs: ['kubectl', '/var/lib/rancher/rke2/bin/kubectl'], kubeconfigs: ['/etc/rancher/rke2/rke2.yaml'] },
});
