/** A kubelet found on a node: what configures it, how it is run, and where its files are. */
import type { ControlPlaneProgram } from './control-plane-program.js';
import type { KubeletSources } from './effective-kubelet.js';
import type { ProcessFact, UnitFact } from './node-facts.js';
import type { RunningFlags } from './running-flags.js';

/** Names that playbooks use for files. The distribution knows the paths. */
export type KnownFile = 'kubelet-unit' | 'kubelet-config' | 'kubelet-kubeconfig' | 'client-ca' | 'proxy-kubeconfig';

/** A kubelet found on a node: what configures it and how it is run. */
export interface KubeletSetup {
  /** The distribution's name, as in `Distro.name`. */
  readonly distro: string;
  /** Why the node was recognised as this distribution, in one line. */
  readonly evidence: string;
  /** The unit that runs the kubelet. Applying a change restarts it. */
  readonly unit: UnitFact;
  /** The kubelet's own process. Undefined if none runs. */
  readonly process: ProcessFact | undefined;
  readonly sources: KubeletSources;
  /** Files that determine the configuration. Changing one needs a restart. */
  readonly configPaths: readonly string[];
  /** Undefined if the distribution has no such file. */
  readonly files: Readonly<Record<KnownFile, string | undefined>>;
  /** How to watch its health after a restart. */
  readonly watch: WatchTarget;
  /** Path of the API server's kubelet client certificate, on nodes that run an API server. */
  readonly apiClientCertificate: string | undefined;
  readonly kubeletVersion: string | undefined;
  /** The API server and controller manager that run on the node. */
  readonly controlPlane?: readonly ControlPlaneProgram[] | undefined;
  /** The node runs the API server or its datastore. It counts as control plane, whatever the inventory says. */
  readonly server?: boolean | undefined;
  /** Why restarting the unit would stop more than the kubelet. */
  readonly restartHazard?: string | undefined;
  /** Folders whose files configure it. */
  readonly folders?: readonly string[] | undefined;
  /** False if the arguments of the process do not show how the kubelet was started. */
  readonly argumentsVisible?: boolean | undefined;
  /** The flags the running kubelet was started with, from a supervisor's journal or the child process. */
  readonly running?: RunningFlags | undefined;
  /** Names of the flags that a supervisor sets by default. */
  readonly supervisorFlags?: readonly string[] | undefined;
  /** Why kubelatch does not change this node at all. */
  readonly unchangeable?: { readonly reason: string; readonly hint: string } | undefined;
  /** Files that are still in effect although no setting names them any more, each with one sentence. */
  readonly leftovers?: readonly { readonly path: string; readonly message: string }[] | undefined;
}

export interface WatchTarget {
  readonly unit: string;
  /** The kubelet's process by its kernel name: the unit's main process or a child of it. */
  readonly processName: string;
  /** A log file, if the kubelet does not log to the unit's journal. */
  readonly logPath: string | undefined;
  /** The kubelet is a child of the unit's main process, which restarts it while the unit stays active. */
  readonly child?: boolean | undefined;
}
