/** A finding about the cluster, and not about one host: an object of the API server, or what the nodes show together. */
import type { FindingStatus } from './assess.js';
import type { Severity } from './schema.js';

export interface ClusterFinding {
  /** Id of the rule. */
  readonly rule: string;
  /** What the rule says, in one line. */
  readonly title: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
  /** What it is about, such as `DaemonSet monitoring/agent` or `Node w3`; undefined for the cluster as a whole. */
  readonly object: string | undefined;
  /** What was found, or why it is not known: one sentence. */
  readonly message: string;
  /** Where each fact comes from: one line each. */
  readonly evidence: readonly string[];
  /** What to do. Lines of a file or of a command keep their line feeds; empty where there is nothing to do. */
  readonly fix: string;
}
