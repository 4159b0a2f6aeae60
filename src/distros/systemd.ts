/** A kubelet in a unit written by hand, with flags, a config file, or both. */
import type { Distro } from './distro.js';
import {
  changeSystemdKubelet,
  kubeProxyKubeconfigs,
  kubeletReferences,
  systemdSetup,
  unitNamed,
} from './systemd-kubelet.js';

export const systemd: Distro = {
  name: 'systemd',
  title: 'plain systemd',
  kubectl: { programs: ['kubectl'], kubeconfigs: [] },
  probe: {
    units: ['kubelet.service'],
    processes: ['kubelet'],
    read: ['/etc/systemd/system/kubelet.service.d/zz-kubelatch.conf'],
    look: kubeProxyKubeconfigs,
    folders: [],
    ...kubeletReferences,
  },
  detect(facts) {
    const unit = unitNamed(facts, 'kubelet.service');
    if (unit === undefined) return undefined;
    return {
      distro: 'systemd',
      evidence: `${unit.name} from ${unit.fragmentPath ?? ''}`,
      ...systemdSetup(facts, unit),
    };
  },
  change: changeSystemdKubelet,
  undoneBy(setup, paths) {
    const dropIn = paths.find((path) => path.includes('.service.d/'));
    return dropIn === undefined
      ? []
      : [
          `later changes of ExecStart in ${setup.unit.fragmentPath ?? 'the unit file'} have no effect while ${dropIn} is there`,
        ];
  },
};
