/** persist: keeps the settings of the playbooks through upgrades and joins, in the place that was chosen. Touches no node. */
import type { Cluster } from '../cluster/cluster.js';
import type { RunLease } from '../cluster/run-lease.js';
import { isoTime } from '../lib/clock.js';
import { settingsOnTop } from '../persistence/edit-shared.js';
import { judgeShared, minorOf, sharedRules } from '../persistence/judge-shared.js';
import type { PersistChange, PersistPlace, PersistResult } from '../report/persist-model.js';
import { withLockOf } from '../run/open.js';
import type { Run } from './context.js';
import { type ConfigMapEdit, editConfigMap, shownEdit, writeEdit } from './persist-config-map.js';
import { baseOf, notesOf } from './results.js';
import { type SharedGroup, readShared, sharedGroups } from './shared-sources.js';
import { survey } from './survey.js';
import { withCluster } from './with-cluster.js';
import { nextCommand } from '../lib/next-command.js';

/** Shown what would be written to the cluster; false ends the run with nothing changed. */
export type ApprovePersist = (draft: PersistResult) => Promise<boolean>;

/** `to` undefined: compares the places. Files of `patches` come back as text; the caller writes them. */
export async function persist(
  run: Run,
  to: PersistPlace | undefined,
  approve: ApprovePersist,
): Promise<PersistResult | undefined> {
  const startedAt = isoTime();
  return withCluster(run, async (cluster, missing) => {
    const goal = { playbooks: run.playbooks, plan: undefined };
    const surveyed = await survey(run.hosts, () => goal, { ...run, cluster });
    const hosts = surveyed.map(({ result }) => (result.ok ? result.value.draft.host : result.error));
    const groups = sharedGroups(hosts);
    const notJudged = hosts.filter(({ status }) => status !== 'judged').map(({ host }) => host);
    const result = (changes: readonly PersistChange[]): PersistResult => ({
      ...baseOf(run, startedAt, hosts),
      ...{ kind: 'persist', to, changes, notJudged },
      commands: changes.some(isWorthCommands) ? commandsFor(groups[0], to) : [],
      places: (groups[0]?.about.places ?? []).filter((place) => to === undefined || place.to === to),
      warnings: warningsOf(changes),
      notes: [...notesOf(run, missing), ...(groups.length === 0 ? [noGroup] : [])],
    });
    if (to === 'patches' || to === 'drop-in') {
      return result(await Promise.all(groups.map((group) => onTop(group, to, run, cluster))));
    }
    const edits = await Promise.all(groups.map((group) => editConfigMap(group, run, cluster, missing)));
    const drafts = edits.map(({ change }) => change);
    if (to === undefined || !drafts.some(({ outcome }) => outcome === 'pending')) return result(drafts);
    if (!(await approve(result(drafts)))) return undefined;
    return result(await withLockOf(run, cluster, 'persist', (lease) => writeAll(edits, cluster, lease)));
  });
}

const noGroup =
  'None of the hosts that were read gets its configuration from the cluster, so upgrades bring back nothing.';

/** One after the other: what fails stops the ones behind it. */
async function writeAll(
  edits: readonly ConfigMapEdit[],
  cluster: Cluster | undefined,
  lease: RunLease | undefined,
): Promise<PersistChange[]> {
  const done: PersistChange[] = [];
  for (const edit of edits) {
    const failed = done.some(({ outcome }) => outcome === 'failed');
    done.push(failed || cluster === undefined ? edit.change : await writeUnlessLost(edit, cluster, lease));
  }
  return done;
}

function writeUnlessLost(edit: ConfigMapEdit, cluster: Cluster, lease: RunLease | undefined): Promise<PersistChange> {
  const lost = lease?.problem()?.reason;
  if (lost === undefined || edit.draft === undefined) return writeEdit(edit, cluster);
  const hint = 'it was not written; run the command again';
  return Promise.resolve({ ...edit.change, outcome: 'failed', reason: lost, hint });
}

const isWorthCommands = ({ outcome }: PersistChange): boolean => outcome === 'shown' || outcome === 'written';

function commandsFor(group: SharedGroup | undefined, to: PersistPlace | undefined): readonly string[] {
  if (group === undefined || to === undefined) return [];
  if (to === 'configmap') return group.about.refresh;
  return to === 'patches' ? group.about.patches.commands : group.about.dropIn.commands;
}

/** A patch or a drop-in. What the ConfigMap says counts where it can be read; without it the playbooks alone do. */
async function onTop(
  group: SharedGroup,
  to: 'patches' | 'drop-in',
  { playbooks }: Run,
  cluster: Cluster | undefined,
): Promise<PersistChange> {
  const { about, kubelets } = group;
  const { since } = to === 'patches' ? about.patches : about.dropIn;
  const target = to === 'patches' ? about.patches.fileName : about.dropIn.path;
  const minors = group.hosts.map(({ kubeletVersion }) => minorOf(kubeletVersion));
  const old = minors.find((minor) => minor === undefined || minor < since);
  if (minors.includes(undefined) || old !== undefined) {
    const reason = `it needs Kubernetes 1.${since} or newer, and ${old === undefined ? 'the version of a kubelet is unknown' : `a kubelet is 1.${old}`}`;
    const hint = `use: ${nextCommand('persist', '--to', 'configmap')}`;
    return { target, outcome: 'refused', reason, hint, settings: [], leftOut: [], diff: '' };
  }
  const rules = sharedRules(playbooks, kubelets);
  const read = cluster === undefined ? undefined : await readShared(group, cluster);
  const text = read?.ok === true ? read.value.data.get(about.key) : undefined;
  const judged = text === undefined ? undefined : judgeShared(text, about, kubelets, rules);
  const made = settingsOnTop(rules, judged?.ok === true ? judged.value : []);
  if (!made.ok)
    return { target, outcome: 'refused', reason: made.error, hint: fixPlaybook, settings: [], leftOut: [], diff: '' };
  const { set, leftOut, text: whole } = made.value;
  return { target, outcome: 'shown', ...shownEdit(set, leftOut), diff: '', text: whole };
}

const fixPlaybook = 'fix the rule’s value in the playbook';

/** Serving certificates are requested by every node that joins from then on. */
const warningsOf = (changes: readonly PersistChange[]): string[] =>
  changes.some(({ settings }) =>
    settings.some(({ setting, value }) => setting === 'serverTLSBootstrap' && value === true),
  )
    ? [
        'serverTLSBootstrap reaches every node that joins from now on. Until its serving certificate is approved, logs, exec and metrics of such a node fail, and again at each renewal. Install an approver first.',
      ]
    : [];
