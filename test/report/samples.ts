/** Results that the writers' tests share. */
import type { GateCheck } from '../../src/gate/check.js';
import type { Outcome, OutcomeKind } from '../../src/run/outcome.js';
import { outcomeKinds } from '../../src/run/outcome.js';
import type { FileEdit } from '../../src/plan/file-edit.js';
import type { HostPlan } from '../../src/plan/host-plan.js';
import type { Finding } from '../../src/playbook/assess.js';
import type { ClusterFinding } from '../../src/playbook/cluster-finding.js';
import type { AuditResult, HostAudit, HostPlanned, PlanResult, RunResult } from '../../src/report/model.js';

const base = {
  schemaVersion: 1,
  tool: 'kubelatch',
  version: '0.1.0',
  cluster: 'prod-eu',
  playbooks: ['baseline'],
  startedAt: '2026-11-23T05:00:00Z',
  finishedAt: '2026-11-23T05:01:04Z',
} as const;

export const finding = (over: Partial<Finding> = {}): Finding => ({
  rule: 'anonymous-auth',
  playbook: 'baseline',
  title: 'Anonymous requests to the kubelet are refused',
  severity: 'critical',
  status: 'fail',
  setting: 'authentication.anonymous.enabled',
  want: { equals: false },
  wantText: 'false',
  got: true,
  source: { kind: 'flag', path: '/etc/default/kubelet', line: 3, detail: '--anonymous-auth in KUBELET_EXTRA_ARGS' },
  note: undefined,
  references: { cis: { 'cis-1.12': '4.2.1' }, stig: ['V-242391'], docs: [] },
  ...over,
});

export const manual = (rule: string): Finding =>
  finding({
    rule,
    severity: 'medium',
    status: 'unknown',
    setting: undefined,
    want: undefined,
    wantText: 'a manual check',
    got: undefined,
    source: undefined,
    note: 'check this by hand: look at the firewall',
    manual: true,
  });

export const hostAudit = (name: string, over: Partial<HostAudit> = {}): HostAudit => ({
  host: name,
  nodeName: name,
  role: 'worker',
  distro: 'kubeadm',
  kubeletVersion: 'v1.31.4',
  status: 'judged',
  findings: [],
  notes: [],
  ...over,
});

export const unreachable = (name: string, message = `nothing listens on ${name}:22`): HostAudit =>
  hostAudit(name, {
    nodeName: undefined,
    distro: undefined,
    kubeletVersion: undefined,
    status: 'unreachable',
    error: { kind: 'refused', message, hint: 'check that sshd is running, and check the port in the inventory' },
  });

export const clusterFinding = (over: Partial<ClusterFinding> = {}): ClusterFinding => ({
  rule: 'node-not-in-inventory',
  title: 'Every Node of the cluster is in the inventory',
  severity: 'medium',
  status: 'fail',
  object: 'Node w3',
  message: 'No host of the inventory is this Node, so nobody checks or hardens its kubelet.',
  evidence: ['the API server lists it with the addresses 192.0.2.3'],
  fix: 'add it to ./inventory.yaml, or set nodeName for the host that it is',
  ...over,
});

export function auditResult(hosts: readonly HostAudit[], notes: readonly string[] = []): AuditResult {
  const all = hosts.flatMap(({ findings }) => findings);
  const number = (status: Finding['status']): number => all.filter((one) => one.status === status).length;
  return {
    ...base,
    kind: 'audit',
    hosts,
    clusterFindings: [],
    notes,
    summary: {
      hosts: hosts.length,
      judged: hosts.filter(({ status }) => status === 'judged').length,
      pass: number('pass'),
      fail: number('fail'),
      unknown: number('unknown'),
      notApplicable: number('not-applicable'),
    },
  };
}

const state = (sha256: string, mode = '0644') => ({ sha256, mode, uid: 0, gid: 0, owner: 'root:root' });

