/** A kubelet found on a node: what feeds it, how it is run, where its files lie. */
import type { KubeletSources } from './effective-kubelet.js';
import type { ProcessFact, UnitFact } from './node-facts.js';
import type { RunningFlags } from './running-flags.js';

/** Names that playbooks use for files; a distribution says where they lie. */
export type KnownFile = 'kubelet-unit' | 'kubelet-config' | 'kubelet-kubeconfig' | 'client-ca' | 'proxy-kubeconfig';

/** A kubelet found on a node: what feeds it and how it is run. */
export interface KubeletSetup {
  /** The distribution's name, as in `Distro.name`. */
  readonly distro: string;
  /** Why it was taken for that, in one line. */
  readonly evidence: string;
  /** The unit that runs the kubelet, restarted to apply a change. */
  readonly unit: UnitFact;
  /** The kubelet's own process; undefined where none runs. */
  readonly process: ProcessFact | undefined;
  readonly sources: KubeletSources;
  /** Files that decide the configuration, whose change needs a restart. */
  readonly configPaths: readonly string[];
  /** Undefined: the distribution has no such file. */
  readonly files: Readonly<Record<KnownFile, string | undefined>>;
  /** How its health is followed after a restart. */
  readonly watch: WatchTarget;
  /** Where the API server's own kubelet client certificate lies, on nodes that run one. */
  readonly apiClientCertificate: string | undefined;
  readonly kubeletVersion: string | undefined;
  /** The node serves the API or its database: counted and ordered as control plane whatever the inventory says. */
  readonly server?: boolean | undefined;
  /** Why a restart of its unit would end more than the kubelet. */
  readonly restartHazard?: string | undefined;
  /** Folders whose files feed it. */
  readonly folders?: readonly string[] | undefined;
  /** False: the process's own arguments do not show what the kubelet was given. */
  readonly argumentsVisible?: boolean | undefined;
  /** What the running kubelet was started with, where a supervisor's journal or its child tells. */
  readonly running?: RunningFlags | undefined;
  /** Why no change is made on this node, whatever it would be. */
  readonly unchangeable?: { readonly reason: string; readonly hint: string } | undefined;
  /** Files that are in effect although nothing names them any more, with one sentence each. */
  readonly leftovers?: readonly { readonly path: string; readonly message: string }[] | undefined;
}

export interface WatchTarget {
  readonly unit: string;
  /** The kubelet's process as the kernel names it: the unit's main process or a child of it. */
  readonly processName: string;
  /** A log file, where the kubelet's last words are not in the unit's journal. */
  readonly logPath: string | undefined;
  /** The kubelet is a child of the unit's main process and is run again by it, while the unit stays active. */
  readonly child?: boolean | undefined;
}
