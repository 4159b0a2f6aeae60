/** `kubelatch resume` of a run that was paused: goes on with the hosts that were not started, in waves as the run itself. */
import { ToolError } from '../../lib/errors.js';
import { nextCommand } from '../../lib/next-command.js';
import { apply } from '../../pipeline/apply.js';
import { firstChangeTime } from '../../pipeline/host-tasks.js';
import { changingPlans } from '../../pipeline/judge.js';
import { rollback } from '../../pipeline/rollback.js';
import type { Approve } from '../../pipeline/context.js';
import { dangersOf } from '../../pipeline/dangers.js';
import { refuseOther } from '../../pipeline/remains.js';
import { longestRevert } from '../../plan/rollout-time.js';
import { builtinNames } from '../../playbook/builtin.js';
import { loadPlaybooks } from '../../playbook/load.js';
import { onlyRules } from '../../playbook/only-rules.js';
import type { Playbook } from '../../playbook/schema.js';
import { count } from '../../report/layout.js';
import { planText } from '../../report/plan-text.js';
import type { RunResult } from '../../report/model.js';
import { type RunRecord, isBegun, isOpen } from '../../run/record.js';
import { askToChange } from '../consent.js';
import { type CliContext, type loadHosts, withPace, withRun } from '../context.js';
import { revertAllowance } from '../shutdown.js';

type Loaded = Awaited<ReturnType<typeof loadHosts>>;

/** Nothing of it is undecided on the selected hosts, which come first. */
export function canGoOn({ paused, endedAt, kind, hosts }: RunRecord, selected: Loaded['hosts']): boolean {
  const isUndecided = hosts.some(
    (one) => isOpen(one) && isBegun(one) && selected.some(({ name }) => name === one.host),
  );
  return paused !== undefined && endedAt === undefined && kind !== 'uninstall' && !isUndecided;
}

/** `undefined`: the person said no. */
export async function goOn(cli: CliContext, record: RunRecord, loaded: Loaded): Promise<RunResult | undefined> {
  const left = loaded.hosts.filter(({ name }) => record.paused?.includes(name));
  const { flags } = cli;
  refuseOther(record, loaded);
  const isApply = record.kind === 'apply';
  const only = isApply ? rulesOf(flags.rule, record) : undefined;
  const playbooks = isApply ? await playbooksOf(cli, record) : [];
  const judgedBy = only === undefined ? playbooks : onlyRules(playbooks, only);
  const here = { ...loaded, hosts: left, playbooks: judgedBy, onlyRules: only };
  cli.progress.phase('Reading', left.length);
  const approve: Approve = async (planned, withoutCluster, hosts) => {
    const pace = withPace(cli.errText, cli, loaded.inventory.hosts);
    const agreed = await askToChange(cli, loaded, {
      text: planned === undefined ? undefined : planText(planned, pace),
      question: `Go on with run ${record.run} on ${count(hosts.length, 'host')} now?`,
      hosts,
      dangers: planned && dangersOf(planned, planned.waves, withoutCluster),
      withoutCluster,
      needs: isApply ? firstChangeTime(changingPlans(planned?.hosts ?? []), flags) : longestRevert(flags.deadline),
      agreed: flags.yes,
    });
    if (agreed) cli.shutdown.changesStarted({ revertWithin: isApply ? flags.deadline : revertAllowance });
    return agreed;
  };
  const result = await withRun(cli, here, (run) =>
    isApply ? apply(run, flags, undefined, approve, record) : rollback(run, record.of, flags, approve, record),
  );
  const order = loaded.inventory.hosts.map(({ name }) => name);
  const hosts = result?.hosts.toSorted((one, other) => order.indexOf(one.host) - order.indexOf(other.host));
  return result && { ...result, hosts: hosts ?? [] };
}

/** Those of the run itself. Throws ToolError `usage` where they are files, or where others are named. */
async function playbooksOf({ flags }: CliContext, { run, playbooks: names = [] }: RunRecord): Promise<Playbook[]> {
  const builtIn = await builtinNames();
  const files = names.filter((name) => !builtIn.includes(name));
  if (flags.playbook === undefined && (names.length === 0 || files.length > 0)) {
    const what = files.length > 0 ? `used ${files.join(', ')}, which is not built in` : 'does not say its playbooks';
    throw new ToolError('usage', `run ${run} ${what}`, {
      hint: `name its playbooks again: ${nextCommand('resume', run, '-p', 'FILE')}`,
    });
  }
  const loaded = await loadPlaybooks(flags.playbook ?? names);
  const other = loaded.find(({ name, byFamily }) => byFamily !== true && names.length > 0 && !names.includes(name));
  if (other === undefined) return loaded;
  throw new ToolError('usage', `run ${run} used ${names.join(', ')}, and not ${other.name}`, {
    hint: `leave out -p, or begin a new run: ${nextCommand('apply')}`,
  });
}

/** Those of the run itself, or fewer: a run never grows when it goes on. Throws ToolError `usage` where others are named. */
function rulesOf(
  wanted: readonly string[] | undefined,
  { run, onlyRules: of }: RunRecord,
): readonly string[] | undefined {
  const other = of && wanted?.find((id) => !of.includes(id));
  if (other === undefined) return wanted ?? of;
  throw new ToolError('usage', `run ${run} used only the rules ${of?.join(', ') ?? ''}, and not ${other}`, {
    hint: `leave out --rule, or begin a new run: ${nextCommand('apply')}`,
  });
}
