/** A result as JSON: its keys and their order are a promise to scripts. */
import type { FileEdit, FileState } from '../plan/file-edit.js';
import type { HostPlan } from '../plan/host-plan.js';
import type { Finding } from '../playbook/assess.js';
import type { HostAudit, HostPlanned, Result, RunResult } from './model.js';
import { redact } from '../lib/redact.js';

type Tree = Readonly<Record<string, unknown>>;

/** Two-space indentation and a line feed at the end; nothing in it steers a terminal. */
export const jsonText = (result: Result): string => `${plainJson(resultTree(result), 2)}\n`;

/** JSON whose control and direction characters are all escaped; values stay what they are. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function resultTree(result: Result): Tree {
  const { schemaVersion, tool, version, kind, cluster, playbooks, startedAt, summary } = result;
  const base = { schemaVersion, tool, version, kind };
  const about = { cluster, playbooks, startedAt };
  switch (result.kind) {
    case 'audit':
      return { ...base, ...about, hosts: result.hosts.map(auditTree), notes: result.notes.map(redact), summary };
    case 'plan': {
      const { hosts, notes, waves } = result;
      return { ...base, ...about, hosts: hosts.map(plannedTree), notes: notes.map(redact), waves, summary };
    }
    case 'apply':
    case 'rollback':
    case 'resume': {
      const { run, of, finishedAt, stopped, hosts } = result;
      return {
        ...base,
        run,
        ...(of === undefined ? {} : { of }),
        ...about,
        finishedAt,
        stopped: stopped ?? null,
        hosts: hosts.map(outcomeTree),
        summary,
      };
    }
  }
}

/** One host of a result, as it stands in `hosts`. */
export function hostTree(host: Result['hosts'][number]): Tree {
  if ('outcome' in host) return outcomeTree(host);
  return 'plan' in host || 'refused' in host ? plannedTree(host) : auditTree(host);
}

function auditTree({ name, nodeName, role, distro, kubeletVersion, status, error, findings, notes }: HostAudit): Tree {
  return {
    name,
    nodeName: nodeName ?? null,
    role,
    distro: distro ?? null,
    kubeletVersion: kubeletVersion ?? null,
    status,
    ...(error === undefined ? {} : { error: { kind: error.kind, message: redact(error.message), hint: error.hint } }),
    findings: findings.map(findingTree),
    notes: notes.map(redact),
  };
}

function findingTree(finding: Finding): Tree {
  const { rule, playbook, title, severity, status, want, got, source, note, references } = finding;
  return {
    rule,
    playbook,
    title,
    severity,
    status,
    want,
    got: safeValue(got),
    source:
      source === undefined
        ? null
        : { kind: source.kind, path: source.path, line: source.line, detail: optional(source.detail) },
    ...(note === undefined ? {} : { note: redact(note) }),
    references: { cis: references.cis, stig: references.stig, docs: references.docs },
  };
}

function plannedTree(host: HostPlanned): Tree {
  const { plan, refused } = host;
  return {
    ...auditTree(host),
    plan: plan === undefined ? null : planTree(plan),
    refused: refused === undefined ? null : { reason: redact(refused.reason), hint: refused.hint },
  };
}

function planTree(plan: HostPlan): Tree {
  const { distro, unit, edits, restart, reload, expect, fixes, mayBreak, undoneBy, warnings, leftOut } = plan;
  return {
    distro,
    unit,
    edits: edits.map(editTree),
    restart,
    reload,
    expect: expect.map(({ setting, value }) => ({ setting, value })),
    fixes,
    mayBreak,
    undoneBy,
    warnings,
    leftOut: (leftOut ?? []).map(({ rule, reason, hint }) => ({ rule, reason: redact(reason), hint })),
  };
}

/** Without the file's content: the diff says what changes, and the rest may hold what is nobody's business. */
function editTree({ path, action, before, after, diff }: FileEdit): Tree {
  return {
    path,
    action,
    before: before === null ? null : stateTree(before),
    after: stateTree(after),
    diff: redact(diff),
  };
}

const stateTree = ({ sha256, mode, uid, gid, owner }: FileState): Tree => ({ sha256, mode, uid, gid, owner });

function outcomeTree(host: RunResult['hosts'][number]): Tree {
  const { name, nodeName, outcome, reason, hint, edits, gate, timings, log } = host;
  return {
    name,
    nodeName: nodeName ?? null,
    outcome,
    ...(reason === undefined ? {} : { reason: redact(reason) }),
    ...(hint === undefined ? {} : { hint }),
    edits: edits.map(({ path, action }) => ({ path, action })),
    gate: gate.map(({ check, passed, expected, seen, unchecked }) => ({
      check,
      passed,
      expected,
      seen: redact(seen),
      ...(unchecked === true ? { unchecked } : {}),
    })),
    timings,
    log: log.map(redact),
  };
}

const optional = (text: string | undefined): string | undefined => (text === undefined ? undefined : redact(text));

/** Null stands for none. Texts inside lists and maps lose their secrets too. */
function safeValue(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(safeValue);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, safeValue(inner)]));
}
