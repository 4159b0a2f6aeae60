/** The edit of one ConfigMap: made and checked by the API server, then written unless somebody changed it meanwhile. */
import type { Cluster } from '../cluster/cluster.js';
import { type ConfigMap, otherChange, writeConfigMap } from '../cluster/config-map.js';
import type { ClusterError } from '../cluster/gateway.js';
import { type LeftOut, type WrittenSetting, editShared } from '../persistence/edit-shared.js';
import { sharedRules } from '../persistence/judge-shared.js';
import { objectOf } from '../persistence/shared-findings.js';
import { diffAsShown } from '../plan/diff-as-shown.js';
import type { PersistChange } from '../report/persist-model.js';
import type { Run } from './context.js';
import { type SharedGroup, readShared } from './shared-sources.js';

export interface ConfigMapEdit {
  readonly group: SharedGroup;
  readonly change: PersistChange;
  /** With `change.outcome` pending: what to write. */
  readonly draft?: { readonly read: ConfigMap; readonly text: string } | undefined;
}

const nothing = { settings: [], leftOut: [], diff: '' } as const;

/** Reads it, edits its text and has the API server check the request; stores nothing. */
export async function editConfigMap(
  group: SharedGroup,
  { playbooks, showValues }: Run,
  cluster: Cluster | undefined,
  missing: string | undefined,
): Promise<ConfigMapEdit> {
  const { about, name, kubelets } = group;
  const target = objectOf(about, name);
  const refused = (reason: string, hint: string): ConfigMapEdit => ({
    group,
    change: { target, outcome: 'refused', reason, hint, ...nothing },
  });
  if (cluster === undefined)
    return refused(
      `the API server was not asked: ${missing ?? ''}`,
      'give --kubeconfig, or add cluster to the inventory',
    );
  const read = await readShared(group, cluster);
  if (!read.ok) return refused(...unreadable(read.error, about.writers));
  const before = read.value.data.get(about.key);
  const byHand = `look at it: kubectl -n ${about.namespace} get configmap ${name} -o yaml`;
  if (before === undefined) return refused(`it has no text in data.${about.key}`, byHand);
  const edited = editShared(before, about, kubelets, sharedRules(playbooks, kubelets));
  if (!edited.ok) return refused(`data.${about.key}: ${edited.error}`, byHand);
  const { text, set } = edited.value;
  const { settings, leftOut } = shownEdit(set, edited.value.leftOut);
  if (text === before) return { group, change: { target, outcome: 'unchanged', settings, leftOut, diff: '' } };
  const tried = await writeConfigMap(cluster.api, read.value, { key: about.key, text, dryRun: true });
  if (!tried.ok) return refused(...unwritable(tried.error, 'nothing was changed'));
  const foreign = foreignChange(read.value, tried.value, about.key, text);
  if (foreign !== undefined) return refused(foreign, 'nothing was changed; look for a mutating admission webhook');
  const diff = diffAsShown(`${about.namespace}/${name}.yaml`, before, text, showValues);
  return { group, change: { target, outcome: 'pending', settings, leftOut, diff }, draft: { read: read.value, text } };
}

/** What is written and what is not, as a result tells it. */
export const shownEdit = (
  set: readonly WrittenSetting[],
  leftOut: readonly LeftOut[],
): Pick<PersistChange, 'settings' | 'leftOut'> => ({
  settings: set.map(({ rule, value }) => ({ rule: rule.id, setting: rule.setting, value })),
  leftOut: leftOut.map(({ rule, reason }) => ({ rule: rule.id, setting: rule.setting, reason })),
});

/** Writes it, and reads it back. */
export async function writeEdit({ group, change, draft }: ConfigMapEdit, cluster: Cluster): Promise<PersistChange> {
  if (draft === undefined) return change;
  const { key } = group.about;
  const failed = (reason: string, hint: string): PersistChange => ({ ...change, outcome: 'failed', reason, hint });
  const written = await writeConfigMap(cluster.api, draft.read, { key, text: draft.text, dryRun: false });
  if (!written.ok && written.error.kind !== 'unreachable')
    return failed(...unwritable(written.error, 'it was not written'));
  // Without an answer it may have been written, so read it again.
  const now = await readShared(group, cluster);
  if (!now.ok) return failed(`whether it was written is unknown: ${now.error.message}`, 'run the command again');
  if (now.value.data.get(key) === draft.text) {
    const foreign = otherChange(draft.read, now.value, key);
    return foreign === undefined ? { ...change, outcome: 'written' } : failed(`its ${foreign} changed, too`, lookAgain);
  }
  const why = written.ok
    ? 'another text stands there after it was written'
    : `it was not written: ${written.error.message}`;
  return failed(why, lookAgain);
}

const lookAgain = 'find out who else writes this ConfigMap, then run the command again';

const foreignChange = (before: ConfigMap, after: ConfigMap, key: string, text: string): string | undefined => {
  if (after.data.get(key) !== text) return `the API server would store another text in data.${key}`;
  const other = otherChange(before, after, key);
  return other === undefined ? undefined : `the API server would change its ${other}, too`;
};

const unreadable = ({ status, message }: ClusterError, writers: string): [reason: string, hint: string] =>
  status === 404
    ? [`there is no such ConfigMap, so ${writers} cannot read it`, 'use --to patches or --to drop-in']
    : [`it could not be read: ${message}`, 'the kubeconfig needs get and update on configmaps in its namespace'];

function unwritable({ status, message }: ClusterError, what: string): [reason: string, hint: string] {
  if (status === 409) return ['somebody changed it after it was read', `${what}; run the command again`];
  return [`the API server refuses the change: ${message}`, `${what}; the kubeconfig needs update on configmaps there`];
}
