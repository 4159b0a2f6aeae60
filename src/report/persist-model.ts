/** The result of `persist`: what keeps settings through upgrades and joins. */
import type { Json } from '../playbook/schema.js';
import type { ResultBase } from './model.js';

export type PersistPlace = 'configmap' | 'patches' | 'drop-in';

/** One object or file that keeps settings. */
export interface PersistChange {
  /** `ConfigMap kube-system/NAME`, or the path of a file. */
  readonly target: string;
  /** `pending`: nothing was asked to write it. `shown`: its text is for you to put in place. */
  readonly outcome: 'written' | 'unchanged' | 'pending' | 'shown' | 'refused' | 'failed';
  readonly reason?: string | undefined;
  readonly hint?: string | undefined;
  /** What it gets. */
  readonly settings: readonly { readonly rule: string; readonly setting: string; readonly value: Json }[];
  /** What it does not get although a rule wants it. */
  readonly leftOut: readonly { readonly rule: string; readonly setting: string; readonly reason: string }[];
  /** Unified diff of an existing text, in which values of unknown settings are `***`. */
  readonly diff: string;
  /** Text of a new file. */
  readonly text?: string | undefined;
}

export interface PersistResult extends ResultBase {
  readonly kind: 'persist';
  /** Undefined: the places are compared, and nothing is written. */
  readonly to: PersistPlace | undefined;
  readonly changes: readonly PersistChange[];
  /** What to run next, one line each; a line that begins with # is a comment. */
  readonly commands: readonly string[];
  readonly places: readonly {
    readonly to: PersistPlace;
    readonly title: string;
    readonly pros: readonly string[];
    readonly cons: readonly string[];
  }[];
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** Hosts that were not read, so that what they hold is not known. */
  readonly notJudged: readonly string[];
}
