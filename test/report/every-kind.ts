/** A result of every kind, with names as long as a test wants them: what holds for every writer is tried with all of them. */
import { builtInRule } from '../../src/playbook/own-rules.js';
import { compareAudits } from '../../src/report/drift.js';
import type { JudgedRequest } from '../../src/report/csr-model.js';
import type { Result, RunSummary } from '../../src/report/model.js';
import type { ResultKind } from '../../src/report/schema.js';
import type { HostRecord, RunRecord } from '../../src/run/record.js';
import { loadRules } from '../persistence/rules.js';
import {
  auditResult,
  check,
  clusterFinding,
  finding,
  hostAudit,
  hostPlanned,
  manual,
  outcome,
  planResult,
  runResult,
  unreachable,
} from './samples.js';
import { verifyResult } from './verify-sample.js';

export interface Names {
  /** Hosts, at least three. */
  readonly hosts: readonly [string, string, string];
  readonly cluster: string;
  /** Of a request for a certificate. */
  readonly request: string;
  readonly path: string;
  /** Who started a run. */
  readonly operator: string;
}

export const shortNames: Names = {
  hosts: ['n1', 'n2', 'cp1'],
  cluster: 'prod-eu',
  request: 'csr-x7k2p',
  path: '/var/lib/kubelet/config.yaml',
  operator: 'ann@desk',
};

const head = { schemaVersion: 1, tool: 'kubelatch', version: '0.1.0' } as const;
const times = { startedAt: '2026-11-23T05:00:00Z', finishedAt: '2026-11-23T05:01:04Z' };
const ids = ['20261123T050100Z-3fa4c1', '20261124T050100Z-3fa4c2'] as const;

/** One of each kind. */
export function everyKind(names: Names = shortNames): {
  readonly [Kind in ResultKind]: Result & { readonly kind: Kind };
} {
  const about = { ...head, cluster: names.cluster } as const;
  const requests = { ...about, ...times, requests: requestsOf(names) };
  const [first] = recordsOf(names);
  return {
    ...judged(names),
    ...runs(names),
    runs: { ...head, kind: 'runs', runs: recordsOf(names).map((record) => summaryOf(record, names)) },
    run: { ...head, kind: 'run', run: summaryOf(first, names) },
    uninstall: {
      ...{ ...about, ...times, kind: 'uninstall', run: { id: ids[0], kind: 'uninstall' } },
      hosts: [
        { host: names.hosts[0], outcome: 'removed', backupCount: 3 },
        {
          host: names.hosts[1],
          outcome: 'refused',
          reason: 'bob holds this node',
          hint: 'wait for it',
          backupCount: 0,
        },
      ],
    },
    ...inventories(names),
    backups: {
      ...{ ...about, kind: 'backups' },
      hosts: [
        { host: names.hosts[0], backups: ids.map((run) => backupOf(run, names)) },
        { host: names.hosts[1], backups: [] },
        {
          host: names.hosts[2],
          error: { kind: 'timeout', message: 'no answer in time', hint: 'check the network' },
          backups: [],
        },
      ],
    },
    'csr-list': { ...requests, kind: 'csr-list' },
    'csr-approve': { ...requests, kind: 'csr-approve' },
    'csr-watch': { ...requests, kind: 'csr-watch' },
    ...policies(names),
    ...ruleKinds(),
  };
}

