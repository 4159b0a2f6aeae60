/** Compares an audit with an earlier one, finding by finding, by their fingerprints. */
import { isDeepStrictEqual } from 'node:util';
import type { FindingStatus } from '../playbook/assess.js';
import type { Severity } from '../playbook/schema.js';
import { redactTree } from '../lib/redact.js';
import {
  type Drift,
  type DriftSide,
  type FindingChange,
  type FindingDrift,
  type HostDrift,
  findingChanges,
  hostChanges,
} from './drift-model.js';
import { clusterFingerprintOf, fingerprintOf } from './fingerprint.js';
import type { AuditResult, HostAudit } from './model.js';
import { severityOrder } from './words.js';

/** A finding of either kind. */
interface Item extends DriftSide {
  readonly fingerprint: string;
  readonly host: string | undefined;
  readonly rule: string;
  readonly severity: Severity;
  readonly subject: string | undefined;
  /** Reported only where it fails: no longer there is fixed. */
  readonly onlyFailing: boolean;
}

/** `known`: all hosts of the inventory, of which this audit may have read some. */
export function compareAudits(
  baseline: AuditResult,
  path: string,
  current: AuditResult,
  known: ReadonlySet<string>,
): Drift {
  const hosts = compareHosts(baseline, current, known);
  const judged = new Set(current.hosts.filter(({ status }) => status === 'judged').map(({ host }) => host));
  const before = itemsOf(baseline, (host) => judged.has(host));
  const after = itemsOf(current, (host) => judged.has(host));
  const absence = absenceIn(current);
  const seen = new Set([...before.keys(), ...after.keys()]);
  let unchanged = 0;
  const findings: FindingDrift[] = [];
  for (const fingerprint of seen) {
    const [old, now] = [before.get(fingerprint), after.get(fingerprint)];
    const change = changeOf(old, now, absence);
    if (change === 'unchanged') unchanged += 1;
    else if (change !== undefined) findings.push(driftOf(change, old, now));
  }
  findings.sort(byWeight);
  const { version, startedAt, finishedAt } = baseline;
  const number = <T extends { readonly change: string }>(all: readonly T[], names: readonly T['change'][]): object =>
    Object.fromEntries(names.map((name) => [name, all.filter(({ change }) => change === name).length]));
  return {
    baseline: { path, version, startedAt, finishedAt },
    drifted: [...hosts, ...findings].some(({ drifted }) => drifted),
    hosts,
    findings,
    summary: {
      findings: { ...number(findings, findingChanges), unchanged } as Drift['summary']['findings'],
      hosts: number(hosts, hostChanges) as Drift['summary']['hosts'],
    },
  };
}

/** A host outside --limit was not asked, and nothing is said of it. */
function compareHosts(baseline: AuditResult, current: AuditResult, known: ReadonlySet<string>): HostDrift[] {
  const before = new Map(baseline.hosts.map((one) => [one.host, one]));
  const now = new Set(current.hosts.map(({ host }) => host));
  const gone = baseline.hosts.filter(({ host }) => !now.has(host) && !known.has(host));
  return [
    ...gone.map(({ host }): HostDrift => ({ host, change: 'gone', drifted: true })),
    ...current.hosts.flatMap((one) => hostChange(one, before.get(one.host))),
  ];
}

function hostChange({ host, status }: HostAudit, before: HostAudit | undefined): HostDrift[] {
  if (before === undefined) return [{ host, change: 'new', drifted: false }];
  if (before.status === status || (before.status !== 'judged' && status !== 'judged')) return [];
  return status === 'judged' ? [{ host, change: 'read', drifted: false }] : [{ host, change: 'unread', drifted: true }];
}

