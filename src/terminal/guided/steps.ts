/** What the guided mode can do, as its screens see it. Every text ends with a line feed. */
import type { Prompts } from '../prompt.js';

export interface GuidedHost {
  readonly name: string;
  readonly group: string;
  readonly role: string;
}

/** The names of what was chosen. */
export interface GuidedSelection {
  readonly hosts: readonly string[];
  readonly playbooks: readonly string[];
  /** Ids of rules; undefined: all rules of the playbooks. */
  readonly rules?: readonly string[] | undefined;
}

export interface GuidedPosture {
  readonly text: string;
  /** Every finding. */
  readonly findings: string;
  /** Rules that can be chosen, each in one line with what it may break. */
  readonly rules: readonly { readonly id: string; readonly name: string; readonly description: string }[];
}

export interface GuidedPlan {
  readonly text: string;
  /** The number of hosts that would change. */
  readonly changes: number;
  readonly exitCode?: number | undefined;
  /** Different changes, each to be read on its own. */
  readonly folds: readonly { readonly title: string; readonly text: string }[];
}

/** A setting of the rollout: what holds now, and what can be chosen or typed instead. */
export interface RolloutSetting {
  readonly name: string;
  readonly question: string;
  /** `isNow`: it holds now. */
  readonly options: readonly { readonly name: string; readonly isNow: boolean; readonly choose: () => void }[];
  readonly own?: OwnValue | undefined;
}

/** A value that is typed as a flag takes it. */
export interface OwnValue {
  readonly question: string;
  /** What holds now, as it would be typed. */
  readonly now: string;
  /** What is wrong with a text; undefined if nothing is. */
  readonly fault: (text: string) => string | undefined;
  /** Of a text without a fault. */
  readonly choose: (text: string) => void;
}

export interface GuidedRun {
  readonly text: string;
  /** Of all that the session did so far. */
  readonly exitCode: number;
  /** Hosts that failed and may be tried again. */
  readonly failed: readonly string[];
  /** Hosts whose state is unknown: nothing more is done there. */
  readonly unknown: readonly string[];
  /** Hosts that were not started. */
  readonly left: readonly string[];
}

export interface GuidedSteps {
  readonly clusterName: string;
  readonly hosts: readonly GuidedHost[];
  readonly playbooks: readonly {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly isChosen: boolean;
  }[];
  audit(selection: GuidedSelection): Promise<GuidedPosture>;
  plan(selection: GuidedSelection): Promise<GuidedPlan>;
  /** How the plan is rolled out, in one sentence. */
  strategy(): string;
  /** Why the change is confirmed by typing the name of the cluster, as lines to show; empty for an ordinary one. */
  dangers(): readonly string[];
  /** Why nothing can be applied now, as a text to show: no host can start before the window ends. */
  refusal(): string | undefined;
  rolloutSettings(): readonly RolloutSetting[];
  apply(selection: GuidedSelection): Promise<GuidedRun>;
  /** Rolls back every apply of this session. */
  rollbackAll(): Promise<{ readonly text: string; readonly exitCode: number }>;
  /** The command that does the same without questions. */
  command(selection: GuidedSelection): string;
}

/** A guided session on a terminal. */
export interface Talk {
  readonly steps: GuidedSteps;
  readonly prompts: Pick<Prompts, 'confirm' | 'typeToConfirm' | 'select' | 'checkbox' | 'input'>;
  readonly out: (text: string) => void;
}
