/** A kubelet in a manually written unit, with flags, a config file, or both. */
import { controlPlaneManifests, controlPlanePrograms, controlPlaneUnits } from '../facts/control-plane-program.js';
import type { Distro } from './distro.js';
import { pinned } from './drop-in-order.js';
import {
  changeSystemdKubelet,
  editableSystemd,
  kubeProxyKubeconfigs,
  kubeletReferences,
  systemdSetup,
} from './systemd-kubelet.js';
import { unitNamed } from './systemd-unit.js';

export const systemd: Distro = {
  name: 'systemd',
  title: 'plain systemd',
  kubectl: { programs: ['kubectl'], kubeconfigs: [] },
  probe: {
    units: ['kubelet.service', ...controlPlaneUnits],
    processes: ['kubelet'],
    read: ['/etc/systemd/system/kubelet.service.d/zz-kubelatch.conf', ...controlPlaneManifests],
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
      controlPlane: controlPlanePrograms(facts),
    };
  },
  change: changeSystemdKubelet,
  editable: editableSystemd,
  overwrittenBy: pinned,
};
