/** Values, places and states of the model in words that are safe to print. */
import type { Finding } from '../playbook/assess.js';
import { oneLine } from '../lib/sanitize.js';
import { redact } from '../lib/redact.js';

/** One line from a node: no escape sequences, no secrets. */
export const line = (text: string, max = 300): string => oneLine(redact(oneLine(text, Infinity)), max);

/** A value as the playbook would write it; `-` where there is none. */
export function valueText({ got, source }: Pick<Finding, 'got' | 'source'>): string {
  if (got === undefined) return '-';
  return line(source?.kind === 'stat' && typeof got === 'string' ? got : JSON.stringify(got));
}

/** `path:line (detail)`, `default (detail)`; empty where no place is known. */
export function sourceText(source: Finding['source']): string {
  if (source === undefined) return '';
  const place =
    source.path === undefined ? source.kind : `${source.path}${source.line === undefined ? '' : `:${source.line}`}`;
  return line(source.detail === undefined ? place : `${place} (${source.detail})`);
}

export const severityOrder = { critical: 0, high: 1, medium: 2, low: 3 } as const;