function judged({ hosts: [n1, n2, cp1], cluster, path }: Names) {
  const source = { kind: 'file', path, line: 12, detail: 'authentication.anonymous.enabled' } as const;
  const audit = auditResult(
    [
      hostAudit(n1, { findings: [finding({ source }), finding({ rule: 'ok', status: 'pass' }), manual('firewall')] }),
      hostAudit(n2, { findings: [finding({ rule: 'ok', status: 'unknown', note: 'the file could not be read' })] }),
      unreachable(cp1),
    ],
    ['The API server was asked as system:auditor.'],
  );
  const before = auditResult([hostAudit(n1), hostAudit(n2)]);
  const drift = compareAudits(before, './accepted.json', audit, new Set([n1, n2, cp1]));
  const unfixed = [
    { rule: 'firewall', title: 'A firewall', severity: 'low', status: 'unknown', reason: 'by hand', hint: 'look' },
  ] as const;
  const plan = planResult(
    [
      hostPlanned(n1, { unfixed }),
      hostPlanned(n2),
      { ...hostAudit(cp1), refused: { reason: 'no CA', hint: 'set one' } },
    ],
    [[n1], [n2]],
  );
  return {
    audit: { ...audit, cluster, clusterFindings: [clusterFinding()], drift },
    verify: { ...verifyResult, cluster, hosts: verifyResult.hosts.map((one) => ({ ...one, host: n1, nodeName: n2 })) },
    plan: { ...plan, cluster },
  };
}

function runs({ hosts: [n1, n2, cp1], cluster, path }: Names) {
  const reason = `the kubelet did not start with the new configuration; ${path} was restored`;
  const result = runResult(
    [
      outcome(n1, 'confirmed'),
      outcome(n2, 'reverted', {
        ...{ reason, hint: `fix the CA, then run: kubelatch apply --limit ${n2}` },
        ...{ gate: [check('lease'), check('kubelet-process', { seen: 'exited with 1' })], log: ['failed to load CA'] },
      }),
      outcome(cp1, 'skipped', { reason: 'the rollout was stopped' }),
    ],
    { stopped: `${n2} failed, and --max-failures is 0` },
  );
  return {
    apply: { ...result, cluster, kind: 'apply' as const },
    rollback: { ...result, cluster, kind: 'rollback' as const },
    resume: { ...result, cluster, kind: 'resume' as const },
  };
}

function recordsOf({ hosts: [n1, n2, cp1], cluster, path, operator }: Names): [RunRecord, RunRecord] {
  const host = (name: string, over: Partial<HostRecord> = {}): HostRecord => ({
    ...{ host: name, paths: [path], outcome: 'confirmed', reason: undefined, cordon: undefined },
    steps: [
      { step: 'prepare', time: '2026-11-23T05:01:01Z' },
      { step: 'gate', time: '2026-11-23T05:01:03Z' },
    ],
    ...{ endedAt: '2026-11-23T05:01:22Z', ...over },
  });
  const record: RunRecord = {
    ...{ run: ids[0], kind: 'apply' as const, of: undefined, cluster, inventory: './inventory.yaml', operator },
    ...{ startedAt: '2026-11-23T05:01:00Z', endedAt: '2026-11-23T05:04:05Z', stopped: undefined, resumed: [] },
    ...{ playbooks: ['baseline'], rules: ['anonymous-auth'], controller: undefined, lock: undefined, fromNodes: false },
    hosts: [host(n1), host(n2, { outcome: 'reverted', reason: 'lease not renewed' })],
  };
  const waiting = host(cp1, { steps: [], paths: [], outcome: undefined, endedAt: undefined });
  return [record, { ...record, run: ids[1], endedAt: undefined, hosts: [host(n1), waiting] }];
}

const summaryOf = (record: RunRecord, { hosts }: Names): RunSummary => ({
  ...{ record, state: record.endedAt === undefined ? 'left' : 'ended' },
  ...(record.run === ids[0] ? { rolledBack: [{ run: ids[1], hosts: [hosts[0]] }] } : {}),
});

const backupOf = (run: string, { operator, path }: Names) => ({
  ...{ run, state: 'confirmed', startedAt: '2026-11-23T05:01:02Z', operator, files: [path] },
  ...{ verdict: 'confirmed by the run', bytes: 40_960 },
});

