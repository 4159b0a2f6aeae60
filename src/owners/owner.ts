/** A system that owns the configuration of kubelets, and the signs by which it is recognised. */

/** One thing that a node shows. */
export type Sign =
  /** All of these paths exist on the node. */
  | { readonly on: 'node'; readonly paths: readonly string[]; readonly weak?: true }
  /** Its Node object has a label of this name. */
  | { readonly on: 'label'; readonly name: string; readonly weak?: true }
  /** An annotation whose name starts with this. */
  | { readonly on: 'annotation'; readonly prefix: string; readonly weak?: true }
  /** spec.providerID starts with this. */
  | { readonly on: 'provider'; readonly prefix: string; readonly weak?: true }
  /** status.nodeInfo.osImage starts with this. */
  | { readonly on: 'os'; readonly prefix: string; readonly weak?: true }
  /** status.nodeInfo.kubeletVersion has this in it. */
  | { readonly on: 'version'; readonly part: string; readonly weak?: true };

/**
 * Two signs make it certain, one of `first` and one of `second`. One of either alone is a possibility. A `weak` sign counts as
 * one of two, and alone for nothing: others have it, too.
 */
export interface Owner {
  readonly name: string;
  /** With its article where it needs one: the subject of a sentence. */
  readonly title: string;
  /** `overwrites`: edits on the node are undone or forbidden. `rebuilds`: they last until the machine is replaced. */
  readonly effect: 'overwrites' | 'rebuilds';
  /** kubelatch may change the node all the same, since nothing watches the files. */
  readonly editable?: true;
  readonly first: readonly Sign[];
  readonly second: readonly Sign[];
  /** Where the settings belong instead. */
  readonly setIn: string;
}
