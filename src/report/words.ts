/** Values and sources of findings as text that is safe to print. */
import type { Finding } from '../playbook/assess.js';
import { oneLine } from '../lib/sanitize.js';
import { redact } from '../lib/redact.js';
import type { Paint, Style } from './style.js';

/** One line of text from a node, without escape sequences or secrets; `max` in characters. */
export const line = (text: string, max = 300): string => oneLine(redact(oneLine(text, Infinity)), max);

/** A value as a playbook would write it; `-` if there is none. */
export function valueText({ got, source }: Pick<Finding, 'got' | 'source'>, max?: number): string {
  if (got === undefined) return '-';
  return line(source?.kind === 'stat' && typeof got === 'string' ? got : JSON.stringify(got), max);
}

/** `true, must be false`: the value found and the one wanted. */
export function requirementText(finding: Finding, max?: number): string {
  const want = line(finding.wantText, max);
  if (finding.got === undefined) return `wanted: ${want}`;
  return `${valueText(finding, max)}, ${finding.status === 'fail' ? 'must be' : 'wanted:'} ${want}`;
}

/**
 * The control ids of findings of one rule: `4.2.1 (cis-1.11, cis-1.12), V-242391`. The playbook's own benchmark leaves
 * out the others unless all are wanted.
 */
export function controlsText(findings: readonly Finding[], all: boolean): string {
  const ids = new Map<string, Set<string>>();
  for (const { playbook, references } of findings) {
    const own = all ? undefined : references.cis[playbook];
    const named = own === undefined ? Object.entries(references.cis) : [[playbook, own] as const];
    for (const [benchmark, id] of named) ids.set(id, (ids.get(id) ?? new Set()).add(benchmark));
  }
  const stig = new Set(findings.flatMap(({ references }) => references.stig));
  return [...[...ids].map(([id, names]) => `${line(id)} (${[...names].map((name) => line(name)).join(', ')})`), ...stig]
    .map((text) => line(text, Infinity))
    .join(', ');
}

/** `path:line (detail)`, `kubelet default (detail)` or `default (detail)`; empty if the source is unknown. */
export function sourceText(source: Finding['source'], max?: number): string {
  if (source === undefined) return '';
  // The detail of a default says whose default it is.
  if (source.kind === 'default' && source.detail?.startsWith('kubelet default') === true)
    return line(source.detail, max);
  const place =
    source.path === undefined ? source.kind : `${source.path}${source.line === undefined ? '' : `:${source.line}`}`;
  return line(source.detail === undefined ? place : `${place} (${source.detail})`, max);
}

/** Sort order: the highest severity first. */
export const severityOrder = { critical: 0, high: 1, medium: 2, low: 3 } as const;

/** The colour of a failing rule. */
export const severityPaint = (severity: Finding['severity'], { red, yellow }: Style): Paint =>
  severity === 'critical' || severity === 'high' ? red : yellow;
