/** Reads the earlier audit that `audit --baseline` compares with; refuses one that cannot be compared. */
import { readFile } from 'node:fs/promises';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import type { Playbook } from '../playbook/schema.js';
import type { AuditResult } from '../report/model.js';
import { readResult } from '../report/read-result.js';
import { nextCommand } from '../lib/next-command.js';

interface Compared {
  readonly cluster: string;
  readonly playbooks: readonly Playbook[];
}

/** Throws ToolError `usage` for a file that is not an audit, or is an audit of another cluster or of other playbooks. */
export async function readBaseline(path: string, { cluster, playbooks }: Compared): Promise<AuditResult> {
  const place = `--baseline ${oneLine(path)}`;
  const refuse = (message: string, hint: string, cause?: unknown): ToolError =>
    new ToolError('usage', `${place}: ${message}`, { hint, cause });
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw refuse(
      fileErrorOf(error),
      `make one with: ${nextCommand('audit', '-o', 'json', '--output-file', 'FILE')}`,
      error,
    );
  });
  const read = readResult(text, place);
  if (read.kind !== 'audit')
    throw refuse(`is a result of ${read.kind}, not of audit`, `make one with: ${nextCommand('audit', '-o', 'json')}`);
  if (read.cluster !== cluster) {
    const message = `is of the cluster ${oneLine(read.cluster, 80)}, and the inventory is of ${oneLine(cluster, 80)}`;
    throw refuse(message, 'give the baseline of this cluster');
  }
  if (!isJudgedBy(read.playbooks, playbooks)) {
    const names = playbooks.map(({ name }) => name);
    const message = `was judged by ${namesOf(read.playbooks)}, and this audit is by ${namesOf(names)}`;
    throw refuse(message, `give the same playbooks: -p ${namesOf(read.playbooks)}`);
  }
  return read;
}

/** In any order. Of a family, what it was for the nodes of that time is as good as what it is today. */
function isJudgedBy(names: readonly string[], playbooks: readonly Playbook[]): boolean {
  const ofFamily = new Set(
    playbooks.flatMap(({ name, family, byFamily }) => (byFamily === true ? [name, family ?? name] : [])),
  );
  const fixed = playbooks.flatMap(({ name }) => (ofFamily.has(name) ? [] : [name]));
  const others = names.filter((name) => !ofFamily.has(name));
  return namesOf(others) === namesOf(fixed) && (ofFamily.size === 0 || others.length < names.length);
}

const namesOf = (playbooks: readonly string[]): string =>
  [...new Set(playbooks)]
    .sort()
    .map((name) => oneLine(name, 80))
    .join(',');
