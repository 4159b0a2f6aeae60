/** What kubelatch needs to know about a Kubernetes distribution. Each distribution has one file, listed in index.ts. */
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts, ProbeRequest } from '../facts/node-facts.js';
import type { SettingInfo, Value } from '../facts/settings.js';
import type { Result } from '../lib/result.js';
import type { SharedConfig } from './shared-config.js';

/** A file with a new text; null removes it. Mode and owner are for new files; an existing file keeps its own. */
export interface TextChange {
  readonly path: string;
  readonly text: string | null;
  readonly mode?: string | undefined;
}

/** Edits that need the user's consent, because they affect what others wrote. */
export interface EditOptions {
  /** Allow moving ExecStart arguments that override config files into a file. */
  readonly moveArguments: boolean;
  /** Allow a restart to put edits into effect that the running kubelet has not read. */
  readonly acceptPendingEdits?: boolean | undefined;
  /** Why nobody would renew a serving certificate of the cluster; undefined where somebody does, or the user accepts it. */
  readonly noApprover?: Obstacle | undefined;
}

/** Why something is not done, and what to do about it; one line each. */
export interface Obstacle {
  readonly reason: string;
  readonly hint: string;
}

/** By path: the files whose content a plan may write, and those whose mode and owner it may change. */
export interface Editable {
  readonly texts: ReadonlySet<string>;
  readonly modes: ReadonlySet<string>;
}

/** A file as a plan leaves it. Without a text, only its mode or owner changes. */
export interface PlannedText {
  readonly path: string;
  readonly text?: string | undefined;
}

export interface Distro {
  readonly name: string;
  /** The name to show to users. */
  readonly title: string;
  /** Where control-plane nodes have kubectl and the administrator's credentials. */
  readonly kubectl: { readonly programs: readonly string[]; readonly kubeconfigs: readonly string[] };
  /** What to read on a node to recognise this distribution and understand its configuration. */
  readonly probe: ProbeRequest;
  /** The kubelet of a node of this distribution. Undefined if the node has another distribution. */
  detect(facts: NodeFacts): KubeletSetup | undefined;
  /** Why a node of this distribution has no kubelet. Undefined if it has one, or has another distribution. */
  noKubelet?(facts: NodeFacts): Obstacle | undefined;
  /** The smallest edit that gives `setting` the value, at the place with the highest precedence. An error says why in one line. */
  change(
    facts: NodeFacts,
    setup: KubeletSetup,
    setting: SettingInfo,
    value: Value,
    options?: EditOptions,
  ): Result<readonly TextChange[], string>;
  /** What the user must do before `setting` may get `value`. The setting is skipped until then; the node's other settings are not. */
  precondition?(facts: NodeFacts, setting: SettingInfo, value: Value): Obstacle | undefined;
  /** All files that `change` may touch on this node. */
  editable(facts: NodeFacts, setup: KubeletSetup): Editable;
  /** Its own process can enforce network policies, which no DaemonSet shows. */
  readonly filtersPolicies?: boolean | undefined;
  /** The configuration in the cluster that its own commands write to nodes. Undefined if there is none. */
  readonly sharedConfig?: SharedConfig | undefined;
  /** What will overwrite these edits later, one sentence each. */
  overwrittenBy(setup: KubeletSetup, edits: readonly PlannedText[]): readonly string[];
}
