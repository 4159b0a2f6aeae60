/** Nodes created by kubeadm: unit and drop-in from packages, config.yaml and kubeadm-flags.env from kubeadm. */
import { controlPlaneManifests, controlPlanePrograms, controlPlaneUnits } from '../facts/control-plane-program.js';
import type { Distro } from './distro.js';
import { pinned } from './drop-in-order.js';
import { kubeadmSharedConfig } from './kubeadm-shared-config.js';
import {
  changeSystemdKubelet,
  editableSystemd,
  kubeProxyKubeconfigs,
  kubeletReferences,
  systemdSetup,
} from './systemd-kubelet.js';
import { unitNamed } from './systemd-unit.js';
import { nextCommand } from '../lib/next-command.js';

const flagsFile = '/var/lib/kubelet/kubeadm-flags.env';
const configFile = kubeadmSharedConfig.path;
const apiClientCertificate = '/etc/kubernetes/pki/apiserver-kubelet-client.crt';

export const kubeadm: Distro = {
  name: 'kubeadm',
  title: 'kubeadm',
  kubectl: { programs: ['kubectl'], kubeconfigs: ['/etc/kubernetes/admin.conf', '/etc/kubernetes/super-admin.conf'] },
  probe: {
    units: ['kubelet.service', ...controlPlaneUnits],
    processes: ['kubelet'],
    read: [
      flagsFile,
      configFile,
      '/etc/default/kubelet',
      '/etc/sysconfig/kubelet',
      apiClientCertificate,
      ...controlPlaneManifests,
    ],
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
      controlPlane: controlPlanePrograms(facts),
      files: { ...setup.files, 'kubelet-unit': dropIn ?? unit.fragmentPath },
    };
  },
  change: changeSystemdKubelet,
  editable: editableSystemd,
  sharedConfig: kubeadmSharedConfig,
  overwrittenBy(setup, edits) {
    const paths = edits.map(({ path }) => path);
    const lost = [...pinned(setup, edits)];
    if (paths.includes(configFile)) {
      lost.push(
        `kubeadm upgrade overwrites ${configFile} from the ConfigMap kube-system/kubelet-config. To keep the edits: ${nextCommand('persist')}`,
      );
    }
    if (paths.includes(flagsFile))
      lost.push(`kubeadm join and kubeadm init overwrite ${flagsFile} from nodeRegistration.kubeletExtraArgs`);
    return lost;
  },
};
