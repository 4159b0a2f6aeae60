/** The rules that can be chosen after an audit: where each fails, what it may break, and who was seen relying on it. Pure. */
import { clientRulesOf } from '../consumers/findings.js';
import type { Playbook, Rule } from '../playbook/schema.js';
import type { AuditResult } from '../report/model.js';

export interface RuleChoice {
  readonly id: string;
  readonly title: string;
  readonly severity: Rule['severity'];
  /** Hosts on which it fails. */
  readonly failing: number;
  readonly mayBreak: string | undefined;
  /** Clients that were seen, or found in the cluster's objects: who, and what happens to them. */
  readonly reliedOnBy: readonly { readonly object: string; readonly message: string }[];
}

/** Rules of the playbooks that fail on some host, in the order of the playbooks; each once. */
export function ruleChoices(
  playbooks: readonly Playbook[],
  { hosts, clusterFindings }: Pick<AuditResult, 'hosts' | 'clusterFindings'>,
): RuleChoice[] {
  const rules = new Map(playbooks.flatMap((one) => one.rules.map((rule) => [rule.id, rule] as const)).toReversed());
  const order = [...new Set(playbooks.flatMap((one) => one.rules.map(({ id }) => id)))];
  return order.flatMap((id): RuleChoice[] => {
    const rule = rules.get(id);
    const failing = hosts.filter(({ findings }) =>
      findings.some((finding) => finding.rule === id && finding.status === 'fail'),
    ).length;
    if (rule === undefined || failing === 0) return [];
    const clients = rule.kind === 'setting' ? clientRulesOf(rule.setting) : [];
    const reliedOnBy = clusterFindings.flatMap(({ rule: found, status, object, message }) =>
      object !== undefined && clients.includes(found) && (status === 'fail' || status === 'unknown')
        ? [{ object, message }]
        : [],
    );
    const { title, severity, mayBreak } = rule;
    return [{ id, title, severity, failing, mayBreak, reliedOnBy }];
  });
}
