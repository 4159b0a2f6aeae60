/** A rule as text: what it checks, why, and what it may break. */
import type { RuleResult } from './model.js';
import { type TextOptions, paragraph } from './layout.js';

/** Ends with a line feed. */
export function ruleText({ rule, wantText, playbooks }: RuleResult, options: TextOptions): string {
  const width = options.wide === true ? Infinity : Math.min(options.width, 100);
  const say = (title: string, words: string | undefined): string[] =>
    words === undefined || words === '' ? [] : paragraph(title.padEnd(12), words, width);
  const cis = Object.entries(rule.references.cis).map(([benchmark, control]) => `${benchmark} ${control}`);
  const lines = [
    ...paragraph('', `${rule.id}: ${rule.title}`, width).map(options.style.bold),
    ...say('Severity', rule.kind === 'built-in' ? `at most ${rule.severity}` : rule.severity),
    ...say('Checks', subjectOf(rule, wantText)),
    ...say('Why', rule.why),
    ...say('To do', rule.kind === 'built-in' ? rule.fix : undefined),
    ...say('May break', rule.mayBreak),
    ...say('Versions', rule.versions),
    ...Object.entries(rule.skip).flatMap(([distro, reason]) => say('Skipped on', `${distro}: ${reason}`)),
    ...say('Playbooks', rule.kind === 'built-in' ? judgedBy[rule.checkedBy ?? 'audit'] : playbooks.join(', ')),
    ...say('References', [...cis, ...rule.references.stig, ...rule.references.docs].join(', ')),
  ];
  return `${lines.join('\n')}\n`;
}

const judgedBy = {
  audit: 'none: it is judged with every playbook',
  verify: 'none: verify checks it',
  gate: 'none: the gate checks it after each change of a node',
  csr: 'none: csr checks each certificate request',
} as const;

function subjectOf(rule: RuleResult['rule'], wantText: string): string {
  switch (rule.kind) {
    case 'setting': {
      const change = rule.set === undefined ? 'apply does not change it' : `apply sets ${JSON.stringify(rule.set)}`;
      return `${rule.setting}: must be ${wantText}; ${change}`;
    }
    case 'file':
      return `${rule.file.path}: mode ${rule.file.mode === undefined ? 'any' : `at most ${rule.file.mode.atMost}`}, owner ${rule.file.owner ?? 'any'}`;
    case 'network':
      return `${wantText}; apply writes ${rule.guard.kind === 'packet-filter' ? 'an nftables table' : "systemd's address list"} and restarts the kubelet`;
    case 'built-in':
      return rule.about === 'host' ? 'each host' : 'the cluster as a whole';
    case 'manual':
      return `nothing; check by hand: ${rule.look}`;
  }
}
