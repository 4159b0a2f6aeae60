/** `kubelatch audit`: finds weak settings and where they come from, and what changed since a baseline; changes nothing. */
import { audit } from '../../pipeline/audit.js';
import { compareAudits } from '../../report/drift.js';
import { exitCodeOf } from '../../report/exit-code.js';
import { asShard } from '../../report/merge-shards.js';
import type { AuditResult } from '../../report/model.js';
import { readBaseline } from '../baseline.js';
import { nextCommand } from '../../lib/next-command.js';
import { requireChecklistFiles, withoutStig } from '../checklists.js';
import { type CliContext, loadHosts, loadPlaybooks, withRun } from '../context.js';
import { writeOut } from '../write-out.js';

export async function auditVerb(cli: CliContext): Promise<number> {
  const { flags } = cli;
  const loaded = { ...(await loadHosts(cli)), playbooks: await loadPlaybooks(cli) };
  const { inventory, playbooks } = loaded;
  requireChecklistFiles(cli, loaded.hosts.length);
  const isStig = playbooks.some(({ rules }) => rules.some(({ references }) => references.stig.length > 0));
  if (flags.output === 'cklb' && !isStig) throw withoutStig();
  const about = { cluster: inventory.cluster.name, playbooks };
  const baseline = flags.baseline === undefined ? undefined : await readBaseline(flags.baseline, about);
  cli.progress.phase('Reading', loaded.hosts.length);
  const whole = await withRun(cli, loaded, audit);
  const audited = loaded.shard === undefined ? whole : asShard(whole, loaded.shard);
  const known = new Set(inventory.hosts.map(({ name }) => name));
  const result: AuditResult =
    baseline === undefined
      ? audited
      : { ...audited, drift: compareAudits(baseline, flags.baseline ?? '', audited, known) };
  const next = nextCommand('plan');
  await writeOut({ ...cli, text: { ...cli.text, groupBy: flags.by, next } }, result);
  return exitCodeOf(result, flags);
}
