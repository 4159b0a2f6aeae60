/** A result as one table of plain text, a row for each finding or host: what CSV holds and Markdown shows. */
import type { CheckedApiServer } from './check-model.js';
import type { CsrResult } from './csr-model.js';
import { type JudgedResult, controlsOf, judgedRows, unjudgedRows } from './judged-row.js';
import type { Result, RunResult, RunSummary, ShownHost } from './model.js';
import { rulesSheet } from './rules-text.js';
import { between } from './time.js';
import { line } from './words.js';

export interface Sheet {
  /** Lower case, words joined by `_`. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export type SheetResult = Exclude<Result, { readonly kind: 'netpol' | 'persist' | 'rule' }>;

export function sheetOf(result: SheetResult): Sheet {
  switch (result.kind) {
    case 'audit':
    case 'verify':
      return judgedSheet(result);
    case 'plan':
      return planSheet(result);
    case 'apply':
    case 'rollback':
      return runSheet(result);
    case 'resume':
      return result.run === undefined ? { columns: runColumns, rows: [] } : runSheet(result);
    case 'run':
      return stepSheet(result.run);
    case 'csr-list':
    case 'csr-approve':
    case 'csr-watch':
      return csrSheet(result);
    case 'rules':
      return rulesSheet(result);
    case 'runs':
    case 'uninstall':
    case 'inventory':
    case 'inventory-check':
    case 'backups':
      return listSheet(result);
  }
}

const judgedColumns = [
  ...['host', 'status', 'severity', 'rule', 'playbook', 'title', 'subject', 'wanted', 'found', 'source', 'path'],
  ...['line', 'note', 'evidence', 'controls', 'fix', 'fingerprint'],
];

/** A host that was not judged has a row too: it is not clean. */
function judgedSheet(result: JudgedResult): Sheet {
  const rows = judgedRows(result).map((row) => [
    ...[row.host, row.status, row.severity, row.rule, row.playbook, row.title, row.subject, row.wanted, row.found],
    ...[row.source, row.path, row.line === undefined ? '' : String(row.line), row.note, row.evidence.join('; ')],
    ...[controlsOf(row.references).join('; '), row.fix, row.fingerprint],
  ]);
  const unjudged = unjudgedRows(result.hosts).map(({ host, status, error, hint }) =>
    judgedColumns.map((name) => ({ host, status, note: error, fix: hint })[name] ?? ''),
  );
  return { columns: judgedColumns, rows: [...rows, ...unjudged] };
}

/** A row for each edit, then one for each rule that stays as it is: `change` is `stays-fail` or `stays-unknown`. */
function planSheet({ hosts }: Extract<JudgedResult, { readonly kind: 'plan' }>): Sheet {
  const columns = [
    'host',
    'node',
    'change',
    'path',
    'action',
    'restart',
    'fixes',
    'reason',
    'hint',
    'rule',
    'severity',
  ];
  const edits = hosts.map(({ host, nodeName = '', status, error, plan, refused }): string[][] => {
    const about = [line(host), line(nodeName)];
    if (status !== 'judged')
      return [[...about, status, '', '', '', '', line(error?.message ?? ''), line(error?.hint ?? '')]];
    if (refused !== undefined) return [[...about, 'refused', '', '', '', '', line(refused.reason), line(refused.hint)]];
    if (plan === undefined) return [[...about, 'unknown', '', '', '', '', '', '']];
    const rest = [plan.restart ? 'yes' : 'no', plan.fixes.map((one) => line(one)).join('; '), '', ''];
    if (plan.edits.length === 0) return [[...about, plan.restart ? 'restart' : 'none', '', '', ...rest]];
    return plan.edits.map(({ path, action }) => [...about, 'edit', line(path), action, ...rest]);
  });
  const rows = hosts.flatMap((host, at) => [...(edits[at] ?? []).map((row) => [...row, '', '']), ...unfixedRows(host)]);
  return { columns, rows };
}

const unfixedRows = ({ host, nodeName = '', refused, unfixed = [] }: ShownHost): string[][] =>
  refused !== undefined
    ? []
    : unfixed.map(({ rule, severity, status, reason, hint }) => [
        ...[line(host), line(nodeName), `stays-${status}`, '', '', '', '', line(reason), line(hint), line(rule)],
        severity,
      ]);

const runColumns = ['run', 'host', 'node', 'outcome', 'reason', 'hint', 'files', 'failed_checks', 'seconds'];

function runSheet({ run, hosts }: RunResult): Sheet {
  const rows = hosts.map(({ host, nodeName = '', outcome, reason = '', hint = '', edits, gate, timings }) => {
    const failed = gate.filter(({ passed }) => !passed).map(({ check, seen }) => line(`${check}: ${seen}`));
    const ms = Object.values(timings).reduce((sum, one) => sum + one, 0);
    return [
      ...[line(run.id), line(host), line(nodeName), outcome, line(reason), line(hint)],
      ...[edits.map(({ path }) => line(path)).join('; '), failed.join('; '), secondsText(ms)],
    ];
  });
  return { columns: runColumns, rows };
}

function stepSheet({ record }: RunSummary): Sheet {
  const rows = record.hosts.flatMap(({ host, steps, outcome = '', endedAt }) => {
    const ends = [...steps.slice(1).map(({ time }) => time), endedAt];
    if (steps.length === 0) return [[line(record.run), line(host), outcome, '', '', '']];
    return steps.map(({ step, time }, at) => [
      ...[line(record.run), line(host), outcome, line(step), line(time), secondsText(between(time, ends[at]))],
    ]);
  });
  return { columns: ['run', 'host', 'outcome', 'step', 'started_at', 'seconds'], rows };
}

const secondsText = (ms: number | undefined): string => (ms === undefined ? '' : String(Math.round(ms) / 1000));

function csrSheet({ requests }: CsrResult): Sheet {
  const columns = ['request', 'node', 'host', 'username', 'created_at', 'state', 'verdict', 'outcome', 'reasons'];
  const rows = requests.map(({ name, node = '', host = '', username, createdAt, state, verdict, outcome, reasons }) => [
    ...[line(name), line(node), line(host), line(username), line(createdAt), state, verdict, outcome ?? ''],
    reasons.map(({ check, message }) => line(`${check}: ${message}`)).join('; '),
  ]);
  return { columns, rows };
}

type Listed = Extract<
  SheetResult,
  { readonly kind: 'runs' | 'uninstall' | 'inventory' | 'inventory-check' | 'backups' }
>;

const apiServerRows = (api: CheckedApiServer | undefined): string[][] =>
  api === undefined ? [] : [['API server', api.reached ? 'yes' : 'no', '', '', line(api.reason ?? ''), '']];

function listSheet(result: Listed): Sheet {
  switch (result.kind) {
    case 'runs':
      return {
        columns: ['run', 'kind', 'cluster', 'operator', 'started_at', 'finished_at', 'state', 'hosts'],
        rows: result.runs.map(({ state, record }) => [
          ...[line(record.run), record.kind ?? '', line(record.cluster), line(record.operator), line(record.startedAt)],
          ...[line(record.endedAt ?? ''), state, String(record.hosts.length)],
        ]),
      };
    case 'uninstall':
      return {
        columns: ['host', 'outcome', 'reason', 'hint', 'backups'],
        rows: result.hosts.map(({ host, outcome, reason = '', hint = '', backupCount }) => [
          ...[line(host), outcome, line(reason), line(hint), String(backupCount)],
        ]),
      };
    case 'inventory':
      return {
        columns: ['host', 'address', 'node', 'role', 'group', 'user', 'port', 'jump', 'become'],
        rows: result.hosts.map(({ host, address, nodeName = '', role, group, ssh }) => [
          ...[line(host), line(address), line(nodeName), role, line(group), line(ssh.user ?? '')],
          ...[ssh.port === undefined ? '' : String(ssh.port), ssh.jump.map((one) => line(one)).join('; '), ssh.become],
        ]),
      };
    case 'inventory-check':
      return {
        columns: ['host', 'usable', 'user', 'sudo', 'error', 'hint'],
        rows: [
          ...result.hosts.map(({ host, login }) =>
            'hint' in login
              ? [line(host), 'no', '', '', line(login.message), line(login.hint)]
              : [line(host), 'yes', line(login.user), login.sudo ? 'yes' : 'no', '', ''],
          ),
          ...apiServerRows(result.apiServer),
        ],
      };
    case 'backups':
      return {
        columns: ['host', 'run', 'state', 'started_at', 'operator', 'files', 'verdict', 'bytes', 'error'],
        rows: result.hosts.flatMap(({ host, error, backups }) => [
          ...(error === undefined ? [] : [[line(host), '', '', '', '', '', '', '', line(error.message)]]),
          ...backups.map((one) => [
            ...[line(host), line(one.run), line(one.state), line(one.startedAt), line(one.operator)],
            ...[one.files.map((path) => line(path)).join('; '), line(one.verdict), String(one.bytes ?? ''), ''],
          ]),
        ]),
      };
  }
}