export const configEdit = (sha256 = 'aa'): FileEdit => ({
  path: '/var/lib/kubelet/config.yaml',
  action: 'edit',
  before: state(sha256),
  after: state('bb'),
  text: 'the whole file, which nobody needs to see',
  diff: [
    '--- /var/lib/kubelet/config.yaml\t',
    '+++ /var/lib/kubelet/config.yaml\t',
    '@@ -3,3 +3,3 @@',
    ' authentication:',
    '   anonymous:',
    '-    enabled: true # for the old monitoring, to be removed as soon as the new one is there',
    '+    enabled: false # for the old monitoring, to be removed as soon as the new one is there',
    '',
  ].join('\n'),
});

export const modeEdit: FileEdit = {
  path: '/etc/kubernetes/kubelet.conf',
  action: 'mode',
  before: state('cc'),
  after: state('cc', '0600'),
  diff: '/etc/kubernetes/kubelet.conf: mode 0644 -> 0600, owner root:root -> root:root\n',
};

export const hostPlan = (host: string, over: Partial<HostPlan> = {}): HostPlan => ({
  host,
  distro: 'kubeadm',
  unit: 'kubelet.service',
  nodeName: host,
  role: 'worker',
  watch: { unit: 'kubelet.service', processName: 'kubelet', logPath: undefined },
  ports: { kubelet: 10250, readOnly: 10255, healthz: 10248, healthzHost: '127.0.0.1' },
  edits: [configEdit(host), modeEdit],
  restart: true,
  reload: false,
  expect: [{ setting: 'authentication.anonymous.enabled', value: false }],
  fixes: ['anonymous-auth', 'kubeconfig-mode'],
  mayBreak: ['Clients that ask the kubelet without a certificate or a token, such as an old metrics scraper.'],
  overwrittenBy: [
    'kubeadm upgrade writes /var/lib/kubelet/config.yaml anew from the ConfigMap kube-system/kubelet-config',
  ],
  warnings: [],
  ...over,
});

export const hostPlanned = (name: string, over: Partial<HostPlanned> = {}): HostPlanned => ({
  ...hostAudit(name),
  plan: hostPlan(name),
  ...over,
});

export function planResult(hosts: readonly HostPlanned[], waves: readonly (readonly string[])[] = []): PlanResult {
  const pending = hosts.filter(({ plan }) => plan !== undefined && (plan.edits.length > 0 || plan.restart));
  const restarts = pending.filter(({ plan }) => plan?.restart === true);
  return {
    ...base,
    kind: 'plan',
    hosts,
    clusterFindings: [],
    notes: [],
    waves,
    summary: {
      hosts: hosts.length,
      change: pending.length,
      restarts: restarts.length,
      controlPlaneRestarts: restarts.filter(({ role }) => role === 'control-plane').length,
      unchanged: hosts.filter(({ plan }) => plan !== undefined).length - pending.length,
      refused: hosts.filter(({ refused }) => refused !== undefined).length,
      notJudged: hosts.filter(({ status }) => status !== 'judged').length,
    },
  };
}

export const outcome = (name: string, kind: OutcomeKind, over: Partial<Outcome> = {}): Outcome => ({
  host: name,
  nodeName: name,
  outcome: kind,
  reason: undefined,
  hint: undefined,
  edits: kind === 'confirmed' ? [{ path: '/var/lib/kubelet/config.yaml', action: 'edit' }] : [],
  gate: [],
  log: [],
  timings: kind === 'confirmed' ? { write: 200, restart: 900, gate: 20_100 } : {},
  ...over,
});

export const check = (name: string, over: Partial<GateCheck> = {}): GateCheck => ({
  check: name,
  passed: false,
  expected: 'renewed twice after the restart',
  seen: 'not renewed for 31 s',
  ...over,
});

export function runResult(hosts: readonly Outcome[], over: Partial<RunResult> = {}): RunResult {
  const number = (kind: OutcomeKind): number => hosts.filter((one) => one.outcome === kind).length;
  return {
    ...base,
    kind: 'apply',
    run: { id: '20261123T050000Z-4f2a', kind: over.kind === 'rollback' ? 'rollback' : 'apply' },
    stopped: undefined,
    hosts,
    notes: [],
    summary: Object.fromEntries(outcomeKinds.map((kind) => [kind, number(kind)])) as RunResult['summary'],
    ...over,
  };
}
