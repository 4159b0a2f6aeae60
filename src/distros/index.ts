/** All distributions, in the order they are tried. To register a new one, add it here. */
import { filterPath, nftPath } from '../filter/packet-filter.js';
import type { NodeFacts, ProbeRequest } from '../facts/node-facts.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { Distro } from './distro.js';
import { k3s } from './k3s.js';
import { kubeadm } from './kubeadm.js';
import { rke2 } from './rke2.js';
import { systemd } from './systemd.js';

export const distros: readonly Distro[] = [k3s, rke2, kubeadm, systemd];

/** The first distribution that recognises the node. */
export function detectDistro(facts: NodeFacts): { readonly distro: Distro; readonly setup: KubeletSetup } | undefined {
  for (const distro of distros) {
    const setup = distro.detect(facts);
    if (setup !== undefined) return { distro, setup };
  }
  return undefined;
}

/** What all distributions need to know about a node, for one run of the probe. */
export function probeRequest(): ProbeRequest {
  const merge = (pick: (probe: ProbeRequest) => readonly string[]): string[] => [
    ...new Set(distros.flatMap((distro) => pick(distro.probe))),
  ];
  return {
    units: merge((probe) => probe.units),
    processes: merge((probe) => probe.processes),
    read: [...merge((probe) => probe.read), filterPath],
    look: [...merge((probe) => probe.look), nftPath],
    folders: merge((probe) => probe.folders),
    readReferences: merge((probe) => probe.readReferences),
    lookReferences: merge((probe) => probe.lookReferences),
    programs: merge((probe) => probe.programs),
    starters: merge((probe) => probe.starters),
    accounts: merge((probe) => probe.accounts),
    roots: merge((probe) => probe.roots),
  };
}
