/** Writes the checklists of an audit: one on stdout, or a file for each host. */
import { ToolError } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import { checklists } from '../report/cklb.js';
import type { AuditResult } from '../report/model.js';
import { type CliContext, printResult } from './context.js';

const place = '{host}';

/** Throws ToolError `usage` where `hosts` checklists have no file each. */
export function requireChecklistFiles({ flags }: CliContext, hosts: number): void {
  if (flags.output !== 'cklb' || hosts === 1 || flags.outputFile?.includes(place) === true) return;
  throw new ToolError('usage', `a checklist is for one host, and there are ${hosts}`, {
    hint: `add --output-file '${place}.cklb', or choose one host with --limit`,
  });
}

/** Throws ToolError `usage` for an audit that has no rules of a STIG. */
export async function writeChecklists(cli: CliContext, audit: AuditResult): Promise<void> {
  const { outputFile } = cli.flags;
  requireChecklistFiles(cli, audit.hosts.length);
  const all = checklists(audit);
  if (all.length === 0) throw withoutStig();
  for (const { host, text } of all) {
    if (outputFile?.includes(place) !== true) return printResult(cli, text);
    // The name may come from a file that somebody else wrote.
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(host))
      throw new ToolError('usage', `${oneLine(host)} cannot be part of the name of a file`);
    await printResult({ ...cli, flags: { ...cli.flags, outputFile: outputFile.replaceAll(place, host) } }, text);
  }
}

export const withoutStig = (): ToolError =>
  new ToolError('usage', '-o cklb needs rules of a STIG', { hint: 'add: -p stig' });
