/** The result of `rules`, as the writers take it: its JSON has the same keys. */
import type { References, Rule, Severity } from '../playbook/schema.js';
import type { ResultHead } from './model.js';

export interface ListedRule {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** `built-in`: no playbook holds it. */
  readonly kind: Rule['kind'] | 'built-in';
  readonly playbooks: readonly string[];
  /** Of all playbooks that hold it. */
  readonly references: References;
}

export interface ListedPlaybook {
  readonly name: string;
  readonly title: string;
  /** How many it has. */
  readonly rules: number;
}

export interface RulesResult extends ResultHead {
  readonly kind: 'rules';
  readonly playbooks: readonly ListedPlaybook[];
  /** In the order of the playbooks. */
  readonly rules: readonly ListedRule[];
}
