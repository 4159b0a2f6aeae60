/** Pending edits of others that a restart would put into effect. The plan is refused unless the user accepts them. Pure. */
import { type PendingChange, type PendingEdit, changesText, pendingEdits } from '../facts/pending-edits.js';
import { sameSetting } from '../facts/same-setting.js';
import type { NodeView } from '../playbook/assess.js';
import type { PlanRefusal } from './host-plan.js';
import type { Draft, ExpectedSetting } from './planned-rules.js';

/** Edits that change more than the plan expects and the gate checks, or whose effect is unknown. */
export function unprovenEdits(view: NodeView, draft: Draft, expect: readonly ExpectedSetting[]): PendingEdit[] {
  const next = { ...view.setup, sources: draft.setup.sources };
  const isPromised = (change: PendingChange): boolean =>
    expect.some(({ setting, value }) => setting === change.setting && sameSetting(value, change.next));
  return pendingEdits(view.facts, next, view.configz).flatMap((edit) => {
    // The plan's own changes of the same file are among them.
    const changes = edit.changes?.filter((change) => !isPromised(change));
    return changes?.length === 0 && (edit.unverifiable ?? []).length === 0 ? [] : [{ ...edit, changes }];
  });
}

const placeOf = ({ path, line }: PendingEdit): string => (line === undefined ? path : `${path}:${line}`);
const textOf = (edit: PendingEdit, showValues: boolean): string =>
  `${placeOf(edit)} ${edit.what}: ${changesText(edit, showValues)}`;

/** Shows the first edit and counts the others, to keep it to one line. */
export function pendingRefusal(
  [edit, ...others]: readonly [PendingEdit, ...PendingEdit[]],
  showValues = false,
): PlanRefusal {
  const more = others.length === 0 ? '' : ` (and ${others.length} more: ${others.map(placeOf).slice(0, 3).join(', ')})`;
  const isStopped = edit.inferred === true && edit.changes === undefined;
  const first = isStopped ? `start it yourself (systemctl start ${edit.path})` : 'restart the kubelet yourself';
  return {
    reason: `${textOf(edit, showValues)}${more}`,
    hint: `check the edit and ${first}, or run this command again with --accept-pending-edits`,
  };
}

/** The old files also contain the edit, so reverting would not remove it. */
export const pendingWarning = (edit: PendingEdit, showValues = false): string =>
  `${textOf(edit, showValues)}. This plan did not make that edit and cannot revert it: if the kubelet does not start with it, fix the file by hand`;
