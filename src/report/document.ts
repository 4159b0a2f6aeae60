/** A result as its JSON holds it: the keys are those of schema.ts, in an order that does not change. */
import type { FileEdit, FileState } from '../plan/file-edit.js';
import type { UnfixedRule } from '../plan/unfixed-rules.js';
import type { Outcome } from '../run/outcome.js';
import type { Finding } from '../playbook/assess.js';
import { clusterFindingTree } from './cluster-document.js';
import { driftTree, sourceTree } from './drift-document.js';
import { fingerprintOf } from './fingerprint.js';
import { hostHead } from './host-document.js';
import type {
  HostAudit,
  NothingToResume,
  Result,
  RunInfo,
  RunResult,
  ShownHost,
  ShownPlan,
  UninstallResult,
} from './model.js';
import { backupsTree, inventoryCheckTree, inventoryTree, ruleTree, shardTree } from './listed-document.js';
import { csrTree } from './csr-text.js';
import { netpolTree } from './netpol-document.js';
import { persistTree } from './persist-document.js';
import { verifiedTree } from './verify-tree.js';
import { pastRunTree, runsListTree } from './past-run.js';
import type { ResultDocument } from './schema.js';
import { uninstallNames } from './schema-parts.js';
import { line } from './words.js';

export function documentOf(result: Result): ResultDocument {
  const { schemaVersion, tool, version } = result;
  const base = { schemaVersion, tool, version };
  switch (result.kind) {
    case 'audit': {
      const { hosts, clusterFindings, notes, summary } = result;
      const found = { hosts: hosts.map(auditTree), clusterFindings: clusterFindings.map(clusterFindingTree) };
      const drift = result.drift === undefined ? {} : { drift: driftTree(result.drift) };
      return { ...base, kind: result.kind, ...about(result), ...shardTree(result), ...found, ...drift, notes, summary };
    }
    case 'verify': {
      const { hosts, notes, summary } = result;
      return { ...base, kind: result.kind, ...about(result), hosts: hosts.map(verifiedTree), notes, summary };
    }
    case 'plan': {
      const { hosts, clusterFindings, notes, waves, saved, summary } = result;
      const file = saved === undefined ? {} : { saved };
      const found = { hosts: hosts.map(plannedTree), clusterFindings: clusterFindings.map(clusterFindingTree) };
      return { ...base, kind: result.kind, ...about(result), ...file, ...found, notes, waves, summary };
    }
    case 'apply':
    case 'rollback':
      return { ...base, kind: result.kind, ...runFields(result) };
    case 'resume':
      return isNothing(result)
        ? { ...base, kind: result.kind, run: null, hosts: [], summary: {} }
        : { ...base, kind: result.kind, ...runFields(result) };
    case 'uninstall':
      return { ...base, kind: result.kind, ...uninstallFields(result) };
    case 'inventory':
      return { ...base, kind: result.kind, ...inventoryTree(result) };
    case 'inventory-check':
      return { ...base, kind: result.kind, ...inventoryCheckTree(result) };
    case 'runs':
      return { ...base, kind: result.kind, runs: result.runs.map(runsListTree) };
    case 'run':
      return { ...base, kind: result.kind, run: pastRunTree(result.run) };
    case 'backups':
      return { ...base, kind: result.kind, cluster: result.cluster, hosts: result.hosts.map(backupsTree) };
    case 'csr-list':
    case 'csr-approve':
    case 'csr-watch':
      return { ...base, kind: result.kind, ...csrTree(result) };
    case 'netpol':
      return { ...base, kind: result.kind, ...netpolTree(result) };
    case 'persist':
      return { ...base, kind: result.kind, ...about(result), ...persistTree(result) };
    case 'rules':
      return { ...base, kind: result.kind, playbooks: result.playbooks, rules: result.rules };
    case 'rule':
      return { ...base, kind: result.kind, rule: ruleTree(result), playbooks: result.playbooks };
  }
}

const isNothing = (result: RunResult | NothingToResume): result is NothingToResume => result.run === undefined;

type About = Pick<RunResult, 'cluster' | 'playbooks' | 'startedAt' | 'finishedAt'>;
const about = ({ cluster, playbooks, startedAt, finishedAt }: About): About => ({
  cluster,
  playbooks,
  startedAt,
  finishedAt,
});

function runFields(result: RunResult) {
  const { run, durationMs, stopped, next, hooks, hosts, notes, summary } = result;
  return {
    run: runTree(run),
    ...about(result),
    ...(durationMs === undefined ? {} : { durationMs }),
    stopped: stopped ?? null,
    ...(next === undefined ? {} : { next }),
    ...hooksTree(hooks),
    hosts: hosts.map(outcomeTree),
    notes,
    summary,
  };
}

