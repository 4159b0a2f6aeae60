/** A result as JUnit XML: a suite for each host, a case for each rule; for a run, a case for each host. */
import { type SafeText, joinSafe, safeForm } from '../lib/output.js';
import type { OutcomeKind } from '../run/outcome.js';
import { groupBy } from './group.js';
import { type JudgedResult, type JudgedRow, controlsOf, judgedRows, unjudgedRows } from './judged-row.js';
import type { InventoryCheckResult } from './check-model.js';
import type { NothingToResume, RunResult, UninstallOutcome, UninstallResult } from './model.js';
import type { VerifyResult } from './verify-model.js';
import { isoOf } from './time.js';
import { line } from './words.js';
import { element, xmlText } from './xml.js';

/** `error`: nothing is known. */
type Verdict = 'passed' | 'failure' | 'error' | 'skipped';

interface Case {
  readonly name: string;
  readonly seconds?: number | undefined;
  readonly verdict: Verdict;
  /** A line; the details below it. */
  readonly message?: string | undefined;
  readonly details?: readonly string[] | undefined;
}

interface Suite {
  readonly name: string;
  readonly startedAt?: string | undefined;
  readonly cases: readonly Case[];
}

export type JunitResult =
  | Exclude<JudgedResult, { readonly kind: 'plan' }>
  | VerifyResult
  | RunResult
  | NothingToResume
  | UninstallResult
  | InventoryCheckResult;

export function junit(result: JunitResult): SafeText {
  const suites = suitesOf(result);
  const all = suites.flatMap(({ cases }) => cases);
  const root = element('testsuites', { name: `kubelatch ${result.kind}`, ...countsOf(all) }, suites.map(suiteText));
  return safeForm`<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`;
}

function suitesOf(result: JunitResult): Suite[] {
  switch (result.kind) {
    case 'audit':
    case 'verify':
      return judgedSuites(result);
    case 'inventory-check':
      return [{ name: line(result.cluster), cases: [...result.hosts.map(loginCase), ...apiServerCases(result)] }];
    case 'uninstall': {
      const cases = result.hosts.map(({ host, outcome, reason = '', hint = '' }) =>
        hostCase(host, removalVerdicts[outcome], outcome, [reason, hint]),
      );
      return [{ name: `uninstall ${line(result.cluster)}`, startedAt: result.startedAt, cases }];
    }
    case 'apply':
    case 'rollback':
    case 'resume':
      return result.run === undefined ? [] : [runSuite(result)];
  }
}

function judgedSuites(result: Extract<JunitResult, { readonly kind: 'audit' | 'verify' }>): Suite[] {
  const rows = judgedRows(result);
  const missing = new Map(unjudgedRows(result.hosts).map((one) => [one.host, one]));
  const byHost = new Map(groupBy(rows, ({ host }) => host).map((own) => [own[0]?.host ?? '', own]));
  const suites = result.hosts.map(({ host: name }): Suite => {
    const host = line(name);
    const lost = missing.get(host);
    const unseen: readonly Case[] =
      lost === undefined
        ? []
        : [{ name: `${host} is judged`, verdict: 'error', message: lost.error, details: [lost.hint] }];
    return { name: host, startedAt: result.startedAt, cases: [...unseen, ...(byHost.get(host) ?? []).map(rowCase)] };
  });
  const cluster = (byHost.get('') ?? []).map(rowCase);
  return cluster.length === 0 ? suites : [...suites, { name: 'the cluster', cases: cluster }];
}

function rowCase(row: JudgedRow): Case {
  const name = row.subject === '' ? row.rule : `${row.rule} (${row.subject})`;
  const why = row.found === '' ? row.note : row.wanted === '' ? row.found : `${row.found}, wanted ${row.wanted}`;
  const details = [
    `${row.severity}: ${row.title}`,
    ...[row.source, row.note, ...row.evidence, row.fix].filter((one) => one !== '' && one !== why),
    ...controlsOf(row.references),
  ];
  return { name, verdict: rowVerdict(row), message: why, details };
}

/** What only a person can judge is skipped; what could not be judged is an error. */
function rowVerdict({ status, manual }: JudgedRow): Verdict {
  if (status === 'pass') return 'passed';
  if (status === 'fail') return 'failure';
  return status === 'not-applicable' || manual ? 'skipped' : 'error';
}

const verdicts: Readonly<Record<OutcomeKind, Verdict>> = {
  unchanged: 'passed',
  confirmed: 'passed',
  reverted: 'failure',
  failed: 'failure',
  refused: 'failure',
  unknown: 'error',
  unreachable: 'error',
  skipped: 'skipped',
};

const removalVerdicts: Readonly<Record<UninstallOutcome, Verdict>> = {
  removed: 'passed',
  nothing: 'passed',
  refused: 'failure',
  failed: 'failure',
  unreachable: 'error',
  skipped: 'skipped',
};

function runSuite({ run, kind, startedAt, hosts }: RunResult): Suite {
  const cases = hosts.map(({ host, outcome, reason = '', hint = '', gate, log, timings }) => {
    const failed = gate.filter(({ passed }) => !passed);
    const checks = failed.map(({ check, expected, seen }) => `${check}: ${seen}, expected ${expected}`);
    const ms = Object.values(timings).reduce((sum, one) => sum + one, 0);
    return { ...hostCase(host, verdicts[outcome], outcome, [reason, hint, ...checks, ...log]), seconds: ms / 1000 };
  });
  return { name: `${kind} ${line(run.id)}`, startedAt, cases };
}

const hostCase = (host: string, verdict: Verdict, outcome: string, details: readonly string[]): Case => ({
  name: line(host),
  verdict,
  message: outcome,
  details: details.filter((one) => one !== '').map((one) => line(one, 2000)),
});

const loginCase = ({ host, login }: InventoryCheckResult['hosts'][number]): Case =>
  'hint' in login
    ? hostCase(host, 'error', line(login.message), [login.hint])
    : { name: line(host), verdict: 'passed' };

const apiServerCases = ({ apiServer }: InventoryCheckResult): Case[] => {
  if (apiServer === undefined) return [];
  if (apiServer.reached) return [{ name: 'API server', verdict: 'passed' }];
  return [hostCase('API server', 'error', 'not reached', [apiServer.reason ?? ''])];
};

function countsOf(cases: readonly Case[]) {
  const number = (wanted: Verdict): number => cases.filter(({ verdict }) => verdict === wanted).length;
  const seconds = cases.reduce((sum, one) => sum + (one.seconds ?? 0), 0);
  return {
    ...{ tests: cases.length, failures: number('failure'), errors: number('error'), skipped: number('skipped') },
    time: seconds.toFixed(3),
  };
}

const suiteText = ({ name, startedAt, cases }: Suite): SafeText =>
  safeForm`\n${element(
    'testsuite',
    { name, ...countsOf(cases), timestamp: isoOf(startedAt)?.slice(0, 19) },
    cases.map((one) => caseText(name, one)),
  )}`;

function caseText(suite: string, { name, seconds = 0, verdict, message = '', details = [] }: Case): SafeText {
  const attributes = { classname: suite, name, time: seconds.toFixed(3) };
  if (verdict === 'passed') return safeForm`\n${element('testcase', attributes)}`;
  if (verdict === 'skipped') return safeForm`\n${element('testcase', attributes, [element('skipped', { message })])}`;
  const text = joinSafe(
    details.map((one) => xmlText(one)),
    '\n',
  );
  return safeForm`\n${element('testcase', attributes, [element(verdict, { message, type: verdict }, [text])])}`;
}
