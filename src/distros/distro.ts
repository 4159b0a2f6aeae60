/** What kubelatch has to know of a Kubernetes distribution: one implementation a file, all listed in index.ts. */
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts, ProbeRequest } from '../facts/node-facts.js';
import type { SettingInfo, Value } from '../facts/settings.js';
import type { Result } from '../lib/result.js';

/** A file with a new text; null removes it. Mode and owner are for files that did not exist: others keep their own. */
export interface TextChange {
  readonly path: string;
  readonly text: string | null;
  readonly mode?: string | undefined;
}

/** What a person has to ask for, since it moves what others wrote. */
export interface Wishes {
  /** Arguments in ExecStart that hide the files may be moved into a file. */
  readonly moveArguments: boolean;
}

/** Why something is not done, in one line, and what to do about it. */
export interface Obstacle {
  readonly reason: string;
  readonly hint: string;
}

export interface Distro {
  readonly name: string;
  /** As a person writes it. */
  readonly title: string;
  /** Where kubectl and administrators' credentials are on its control-plane nodes. */
  readonly kubectl: { readonly programs: readonly string[]; readonly kubeconfigs: readonly string[] };
  /** What has to be read on a node to recognise and understand this distribution. */
  readonly probe: ProbeRequest;
  /** The kubelet of a node of this distribution; undefined where the node is none. */
  detect(facts: NodeFacts): KubeletSetup | undefined;
  /** The smallest edit, at the place that wins, after which `setting` has `value`; a refusal says why in one line. */
  change(
    facts: NodeFacts,
    setup: KubeletSetup,
    setting: SettingInfo,
    value: Value,
    wishes?: Wishes,
  ): Result<readonly TextChange[], string>;
  /** What has to be done by hand before `setting` may have `value`: it is left out then, and the node's other settings are not. */
  unmet?(facts: NodeFacts, setting: SettingInfo, value: Value): Obstacle | undefined;
  /** What will later take back an edit of these files, one sentence each. */
  undoneBy(setup: KubeletSetup, paths: readonly string[]): readonly string[];
}