const hooksTree = (hooks: RunResult['hooks']) =>
  hooks === undefined
    ? {}
    : { hooks: hooks.map((one) => ({ ...one, host: one.host ?? null, failure: one.failure ?? null })) };

const runTree = ({ id, kind, of, plan }: RunInfo) => ({
  id,
  kind: kind ?? null,
  ...(of === undefined ? {} : { of }),
  ...(plan === undefined ? {} : { plan }),
});

export const auditTree = (audit: HostAudit) => ({
  ...hostHead(audit),
  findings: audit.findings.map((one) => findingTree(audit.host, one)),
  notes: audit.notes,
});

type FindingDocument = ResultDocument<'audit'>['hosts'][number]['findings'][number];

function findingTree(host: string, finding: Finding): FindingDocument {
  const { rule, playbook, title, severity, status, setting, want, wantText, got, source, note, manual } = finding;
  const { cis, stig, docs } = finding.references;
  return {
    fingerprint: fingerprintOf(host, finding),
    rule,
    playbook,
    title,
    severity,
    status,
    setting: setting ?? null,
    want: want ?? null,
    wantText,
    got: got ?? null,
    source: sourceTree(source),
    ...(note === undefined ? {} : { note }),
    ...(manual === undefined ? {} : { manual }),
    references: { cis, stig, docs },
  };
}

export function plannedTree(host: ShownHost) {
  const { plan, refused, unfixed } = host;
  // Of a refused host everything stays as it is.
  const left = unfixed === undefined || refused !== undefined ? {} : { unfixed: unfixed.map(unfixedTree) };
  return {
    ...auditTree(host),
    plan: plan === undefined ? null : planTree(plan),
    ...left,
    refused: refused === undefined ? null : { reason: refused.reason, hint: refused.hint },
  };
}

const unfixedTree = ({ rule, title, severity, status, reason, hint }: UnfixedRule) => ({
  ...{ rule, title, severity, status },
  ...{ reason: line(reason, 2000), hint: line(hint, 2000) },
});

function planTree(plan: ShownPlan) {
  const { distro, unit, edits, restart, reload, expect, fixes, mayBreak, overwrittenBy, warnings, serving } = plan;
  return {
    distro,
    unit,
    edits: edits.map(editTree),
    restart,
    reload,
    expect: expect.map(({ setting, value }) => ({ setting, value })),
    fixes,
    mayBreak,
    overwrittenBy,
    warnings,
    ...(serving === undefined ? {} : { serving }),
    ...((plan.guards ?? []).length === 0 ? {} : { guards: [...(plan.guards ?? [])] }),
    skippedRules: (plan.skippedRules ?? []).map(({ rule, reason, hint }) => ({ rule, reason, hint })),
  };
}

/** Without the file's content: the diff says what changes, and the rest may hold what is nobody's business. */
const editTree = ({ path, action, before, after, diff }: FileEdit) => ({
  path,
  action,
  before: before === null ? null : stateTree(before),
  after: stateTree(after),
  diff,
});

const stateTree = ({ sha256, mode, uid, gid, owner }: FileState) => ({ sha256, mode, uid, gid, owner });

function outcomeTree({ host, nodeName, outcome, reason, hint, edits, gate, timings, log }: Outcome) {
  return {
    host,
    nodeName: nodeName ?? null,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(hint === undefined ? {} : { hint }),
    edits: edits.map(({ path, action }) => ({ path, action })),
    gate: gate.map(({ check, passed, expected, seen, unchecked }) => ({
      check,
      passed,
      expected,
      seen,
      ...(unchecked === true ? { unchecked } : {}),
    })),
    timingsMs: timings,
    log,
  };
}

function uninstallFields({ run, cluster, startedAt, finishedAt, hooks, hosts }: UninstallResult) {
  const number = (wanted: string): number => hosts.filter(({ outcome }) => outcome === wanted).length;
  return {
    run: run === undefined ? null : runTree(run),
    cluster,
    startedAt,
    finishedAt,
    ...hooksTree(hooks),
    hosts: hosts.map(({ host, outcome, reason, hint, backupCount }) => ({
      host,
      outcome,
      ...(reason === undefined ? {} : { reason: line(reason) }),
      ...(hint === undefined ? {} : { hint }),
      backupCount,
    })),
    summary: Object.fromEntries(uninstallNames.map((name) => [name, number(name)])) as Record<
      (typeof uninstallNames)[number],
      number
    >,
  };
}
