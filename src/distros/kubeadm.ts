/** Nodes made by kubeadm: unit and drop-in from packages, config.yaml and kubeadm-flags.env from kubeadm. */
import type { Distro } from './distro.js';
import {
  changeSystemdKubelet,
  kubeProxyKubeconfigs,
  kubeletReferences,
  systemdSetup,
  unitNamed,
} from './systemd-kubelet.js';

const flagsFile = '/var/lib/kubelet/kubeadm-flags.env';
const configFile = '/var/lib/kubelet/config.yaml';
const apiClientCertificate = '/etc/kubernetes/pki/apiserver-kubelet-client.crt';

export const kubeadm: Distro = {
  name: 'kubeadm',
  title: 'kubeadm',
  kubectl: { programs: ['kubectl'], kubeconfigs: ['/etc/kubernetes/admin.conf', '/etc/kubernetes/super-admin.conf'] },
  probe: {
    units: ['kubelet.service'],
    processes: ['kubelet'],
    read: [flagsFile, configFile, '/etc/default/kubelet', '/etc/sysconfig/kubelet', apiClientCertificate],
    look: ['/etc/kubernetes/kubelet.conf', '/etc/kubernetes/admin.conf', ...kubeProxyKubeconfigs],
    folders: [],
    ...kubeletReferences,
  },
  detect(facts) {
    const unit = unitNamed(facts, 'kubelet.service');
    if (unit === undefined) return undefined;
    const dropIn = unit.dropInPaths.find((path) => path.endsWith('/10-kubeadm.conf'));
    if (dropIn === undefined && facts.files.get(flagsFile)?.kind !== 'file') return undefined;
    const setup = systemdSetup(facts, unit);
    return {
      distro: 'kubeadm',
      evidence: `${unit.name} with ${dropIn ?? flagsFile}`,
      ...setup,
      apiClientCertificate,
      files: { ...setup.files, 'kubelet-unit': dropIn ?? unit.fragmentPath },
    };
  },
  change: changeSystemdKubelet,
  undoneBy(_setup, paths) {
    const lost: string[] = [];
    if (paths.includes(configFile)) {
      lost.push(
        `kubeadm upgrade writes ${configFile} anew from the ConfigMap kube-system/kubelet-config: make the same edit there (kubectl -n kube-system edit configmap kubelet-config)`,
      );
    }
    if (paths.includes(flagsFile))
      lost.push(`kubeadm join and init write ${flagsFile} anew from nodeRegistration.kubeletExtraArgs`);
    return lost;
  },
};