function inventories({ hosts, cluster }: Names) {
  const listed = hosts.map((host, at) => ({
    ...{ host, address: `192.0.2.${at + 1}`, role: at === 2 ? 'control-plane' : 'worker', group: 'workers' },
    ssh: { user: 'deploy', jump: ['bastion.example.org'], become: 'sudo' },
  })) as Extract<Result, { kind: 'inventory' }>['hosts'];
  const hint = `check that sshd is running, then run: kubelatch inventory check --limit ${hosts[1]}`;
  return {
    inventory: { ...head, kind: 'inventory' as const, cluster, apiServer: { via: hosts[2] }, hosts: listed },
    'inventory-check': {
      ...{ ...head, kind: 'inventory-check' as const, cluster },
      hosts: [
        { host: hosts[0], login: { user: 'deploy', sudo: true } },
        { host: hosts[1], login: { kind: 'refused', message: `nothing listens on ${hosts[1]}:22`, hint } },
      ],
      apiServer: { reached: false, reason: 'the API server 192.0.2.1:6443 refuses the connection; is it running?' },
    },
  };
}

function requestsOf({ request, hosts: [n1, n2] }: Names): JudgedRequest[] {
  const one: JudgedRequest = {
    ...{ name: request, username: `system:node:${n1}`, node: n1, host: n1, createdAt: '2026-11-29T12:00:00.000Z' },
    ...{ state: 'pending', newest: true, verdict: 'valid', reasons: [], notes: [] },
  };
  const reasons = [{ check: 'address-foreign', message: `192.0.2.1 is not an address of Node ${n2}` }];
  return [
    one,
    { ...one, name: `${request}b`, node: n2, host: n2, verdict: 'refused', reasons },
    { ...one, name: `${request}c`, state: 'issued', verdict: 'decided', outcome: 'not-served' },
  ];
}

function policies({ cluster, path }: Names) {
  const setting = { rule: 'anonymous-auth', setting: 'authentication.anonymous.enabled', value: false };
  const diff = `--- ${path}\t\n+++ ${path}\t\n@@ -1 +1 @@\n-enabled: true\n+enabled: false\n`;
  return {
    netpol: {
      ...{ ...head, kind: 'netpol' as const, cluster, ...times },
      cni: { name: 'calico', version: 'v3.28.0', enforces: 'yes', ownNode: 'filtered' } as const,
      ...{ policy: undefined, manifests: [], files: [], limits: [], clusterFindings: [clusterFinding()] },
      changes: [
        { object: 'NetworkPolicy shop/kubelatch-no-kubelet', outcome: 'created' as const, diff: '+x' },
        { object: 'NetworkPolicy web/p', outcome: 'failed' as const, diff: '', reason: 'HTTP 403', hint: 'ask for it' },
      ],
    },
    persist: {
      ...{ ...head, kind: 'persist' as const, cluster, playbooks: ['baseline'], ...times, to: 'patches' as const },
      changes: [
        { target: path, outcome: 'shown' as const, settings: [setting], leftOut: [], diff },
        {
          ...{ target: 'ConfigMap kube-system/kubelet-config', outcome: 'refused' as const },
          reason: 'it changed',
          settings: [],
          leftOut: [],
          diff: '',
        },
      ],
      ...{ commands: [], places: [], warnings: ['a later join may undo it'], notes: ['one note'], notJudged: [] },
    },
  };
}

/** Read once: a test asks for many results. */
const playbook = loadRules('cis-1.12');

function ruleKinds() {
  const builtIn = builtInRule('declared-not-in-effect');
  if (builtIn === undefined) throw new Error('no such rule');
  return {
    rule: { ...head, kind: 'rule' as const, rule: builtIn, want: undefined, wantText: builtIn.title, playbooks: [] },
    rules: {
      ...{ ...head, kind: 'rules' as const },
      playbooks: [{ name: playbook.name, title: playbook.title, rules: playbook.rules.length }],
      rules: playbook.rules.map(({ id, title, severity, kind, references }) => ({
        ...{
          id,
          title,
          severity,
          kind,
          playbooks: ['cis-1.11', 'cis-1.12', 'k3s-cis', 'rke2-cis', 'stig'],
          references,
        },
      })),
    },
  };
}
