/** What one node says that concerns serving certificates. Plain data, so that it can come from another thread. */
import type { ControlPlaneProgram } from '../facts/control-plane-program.js';
import { settingAt } from '../facts/effective-kubelet.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { canonicalAddress } from '../lib/ip-address.js';

export interface ServingFacts {
  /** serverTLSBootstrap is in effect. */
  readonly bootstrap: boolean;
  readonly distro: string;
  /** The packet filter of kubelatch is in effect. */
  readonly packetFilter: boolean;
  /** Milliseconds since the epoch, by the node's clock; undefined while no kubelet runs. */
  readonly kubeletStartedAt: number | undefined;
  /** Canonical. */
  readonly addresses: readonly string[];
  /** Of a control plane that runs on the node. */
  readonly programs: readonly ControlPlaneProgram[];
}

export function servingFactsOf({
  facts,
  setup,
}: {
  readonly facts: NodeFacts;
  readonly setup: KubeletSetup;
}): ServingFacts {
  return {
    bootstrap: settingAt(setup.sources, 'serverTLSBootstrap')?.value === true,
    distro: setup.distro,
    packetFilter: facts.packetFilter === 'same',
    kubeletStartedAt: setup.process === undefined ? undefined : setup.process.startedAt * 1000,
    addresses: (facts.addresses ?? []).map(canonicalAddress),
    programs: setup.controlPlane ?? [],
  };
}
