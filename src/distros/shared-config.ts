/** A configuration that a distribution keeps in the cluster and writes to its nodes: what has to be known to keep a setting through that. */
import type { Value } from '../facts/settings.js';

/** One place where a setting can be kept, and what speaks for and against it. */
export interface PlaceToKeep {
  readonly to: 'configmap' | 'patches' | 'drop-in';
  readonly title: string;
  readonly pros: readonly string[];
  readonly cons: readonly string[];
}

export interface SharedConfig {
  readonly namespace: string;
  /** Name of the ConfigMap for kubelets of this minor version of Kubernetes 1; undefined: not known. */
  readonly nameFor: (minor: number | undefined) => string;
  /** The key in its `data` with a KubeletConfiguration as YAML. */
  readonly key: string;
  /** The file on a node that is written from it. */
  readonly path: string;
  /** The commands that write it: the subject of a sentence. */
  readonly writers: string;
  /** Values that these commands write, no matter what the ConfigMap says. */
  readonly forced: ReadonlyMap<string, Value>;
  /** Values that they write where the ConfigMap gives none. */
  readonly filledIn: ReadonlyMap<string, Value>;
  readonly patches: {
    /** The first minor version whose commands take them for the kubelet's configuration. */
    readonly since: number;
    readonly fileName: string;
    /** Folder on each node that the commands below name. */
    readonly folder: string;
    readonly commands: readonly string[];
  };
  readonly dropIn: {
    /** The first minor version of a kubelet that takes it without more. */
    readonly since: number;
    readonly path: string;
    readonly commands: readonly string[];
  };
  /** Commands that bring the ConfigMap to a node at once. */
  readonly refresh: readonly string[];
  readonly places: readonly PlaceToKeep[];
}