/** By fingerprint. Findings of several playbooks that share one count as the worst of them. */
function itemsOf(result: AuditResult, isCompared: (host: string) => boolean): ReadonlyMap<string, Item> {
  const all = new Map<string, Item>();
  const add = (item: Item): void => {
    const other = all.get(item.fingerprint);
    if (other === undefined || statusOrder[item.status] < statusOrder[other.status]) all.set(item.fingerprint, item);
  };
  for (const { host, findings } of result.hosts.filter((one) => isCompared(one.host)))
    for (const one of findings) {
      const { rule, severity, status, setting: subject } = one;
      const onlyFailing = one.playbook === 'kubelatch';
      const { got, source } = asWritten({ got: one.got, source: one.source });
      add({ fingerprint: fingerprintOf(host, one), host, rule, severity, subject, status, got, source, onlyFailing });
    }
  for (const one of result.clusterFindings) {
    const { rule, severity, status, object: subject, message: got } = one;
    const fingerprint = clusterFingerprintOf(one);
    add({
      ...{ fingerprint, host: undefined, rule, severity, subject, status },
      got,
      source: undefined,
      onlyFailing: true,
    });
  }
  return all;
}

const statusOrder: Readonly<Record<FindingStatus, number>> = { fail: 0, unknown: 1, pass: 2, 'not-applicable': 3 };

/** As a result's JSON holds it, without secrets: the baseline was read from such a one. */
function asWritten(side: Pick<DriftSide, 'got' | 'source'>): Pick<DriftSide, 'got' | 'source'> {
  const { got, source } = JSON.parse(JSON.stringify(redactTree(side))) as Pick<DriftSide, 'got' | 'source'>;
  return { got: got ?? undefined, source: source ?? undefined };
}

/** What it means that a finding is no longer there. */
type Absence = (before: Item) => FindingChange | undefined;

/** Findings about the cluster come of an API server that may not have been asked this time: a note says so then. */
function absenceIn({ clusterFindings, notes }: AuditResult): Absence {
  const rules = new Map<string, boolean>();
  for (const { rule, status } of clusterFindings)
    rules.set(rule, (rules.get(rule) ?? false) || status === 'fail' || status === 'pass');
  return ({ host, rule, status, onlyFailing }) => {
    if (status !== 'fail' && status !== 'pass') return undefined;
    if (host !== undefined) return onlyFailing && status === 'fail' ? 'fixed' : 'gone';
    const isKnown = rules.get(rule) ?? notes.length === 0;
    if (!isKnown) return 'unverified';
    return status === 'fail' ? 'fixed' : undefined;
  };
}

function changeOf(
  before: Item | undefined,
  after: Item | undefined,
  absence: Absence,
): FindingChange | 'unchanged' | undefined {
  if (after === undefined) return before === undefined ? undefined : absence(before);
  const failed = before?.status === 'fail';
  switch (after.status) {
    case 'fail':
      if (!failed) return 'new';
      return isSameValue(before, after) && isSameSource(before, after) ? 'unchanged' : 'changed';
    case 'unknown':
      return failed || before?.status === 'pass' ? 'unverified' : undefined;
    case 'pass':
    case 'not-applicable':
      return failed ? 'fixed' : undefined;
  }
}

/** A hidden value cannot be compared. Words about the cluster hold counts, so they are no value. */
const isSameValue = (before: Item, after: Item): boolean =>
  after.host === undefined || [before.got, after.got].includes('***') || isDeepStrictEqual(before.got, after.got);

/** The line of a file moves with any edit above it. */
const isSameSource = ({ source: before }: Item, { source: after }: Item): boolean =>
  before?.kind === after?.kind && before?.path === after?.path && before?.detail === after?.detail;

function driftOf(change: FindingChange, before: Item | undefined, after: Item | undefined): FindingDrift {
  const { fingerprint, host, rule, severity, subject } = (after ?? before) as Item;
  // The same value in another place is told, and is as bad as it was.
  const moved = change === 'changed' && before !== undefined && after !== undefined && isSameValue(before, after);
  const drifted = change !== 'fixed' && !moved;
  return { fingerprint, host, rule, severity, subject, change, drifted, before: sideOf(before), after: sideOf(after) };
}

const sideOf = (item: Item | undefined): DriftSide | undefined =>
  item === undefined ? undefined : { status: item.status, got: item.got, source: item.source };

const byWeight = (one: FindingDrift, other: FindingDrift): number =>
  findingChanges.indexOf(one.change) - findingChanges.indexOf(other.change) ||
  severityOrder[one.severity] - severityOrder[other.severity];
