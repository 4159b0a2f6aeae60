/** Which writer serves which -o value; format-table.ts says which fit which result. */
import { ToolError } from '../lib/errors.js';
import { type SafeText, joinSafe, safeJson, safeJsonPieces, safeText } from '../lib/output.js';
import { auditText } from './audit-text.js';
import { backupsText } from './backups-text.js';
import { csrText } from './csr-text.js';
import { auditTree, documentOf, plannedTree } from './document.js';
import { checklists } from './cklb.js';
import { csvText } from './csv.js';
import { type Format, formatsFor, isData, isSectioned } from './format-table.js';
import { type PageResult, htmlPage } from './html/html.js';
import { checkText, inventoryText } from './inventory-text.js';
import { type JunitResult, junit } from './junit.js';
import type { TextOptions } from './layout.js';
import { markdown } from './markdown.js';
import type { AuditResult, Result } from './model.js';
import { hostLines, resultLines } from './ndjson.js';
import { netpolText } from './netpol-text.js';
import { persistText } from './persist-text.js';
import { oscal } from './oscal.js';
import { openMetrics } from './openmetrics.js';
import { planText } from './plan-text.js';
import { ruleText } from './rule-text.js';
import { rulesText } from './rules-text.js';
import { runText } from './run-text.js';
import { sarif } from './sarif.js';
import { type SheetResult, sheetOf } from './sheet.js';
import { recordText, runsText } from './runs-text.js';
import { uninstallText } from './uninstall-text.js';
import type { VerifyResult } from './verify-model.js';
import { verifyText } from './verify-text.js';

export { type Format, isData };

export interface FormatOptions {
  /** For texts that a person reads. */
  readonly text: TextOptions;
  /** Now; ISO 8601, UTC. */
  readonly time: string;
}

type Writer = (result: Result, options: FormatOptions) => SafeText;

/** Each gets the kinds of results that the table of formats names for it. */
const writers: Readonly<Record<Format, Writer>> = {
  table: (result, { text }) => safeText(screenText(result, text)),
  wide: (result, { text }) => safeText(screenText(result, { ...text, wide: true })),
  json: (result) => safeJson(documentOf(result), 2),
  ndjson: (result, { time }) => resultLines(result, time),
  csv: (result) => csvText(sheetOf(result as SheetResult)),
  markdown: (result) => markdown(result as SheetResult),
  html: (result) => htmlPage([result as PageResult]),
  junit: (result) => junit(result as JunitResult),
  sarif: (result) => sarif(result as AuditResult | VerifyResult),
  oscal: (result, { time }) => oscal(result as AuditResult, time),
  // One for each host, which is for the command line to part.
  cklb: (result) => joinSafe(checklists(result as AuditResult).map(({ text }) => text)),
  openmetrics: (result) => safeText(openMetrics(result as AuditResult)),
};

/** Ends with a line feed, but where there is nothing to say. Throws RangeError for a format that does not fit the result. */
export function formatted(format: Format, result: Result, options: FormatOptions): SafeText {
  if (!formatsFor(result.kind).includes(format)) throw new RangeError(`${format} is not for ${result.kind}`);
  return writers[format](result, options);
}

/** The same text in pieces, so that what grows with the fleet need not be in memory at once. */
export function formattedPieces(format: Format, result: Result, options: FormatOptions): Iterable<SafeText> {
  if (result.kind === 'audit' || result.kind === 'plan') {
    if (format === 'ndjson') return hostLines(result, hostDocuments(result), options.time);
    if (format === 'json') return safeJsonPieces(documentOf({ ...result, hosts: [] }), 'hosts', hostDocuments(result));
  }
  return [formatted(format, result, options)];
}

function* hostDocuments(result: Extract<Result, { kind: 'audit' | 'plan' }>): Generator<object> {
  if (result.kind === 'audit') for (const host of result.hosts) yield auditTree(host);
  else for (const host of result.hosts) yield plannedTree(host);
}

/** Several results in one document. Throws ToolError `usage` for a format that does not fit them. */
export function formattedReport(format: Format, results: readonly Result[], options: FormatOptions): SafeText {
  const kinds = results.map(({ kind }) => kind);
  const fitting = formatsFor(...kinds).filter((one) => results.length < 2 || isSectioned(one));
  if (!fitting.includes(format)) {
    const what = kinds.length < 2 ? `a result of ${kinds.join('')}` : `results of ${kinds.join(' and ')} together`;
    throw new ToolError('usage', `-o ${format} does not fit ${what}`, {
      hint: fitting.length === 0 ? 'make a report for each' : `choose one of: ${fitting.join(', ')}`,
    });
  }
  if (format === 'html') return htmlPage(results as readonly PageResult[]);
  return joinSafe(
    results.map((one) => formatted(format, one, options)),
    '\n',
  );
}

function screenText(result: Result, options: TextOptions): string {
  switch (result.kind) {
    case 'audit':
      return auditText(result, options);
    case 'verify':
      return verifyText(result, options);
    case 'plan':
      return planText(result, options);
    case 'apply':
    case 'rollback':
      return runText(result, options);
    case 'resume':
      return result.run === undefined ? '' : runText(result, options);
    case 'uninstall':
      return uninstallText(result, options);
    case 'inventory':
      return inventoryText(result.hosts, options);
    case 'inventory-check':
      return checkText(result.hosts, result.apiServer, options);
    case 'runs':
      return result.runs.length === 0 ? '' : runsText(result.runs, options);
    case 'run':
      return recordText(result.run, options);
    case 'backups':
      return backupsText(result.hosts, options);
    case 'csr-list':
    case 'csr-approve':
    case 'csr-watch':
      return csrText(result, options);
    case 'netpol':
      return netpolText(result, options);
    case 'persist':
      return persistText(result, options);
    case 'rule':
      return ruleText(result, options);
    case 'rules':
      return rulesText(result, options);
  }
}
