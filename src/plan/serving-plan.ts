/** Whether a change needs a serving certificate of the cluster for its kubelet, and what stands in its way. Pure. */
import { posix } from 'node:path';
import { flagOnly, settingAt } from '../facts/effective-kubelet.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { PlanRefusal } from './host-plan.js';

export interface ServingPlan {
  /** The kubelet's --cert-dir. */
  readonly certDir: string;
  /** The kubelet's kubeconfig, by which the node asks the API server. */
  readonly kubeconfig: string;
}

const setting = 'serverTLSBootstrap';

/** Undefined where the kubelet asks for its certificate already, or is not to. */
export const servingPlan = (now: KubeletSetup, planned: KubeletSetup): ServingPlan | undefined =>
  asks(planned) && !asks(now) ? servingHere(planned) : undefined;

/** Where the kubelet of this node keeps its certificate, and how it asks; undefined if it cannot ask. */
export function servingHere(setup: KubeletSetup): ServingPlan | undefined {
  const kubeconfig = setup.files['kubelet-kubeconfig'];
  return kubeconfig === undefined ? undefined : { certDir: certDirOf(setup), kubeconfig };
}

/** Why a kubelet cannot be moved to a certificate of the cluster yet; undefined if it can. */
export function servingObstacle(setup: KubeletSetup, noApprover: PlanRefusal | undefined): PlanRefusal | undefined {
  const file = settingAt(setup.sources, 'tlsCertFile')?.value;
  if (typeof file === 'string' && file !== '') {
    // Before 1.36 a kubelet shows the file for ever to clients that dial an address, as the API server does.
    return {
      reason: `tlsCertFile is set to ${file}, and the kubelet would go on serving that certificate`,
      hint: 'remove tlsCertFile and tlsPrivateKeyFile from the configuration of the kubelet, then plan again',
    };
  }
  if (setup.files['kubelet-kubeconfig'] === undefined) {
    return {
      reason: 'the kubelet has no kubeconfig, so it cannot ask the API server for a certificate',
      hint: 'give the kubelet a kubeconfig, or leave this rule out',
    };
  }
  return noApprover;
}

/** The two files in which a kubelet with serverTLSBootstrap finds its certificate if it has not asked for one itself. */
export const servingPaths = ({ certDir }: ServingPlan): readonly [certificate: string, key: string] => [
  `${certDir}/kubelet-server.crt`,
  `${certDir}/kubelet-server.key`,
];

const asks = ({ sources }: KubeletSetup): boolean => settingAt(sources, setting)?.value === true;

function certDirOf({ sources, process }: KubeletSetup): string {
  const flag = flagOnly(sources, 'cert-dir')?.value;
  const path = typeof flag === 'string' && flag !== '' ? flag : '/var/lib/kubelet/pki';
  return posix.resolve(process?.cwd ?? '/', path);
}
